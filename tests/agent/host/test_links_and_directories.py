import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host.conftest import World, needs_root
from vigo.agent.host import remove_directory
from vigo.catalog.ops import MakeDirectory, MakeHardLink, MakeSymlink, RemoveDirectory, SetMode, WriteFile
from vigo.core.errors import UnavailableError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_directory_is_never_wider_than_its_mode(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = os.mkdir

    def watching(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        real(path, mode, dir_fd=dir_fd)
        made.append(os.stat(path, dir_fd=dir_fd).st_mode & 0o777)

    monkeypatch.setattr(os, "mkdir", watching)
    former = os.umask(0)
    try:
        world.execute(MakeDirectory(path="/d", mode=0o755))
    finally:
        os.umask(former)
    assert made == [0o700]
    assert (world.root / "d").stat().st_mode & 0o777 == 0o755


def test_a_directory_that_cannot_be_given_away_is_not_left_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(UnavailableError):
        world.execute(MakeDirectory(path="/d", uid=1))
    assert names(world.root) == []


def test_a_directory_that_somebody_replaced_is_not_given_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "theirs").mkdir()
    (world.root / "theirs" / "x").touch()
    real = os.mkdir

    def swapping(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        real(path, mode, dir_fd=dir_fd)
        (world.root / "d").rmdir()
        (world.root / "theirs").rename(world.root / "d")

    monkeypatch.setattr(os, "mkdir", swapping)
    with pytest.raises(UnavailableError, match="somebody replaced it"):
        world.execute(MakeDirectory(path="/d", mode=0o777))
    assert (world.root / "d" / "x").exists()


def test_a_link_is_there_at_every_moment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "l").symlink_to("old")
    real, seen = os.rename, []

    def watching(*arguments: Any, **options: Any) -> None:
        seen.append((world.root / "l").readlink())
        real(*arguments, **options)
        seen.append((world.root / "l").readlink())

    monkeypatch.setattr(os, "rename", watching)
    world.execute(MakeSymlink(path="/l", to="new"))
    assert [str(target) for target in seen] == ["old", "new"]
    assert names(world.root) == ["l"]


def test_a_symlink_is_given_away_itself(world: World) -> None:
    needs_root("to give a symlink away")
    (world.root / "f").write_text("x")
    world.execute(MakeSymlink(path="/l", to="f", uid=1, gid=2))
    found = (world.root / "l").lstat()
    assert (found.st_uid, found.st_gid, (world.root / "f").stat().st_uid) == (1, 2, 0)


def test_a_hard_link_to_another_file_system_says_what_to_use_instead(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.root / "f").write_text("x")

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(UnavailableError, match=r"^hard link /g = /f: .*use a symlink"):
        world.execute(MakeHardLink(path="/g", to="/f"))
    assert names(world.root) == ["f"]


def test_the_bits_that_the_kernel_takes_away_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "f").write_text("x")
    real = os.chmod
    monkeypatch.setattr(os, "chmod", lambda handle, mode: real(handle, mode & ~0o2000))
    with pytest.raises(UnavailableError, match="expected mode 2755, found that the kernel leaves 0755"):
        world.execute(SetMode(path="/f", mode=0o2755))


def test_the_root_itself_is_not_removed_or_emptied(world: World) -> None:
    (world.root / "f").write_text("x")
    for path in ("/", "/..", "/f/.."):
        with pytest.raises(UnavailableError):
            world.execute(RemoveDirectory(path=path, recursive=True))
    assert names(world.root) == ["f"]


def test_a_file_system_mounted_in_a_directory_keeps_all_of_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "d" / "a b" / "inner").mkdir(parents=True)
    mount = str(world.root / "d" / "a b").replace(" ", r"\040")
    table = world.outside / "mountinfo"
    table.write_text(f"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / {mount} rw - tmpfs x rw\n")
    monkeypatch.setattr(remove_directory, "MOUNTS", str(table))
    with pytest.raises(UnavailableError, match=r"found a file system at .*/d/a b; nothing was removed: unmount it"):
        world.execute(RemoveDirectory(path="/d", recursive=True))
    assert (world.root / "d" / "a b" / "inner").is_dir()
    world.execute(RemoveDirectory(path="/d/a b/inner", recursive=True))


def test_what_appears_while_a_directory_is_removed_is_no_success(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "d").mkdir()
    real = os.rmdir

    def racing(path: str, *, dir_fd: int | None = None) -> None:
        (world.root / "d" / "new").touch()
        real(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "rmdir", racing)
    with pytest.raises(UnavailableError, match="expected an empty directory"):
        world.execute(RemoveDirectory(path="/d", recursive=True))


def test_the_message_names_the_operation_once(world: World) -> None:
    with pytest.raises(UnavailableError) as caught:
        world.execute(WriteFile(path="/none/f", content=b""))
    assert str(caught.value) == "write /none/f: expected its directory to be there, found none; make it first"
