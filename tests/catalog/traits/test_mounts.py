import pytest

from tests.catalog.traits.hosts import KERNEL, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.mounts import Mount, MountsTraits, collect_mounts
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost


def collected(host: FakeHost) -> MountsTraits:
    found = collect_mounts.collect(host)
    assert isinstance(found, MountsTraits)
    return found


def test_what_debian_mounts_is_told_with_its_options_and_whether_the_boot_does_it() -> None:
    found = collected(debian({"/etc/fstab": "UUID=1 / ext4 errors=remount-ro 0 1\nUUID=2 /srv/a\\040b xfs ro 0 0\n"}))
    assert found == MountsTraits(
        mounted={
            "/": Mount(device="/dev/vda1", type="ext4", options=("rw", "relatime"), at_boot=True),
            "/run": Mount(device="tmpfs", type="tmpfs", options=("rw",), at_boot=False),
            "/srv/a b": Mount(device="/dev/vdb", type="xfs", options=("ro",), at_boot=True),
        },
        count=3,
        missing=(),
    )


def test_what_the_boot_of_red_hat_should_have_mounted_is_missing() -> None:
    fstab = (
        "/dev/mapper/rl-root / xfs defaults 0 0\nUUID=A-B /boot/efi vfat umask=0077 0 2\n"
        "/dev/mapper/rl-swap none swap defaults 0 0\nnas:/home /home nfs x-systemd.automount 0 0\n"
        "/dev/sr0 /mnt iso9660 noauto\n"
    )
    assert collected(redhat({"/etc/fstab": fstab})).missing == ("/boot/efi",)


def test_containers_and_log_ins_of_alpine_bring_mounts_that_are_not_told() -> None:
    mounts = (
        "/dev/sda3 / ext4 rw 0 0\noverlay /var/lib/docker/overlay2/x/merged overlay rw,lowerdir=/l/A 0 0\n"
        "tmpfs /run/user/1000 tmpfs rw 0 0\nnsfs /run/netns/x nsfs rw 0 0\n"
        "overlay /srv overlay rw,lowerdir=/a:/b,upperdir=/c,workdir=/d,index=off 0 0\n"
    )
    found = collected(alpine({"/proc/mounts": mounts}))
    assert set(found.mounted) == {"/", "/srv"}
    assert found.count == 2
    assert found.mounted["/srv"].options == ("rw", "index=off")


def test_of_mounts_on_one_path_the_last_is_seen() -> None:
    found = collected(debian({"/proc/mounts": "systemd-1 /proc/x autofs rw 0 0\nbinfmt /proc/x binfmt_misc rw 0 0\n"}))
    assert found.mounted["/proc/x"].type == "binfmt_misc"


def test_no_credentials_are_told() -> None:
    text = "https://bob:hunter2@dav.example/ /mnt fuse rw,password=hunter2,pass=hunter2,user_id=0 0 0\n"
    found = collected(debian({"/proc/mounts": text}))
    assert "hunter2" not in repr(found)
    assert found.mounted["/mnt"].options == ("rw", "user_id=0")


def test_of_many_the_first_are_told_and_all_are_counted() -> None:
    found = collected(debian({"/proc/mounts": "".join(f"x /mnt/{number:04} ext4 rw 0 0\n" for number in range(3000))}))
    assert (len(found.mounted), found.count) == (200, 3000)


def test_without_the_kernels_table_it_is_unavailable() -> None:
    with pytest.raises(UnavailableError, match="mount /proc"):
        collect_mounts.collect(FakeHost())


@pytest.mark.parametrize("path", ["/proc/mounts", "/etc/fstab"])
def test_an_unreadable_file_is_told(path: str) -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_mounts.collect(debian(unreadable(path)))


def test_an_image_has_no_mounts() -> None:
    with pytest.raises(UnavailableError, match="an image has no mounts"):
        collect_mounts.collect(image(KERNEL))
