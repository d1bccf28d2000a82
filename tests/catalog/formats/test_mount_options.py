import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.mount_info import LiveMount
from vigo.catalog.formats.mount_options import options_of, options_that_differ

FLAGS = (
    "ro",
    "rw",
    "nosuid",
    "suid",
    "nodev",
    "dev",
    "noexec",
    "exec",
    "noatime",
    "sync",
    "async",
    "nofail",
    "defaults",
)


def live(options: str, of_filesystem: str = "rw", fstype: str = "ext4") -> LiveMount:
    return LiveMount(
        number="8:1",
        root="/",
        path="/srv",
        options=tuple(options.split(",")),
        fstype=fstype,
        source="/dev/sdb1",
        of_filesystem=tuple(of_filesystem.split(",")),
    )


@pytest.mark.parametrize(
    ("declared", "options", "of_filesystem", "differing"),
    [
        ("defaults", "ro,noexec", "rw", ()),
        ("ro", "rw", "rw", ("ro",)),
        ("rw", "rw", "ro", ("rw",)),
        ("ro", "rw", "ro", ()),
        ("ro,rw", "rw", "rw", ()),
        ("nodev,noexec", "rw,nodev", "rw", ("noexec",)),
        ("exec", "rw,noexec", "rw", ("exec",)),
        ("noatime", "rw,relatime", "rw", ("noatime",)),
        ("relatime,noatime", "rw,noatime", "rw", ()),
        ("atime", "rw,relatime", "rw", ()),
        ("strictatime", "rw,relatime", "rw", ("strictatime",)),
        ("strictatime", "rw", "rw", ()),
        ("sync", "rw", "rw", ("sync",)),
        ("async", "rw", "rw,sync", ("async",)),
        ("nofail,_netdev,x-a.b,data=journal,errors=remount-ro,size=1G", "rw", "rw", ()),
        ('context="a,ro,b"', "rw", "rw", ()),
    ],
)
def test_only_declared_options_that_do_not_hold_differ(
    declared: str, options: str, of_filesystem: str, differing: tuple[str, ...]
) -> None:
    assert options_that_differ(declared, live(options, of_filesystem)) == differing


@pytest.mark.parametrize(
    ("declared", "told", "differing"),
    [
        ("size=512M", "size=524288k", ()),
        ("size=512m", "size=524284k,nr_inodes=10", ()),
        ("size=1G", "size=524288k", ("size=1G",)),
        ("size=1G", "rw", ("size=1G",)),
        ("size=50%", "size=1k", ()),
        ("nr_inodes=4k", "nr_inodes=4096", ()),
        ("nr_inodes=4k", "nr_inodes=4097", ("nr_inodes=4k",)),
    ],
)
def test_a_tmpfs_tells_its_size(declared: str, told: str, differing: tuple[str, ...]) -> None:
    assert options_that_differ(declared, live("rw", told, "tmpfs")) == differing


@given(st.text(), st.text(), st.text())
def test_any_options_are_compared_without_an_error(declared: str, options: str, of_filesystem: str) -> None:
    assert set(options_that_differ(declared, live(options, of_filesystem, "tmpfs"))) <= set(options_of(declared))


@given(st.lists(st.sampled_from(FLAGS), min_size=1))
def test_what_was_set_does_not_differ_any_more(declared: list[str]) -> None:
    given_options = live("rw,relatime", "rw")
    flags = {"ro": "ro", "nosuid": "nosuid", "nodev": "nodev", "noexec": "noexec", "noatime": "noatime", "sync": "sync"}
    off = {"rw": "ro", "suid": "nosuid", "dev": "nodev", "exec": "noexec", "async": "sync"}
    now = set(given_options.options)
    for option in options_that_differ(",".join(declared), given_options):
        now = (now | {flags[option]}) if option in flags else (now - {off[option]})
    assert options_that_differ(",".join(declared), live(",".join(sorted(now)))) == ()
