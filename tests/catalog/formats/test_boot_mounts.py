from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.boot_mounts import BootMount, parse_boot_mounts

PATHS = st.text(st.sampled_from("ab \\"), min_size=1, max_size=8).map(lambda name: f"/{name}")


def test_lines_that_the_boot_mounts_are_told_from_those_that_others_do() -> None:
    text = (
        "# /etc/fstab\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n/dev/cdrom /media/cd iso9660 noauto 0 0\n"
        "nas:/a /srv/nas/ nfs _netdev,x-systemd.automount 0 0\n/dev/vdb /srv/a\\040b xfs\n"
        "/swapfile swap swap sw\nhalf\n"
    )
    assert parse_boot_mounts(text) == {
        "/": BootMount("/", "UUID=1", "ext4", is_automatic=True),
        "/media/cd": BootMount("/media/cd", "/dev/cdrom", "iso9660", is_automatic=False),
        "/srv/nas": BootMount("/srv/nas", "nas:/a", "nfs", is_automatic=False),
        "/srv/a b": BootMount("/srv/a b", "/dev/vdb", "xfs", is_automatic=True),
    }


def _escaped(path: str) -> str:
    return path.replace("\\", "\\134").replace(" ", "\\040")


@given(st.dictionaries(PATHS, st.booleans()))
def test_a_table_is_read_back(mounts: dict[str, bool]) -> None:
    lines = (f"/dev/x {_escaped(path)} ext4 {'rw' if auto else 'noauto'} 0 0\n" for path, auto in mounts.items())
    assert {path: mount.is_automatic for path, mount in parse_boot_mounts("".join(lines)).items()} == mounts


@given(st.text() | st.text("/dev none swap\t#\n \\040", max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert len(parse_boot_mounts(text)) <= text.count("\n") + 1
