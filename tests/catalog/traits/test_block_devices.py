import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.block_devices import BlockDevice, BlockDevicesTraits, Partition, collect_block_devices
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

ABSENT = {"model": "", "serial": "", "mapper": "", "content": "", "label": "", "uuid": ""}


def device(name: str, sectors: int, **told: str) -> dict[str, str | bytes | FakeNode]:
    """Return the files of a device; two underscores stand for a slash."""
    folder = f"/sys/block/{name}"
    files: dict[str, str | bytes | FakeNode] = {
        f"{folder}/size": f"{sectors}\n",
        f"{folder}/slaves": FakeNode.directory(),
    }
    return files | {f"{folder}/{key.replace('__', '/')}": f"{value}\n" for key, value in told.items()}


def expected(**fields: object) -> BlockDevice:
    flags = dict.fromkeys(("read_only", "removable", "rotational"), False)
    return BlockDevice(**{**ABSENT, **flags, "stands_on": (), "partitions": {}, **fields})  # type: ignore[arg-type]


def collected(host: FakeHost) -> BlockDevicesTraits:
    found = collect_block_devices.collect(host)
    assert isinstance(found, BlockDevicesTraits)
    return found


def test_a_disk_of_debian_has_its_partitions_and_what_udev_found_on_them() -> None:
    files: Files = {
        **device("sda", 2_000_000, ro="0", removable="0", queue__rotational="1", device__model="ST1000  ", dev="8:0"),
        "/sys/block/sda/sda1/partition": "1\n",
        "/sys/block/sda/sda1/size": "1000\n",
        "/sys/block/sda/sda1/dev": "8:1\n",
        "/run/udev/data/b8:0": "E:ID_SERIAL_SHORT=Z1\nE:ID_PART_TABLE_TYPE=gpt\n",
        "/run/udev/data/b8:1": "E:ID_FS_TYPE=ext4\nE:ID_FS_LABEL=my_disk\n"
        "E:ID_FS_LABEL_ENC=my\\x20disk\nE:ID_FS_UUID=1-2\n",
        **device("sr0", 0, removable="1"),
        **device("loop0", 0),
        **device("ram0", 8),
    }
    assert collected(debian(files)) == BlockDevicesTraits(
        devices={
            "sda": expected(
                kind="disk",
                size_bytes=1_024_000_000,
                rotational=True,
                model="ST1000",
                serial="Z1",
                partitions={"sda1": Partition(size_bytes=512_000, content="ext4", label="my disk", uuid="1-2")},
            )
        },
        count=1,
    )


def test_volumes_of_red_hat_say_what_they_stand_on() -> None:
    files: Files = {
        **device("nvme0n1", 100, device__model="Fast", device__serial="S1", hidden="0"),
        **device("nvme0c0n1", 100, hidden="1"),
        **device("dm-0", 50, dm__uuid="LVM-abc", dm__name="rl-root", dev="253:0"),
        **device("dm-1", 50, dm__uuid="CRYPT-LUKS2-abc", dm__name="luks"),
        **device("dm-2", 50, dm__uuid="mpath-36", dm__name="mpatha"),
        **device("dm-3", 50, dm__name="own"),
        **device("md127", 50),
        **device("sr0", 50, removable="1", ro="1", device__type="5"),
        "/sys/block/dm-0/slaves/nvme0n1p2": FakeNode.symlink("../x"),
        "/sys/block/dm-0/slaves/nvme0n1p1": FakeNode.symlink("../x"),
        "/run/udev/data/b253:0": "E:ID_FS_TYPE=xfs\n",
    }
    found = collected(redhat(files)).devices
    assert {name: one.kind for name, one in found.items()} == {
        "nvme0n1": "disk",
        "dm-0": "lvm",
        "dm-1": "crypt",
        "dm-2": "mpath",
        "dm-3": "dm",
        "md127": "raid",
        "sr0": "rom",
    }
    assert found["dm-0"] == expected(
        kind="lvm", size_bytes=25_600, mapper="rl-root", stands_on=("nvme0n1p1", "nvme0n1p2"), content="xfs"
    )
    assert (found["nvme0n1"].model, found["nvme0n1"].serial) == ("Fast", "S1")
    assert found["sr0"].removable
    assert found["sr0"].read_only


def test_without_udev_alpine_tells_the_devices_alone() -> None:
    files: Files = {**device("vda", 100, serial="v1", dev="254:0"), **device("zram0", 10), **device("loop1", 10)}
    found = collected(alpine(files)).devices
    assert {name: one.kind for name, one in found.items()} == {"vda": "disk", "zram0": "zram", "loop1": "loop"}
    assert found["vda"] == expected(kind="disk", size_bytes=51_200, serial="v1")


def test_images_of_snaps_are_left_out() -> None:
    files: Files = {
        **device("loop0", 100, loop__backing_file="/var/lib/snapd/snaps/core.snap"),
        **device("loop1", 100, loop__backing_file="/srv/disk.img"),
    }
    assert set(collected(debian(files)).devices) == {"loop1"}


def test_of_many_the_first_are_told_and_all_are_counted() -> None:
    files: dict[str, str | bytes | FakeNode] = {}
    for number in range(120):
        files |= device(f"sd{number:03}", 1)
    for number in range(80):
        files[f"/sys/block/sd000/sd000{number:02}/partition"] = "1\n"
    found = collected(debian(files))
    assert (len(found.devices), found.count, len(found.devices["sd000"].partitions)) == (100, 120, 64)


@pytest.mark.parametrize("host", [FakeHost(), debian()])
def test_a_host_without_devices_has_none(host: FakeHost) -> None:
    assert collected(host) == BlockDevicesTraits(devices={}, count=0)


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_block_devices.collect(debian({**device("sda", 1), **unreadable("/sys/block/sda/ro")}))


def test_an_image_has_no_devices() -> None:
    with pytest.raises(UnavailableError, match="an image has no devices"):
        collect_block_devices.collect(image(KERNEL))
