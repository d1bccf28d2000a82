import os
from collections.abc import Callable

import pytest

from tests.contracts.host.conftest import Files, Subject
from vigo.catalog.api import FileStat
from vigo.catalog.ops import (
    MakeDirectory,
    MakeHardLink,
    MakeSymlink,
    Op,
    RemoveDirectory,
    RemoveFile,
    SetMode,
    SetOwner,
    WriteFile,
)
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeNode

Make = Callable[[Files], Subject]


def stat_of(subject: Subject, path: str) -> FileStat:
    stat = subject.host.stat(path)
    assert stat is not None
    return stat


def test_a_new_file_has_its_content_and_mode_and_is_the_agents(make: Make) -> None:
    subject = make({})
    subject.apply(WriteFile(path="/a", content=b"x", mode=0o600))
    subject.apply(WriteFile(path="/b", content=b""))
    a, b = stat_of(subject, "/a"), stat_of(subject, "/b")
    assert subject.host.read_bytes("/a") == b"x"
    assert (a.kind, a.mode, a.uid) == ("file", 0o600, os.geteuid())
    assert (b.mode, b.size_bytes) == (0o644, 0)


def test_a_replaced_file_keeps_its_mode_and_is_another_inode(make: Make) -> None:
    subject = make({"/a": FakeNode(content=b"old", mode=0o640)})
    before = stat_of(subject, "/a")
    subject.apply(WriteFile(path="/a", content=b"new"))
    after = stat_of(subject, "/a")
    assert subject.host.read_bytes("/a") == b"new"
    assert after.mode == 0o640
    assert after.inode != before.inode


def test_set_user_id_bits_of_the_declared_mode_stay(make: Make) -> None:
    subject = make({"/a": "old"})
    subject.apply(WriteFile(path="/a", content=b"new", mode=0o4755))
    assert stat_of(subject, "/a").mode == 0o4755


def test_a_write_replaces_a_symlink_and_not_its_target(make: Make) -> None:
    subject = make({"/a": "old", "/l": FakeNode.symlink("a")})
    subject.apply(WriteFile(path="/l", content=b"new", mode=0o644))
    assert stat_of(subject, "/l").kind == "file"
    assert subject.host.read_text("/a") == "old"


def test_a_write_goes_through_a_symlinked_directory(make: Make) -> None:
    subject = make({"/d/x": "", "/l": FakeNode.symlink("/d")})
    subject.apply(WriteFile(path="/l/new", content=b"y"))
    assert subject.host.read_text("/d/new") == "y"


def test_a_backup_is_the_former_file_with_its_mode(make: Make) -> None:
    subject = make({"/a": FakeNode(content=b"old", mode=0o600), "/a.vigo-backup": "older"})
    subject.apply(WriteFile(path="/a", content=b"new", mode=0o644, backup=True))
    assert subject.host.read_text("/a.vigo-backup") == "old"
    assert stat_of(subject, "/a.vigo-backup").mode == 0o600
    assert subject.host.list_directory("/") == ("a", "a.vigo-backup")


def test_a_new_file_has_no_backup(make: Make) -> None:
    subject = make({})
    subject.apply(WriteFile(path="/a", content=b"new", backup=True))
    assert subject.host.list_directory("/") == ("a",)


def test_a_replaced_file_leaves_its_hard_links_as_they_were(make: Make) -> None:
    subject = make({"/a": "x"})
    subject.apply(MakeHardLink(path="/b", to="/a"))
    assert stat_of(subject, "/a").links == 2
    assert stat_of(subject, "/a").inode == stat_of(subject, "/b").inode
    with pytest.raises(UnavailableError, match="one with 2"):
        subject.apply(WriteFile(path="/a", content=b"y"))
    subject.apply(WriteFile(path="/a", content=b"y", break_links=True))
    assert subject.host.read_text("/b") == "x"
    assert stat_of(subject, "/b").links == 1


def test_a_hard_link_replaces_a_file_and_may_be_made_twice(make: Make) -> None:
    subject = make({"/a": "x", "/b": "other"})
    for _ in range(2):
        subject.apply(MakeHardLink(path="/b", to="/a"))
    assert subject.host.read_text("/b") == "x"
    assert subject.host.list_directory("/") == ("a", "b")


def test_modes_of_files_and_directories(make: Make) -> None:
    subject = make({"/f": "x", "/d/x": "", "/p": FakeNode(kind="other")})
    for path, mode in (("/f", 0o600), ("/d", 0o1777), ("/d", 0o2700), ("/p", 0o620)):
        subject.apply(SetMode(path=path, mode=mode))
        assert stat_of(subject, path).mode == mode


def test_setting_an_owner_takes_set_user_id_bits_away(make: Make) -> None:
    subject = make({"/f": FakeNode(content=b"x", mode=0o6755, uid=os.geteuid(), gid=os.getegid())})
    subject.apply(SetOwner(path="/f", uid=os.geteuid(), gid=os.getegid()))
    stat = stat_of(subject, "/f")
    assert (stat.uid, stat.gid, stat.mode) == (os.geteuid(), os.getegid(), 0o755)


def test_a_directory_has_exactly_its_mode(make: Make) -> None:
    subject = make({})
    subject.apply(MakeDirectory(path="/d", mode=0o2775))
    subject.apply(MakeDirectory(path="/d/e"))
    assert (stat_of(subject, "/d").kind, stat_of(subject, "/d").mode) == ("directory", 0o2775)
    assert stat_of(subject, "/d/e").mode == 0o755
    assert stat_of(subject, "/d").uid == os.geteuid()


def test_a_symlink_replaces_a_symlink_a_file_and_a_pipe(make: Make) -> None:
    subject = make({"/f": "x", "/l": FakeNode.symlink("f"), "/p": FakeNode(kind="other")})
    for path in ("/f", "/l", "/p", "/new"):
        subject.apply(MakeSymlink(path=path, to="/some where", uid=os.geteuid()))
        assert subject.host.read_link(path) == "/some where"
    assert subject.host.list_directory("/") == ("f", "l", "new", "p")


def test_removing_a_symlink_leaves_its_target(make: Make) -> None:
    subject = make({"/f": "x", "/l": FakeNode.symlink("f"), "/p": FakeNode(kind="other")})
    subject.apply(RemoveFile(path="/l"))
    subject.apply(RemoveFile(path="/p"))
    assert subject.host.list_directory("/") == ("f",)


def test_a_directory_goes_with_all_that_is_in_it_and_symlinks_are_not_followed(make: Make) -> None:
    subject = make(
        {"/d/e/f/g": "x", "/d/empty": FakeNode.directory(), "/d/l": FakeNode.symlink("/kept"), "/kept/x": "y"}
    )
    subject.apply(RemoveDirectory(path="/d/empty"))
    subject.apply(RemoveDirectory(path="/d", recursive=True))
    assert subject.host.list_directory("/") == ("kept",)
    assert subject.host.read_text("/kept/x") == "y"


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (WriteFile(path="/none/a", content=b""), "expected its directory to be there"),
        (WriteFile(path="/f/a", content=b""), "expected its directory to be there"),
        (WriteFile(path="/d", content=b""), "expected a regular file.*, found a directory"),
        (WriteFile(path="/p", content=b""), "expected a regular file.*, found a (other|device)"),
        (MakeDirectory(path="/none/a"), "expected its directory to be there"),
        (MakeDirectory(path="/f"), "expected nothing, found a file"),
        (MakeDirectory(path="/l"), "expected nothing, found a symlink"),
        (MakeSymlink(path="/d", to="x"), "expected no directory, found one"),
        (MakeHardLink(path="/d", to="/f"), "expected no directory, found one"),
        (MakeHardLink(path="/h", to="/none"), "/none: expected"),
        (MakeHardLink(path="/h", to="/d"), "expected a regular file, found a directory"),
        (MakeHardLink(path="/h", to="/l"), "expected a regular file, found a symlink"),
        (RemoveFile(path="/d"), "expected a file to remove, found a directory"),
        (RemoveFile(path="/none"), "expected a file to remove, found nothing"),
        (RemoveDirectory(path="/d"), "expected an empty directory"),
        (RemoveDirectory(path="/f"), "expected a directory to remove, found a file"),
        (RemoveDirectory(path="/l", recursive=True), "expected a directory to remove, found a symlink"),
        (SetMode(path="/l", mode=0o600), "a symlink has no mode of its own"),
        (SetMode(path="/none", mode=0o600), "expected something to change, found nothing"),
        (SetOwner(path="/none", uid=0), "expected something to change, found nothing"),
    ],
    ids=lambda value: value.summary() if isinstance(value, Op) else "",
)
def test_an_operation_that_cannot_be_carried_out_says_so_and_changes_nothing(make: Make, op: Op, reason: str) -> None:
    subject = make({"/d/x": "x", "/f": "x", "/l": FakeNode.symlink("/f"), "/p": FakeNode(kind="other")})
    before = seen(subject)
    with pytest.raises(UnavailableError, match=reason):
        subject.apply(op)
    assert seen(subject) == before


def seen(subject: Subject, path: str = "/") -> list[tuple[str, FileStat | None]]:
    found: list[tuple[str, FileStat | None]] = []
    for name in subject.host.list_directory(path) or ():
        place = f"{path.rstrip('/')}/{name}"
        stat = subject.host.stat(place)
        found.append((place, stat))
        if stat is not None and stat.kind == "directory":
            found += seen(subject, place)
    return found
