import errno
import os
import stat
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host.conftest import World, as_nobody, needs_root, open_to_all
from vigo.agent.host import validation
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import temporary_name
from vigo.catalog.ops import SetOwner, WriteFile
from vigo.core.errors import BlockedError, InvalidError, TimedOutError, UnavailableError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_has_its_owner_and_mode_before_its_content(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = (1, 2) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    real, seen = os.write, []

    def watching(descriptor: int, data: bytes) -> int:
        found = os.fstat(descriptor)
        seen.append((found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode), found.st_size))
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", watching)
    world.execute(WriteFile(path="/f", content=b"secret", mode=0o640, uid=owner[0], gid=owner[1]))
    assert seen == [(*owner, 0o640, 0)]


@pytest.mark.parametrize("mask", [0, 0o777])
def test_no_umask_makes_a_file_wider_or_narrower(world: World, mask: int) -> None:
    former = os.umask(mask)
    try:
        world.execute(WriteFile(path="/f", content=b"", mode=0o640))
    finally:
        os.umask(former)
    assert (world.root / "f").stat().st_mode & 0o7777 == 0o640


def test_it_is_on_the_disk_before_it_takes_its_place_and_then_the_folder(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_sync, real_rename = os.fsync, os.rename

    def sync(descriptor: int) -> None:
        steps.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_sync(descriptor)

    def rename(*arguments: Any, **options: Any) -> None:
        steps.append("rename")
        real_rename(*arguments, **options)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "rename", rename)
    world.execute(WriteFile(path="/f", content=b"x"))
    assert steps == ["file", "rename", "directory"]


@pytest.mark.parametrize("leftover", ["file", "symlink", "directory"])
def test_what_a_killed_run_left_is_swept_and_not_followed(world: World, leftover: str) -> None:
    place = world.root / temporary_name("f")
    if leftover == "file":
        place.write_text("half")
    elif leftover == "symlink":
        place.symlink_to(world.outside / "canary")
    else:
        place.mkdir()
    world.execute(WriteFile(path="/f", content=b"whole"))
    assert names(world.root) == ["f"]
    assert (world.root / "f").read_bytes() == b"whole"
    assert (world.outside / "canary").read_text() == "canary"


def test_a_name_of_the_greatest_length_can_be_written(world: World) -> None:
    name = "é" * 127 + "x"
    world.execute(WriteFile(path=f"/{name}", content=b"x"))
    assert names(world.root) == [name]


def test_a_temporary_name_is_hidden_and_ends_as_the_name_does() -> None:
    assert temporary_name("a.service").startswith(".vigo-new-")
    assert temporary_name("a.service").endswith("-a.service")


@pytest.mark.parametrize(
    ("number", "error", "reason"),
    [
        (errno.ENOSPC, BlockedError, "write /f: No space left on device; free some space"),
        (errno.EDQUOT, BlockedError, "write /f: Disk quota exceeded; free some space"),
        (errno.EROFS, BlockedError, "write /f: Read-only file system; mount the file system read-write"),
        (errno.EIO, UnavailableError, "write /f: Input/output error; the disk or its connection failed"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_a_write_that_the_disk_refuses_leaves_the_former_file_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, call: str, number: int, error: type[Exception], reason: str
) -> None:
    (world.root / "f").write_text("old")

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(error, match=reason):
            world.execute(WriteFile(path="/f", content=b"new"))
    assert (world.root / "f").read_text() == "old"
    assert names(world.root) == ["f"]


def test_a_replaced_file_keeps_its_owner(world: World) -> None:
    needs_root("to give a file away")
    (world.root / "f").write_text("old")
    os.chown(world.root / "f", 1, 2)
    world.execute(WriteFile(path="/f", content=b"new"))
    found = (world.root / "f").stat()
    assert (found.st_uid, found.st_gid) == (1, 2)
    world.execute(WriteFile(path="/f", content=b"newer", gid=3))
    found = (world.root / "f").stat()
    assert (found.st_uid, found.st_gid) == (1, 3)


def test_a_replaced_file_keeps_users_attributes(world: World) -> None:
    (world.root / "f").write_text("old")
    try:
        os.setxattr(world.root / "f", "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no attributes")
    world.execute(WriteFile(path="/f", content=b"new"))
    assert os.getxattr(world.root / "f", "user.note") == b"kept"


def test_an_ordinary_user_keeps_what_is_theirs_and_cannot_give_it_away(world: World) -> None:
    needs_root("to become another user")
    open_to_all(world.root)
    os.chown(world.root, 65_534, 65_534)

    def work() -> list[object]:
        executors = Executors(RealHost(str(world.root)))
        executors.execute(WriteFile(path="/f", content=b"x", uid=65_534, gid=65_534))
        executors.execute(WriteFile(path="/f", content=b"y"))
        errors: list[object] = []
        for op in (WriteFile(path="/f", content=b"z", uid=0), SetOwner(path="/f", uid=0), SetOwner(path="/f", gid=0)):
            try:
                executors.execute(op)
            except UnavailableError as error:
                errors.append(str(error))
        return errors

    errors = as_nobody(work)
    assert errors == [
        f"{what}: expected to be root to give it to {whom}, found that the agent runs as uid 65534; run the agent as"
        " root, or leave the owner out"
        for what, whom in (("write /f", "uid 0"), ("chown 0 /f", "uid 0"), ("chown :0 /f", "gid 0"))
    ]
    assert names(world.root) == ["f"]
    assert (world.root / "f").read_bytes() == b"y"


def test_a_backup_is_copied_where_there_are_no_hard_links(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "f").write_text("old")
    (world.root / "f").chmod(0o600)

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    world.execute(WriteFile(path="/f", content=b"new", mode=0o644, backup=True))
    assert names(world.root) == ["f", "f.vigo-backup"]
    assert (world.root / "f.vigo-backup").read_text() == "old"
    assert (world.root / "f.vigo-backup").stat().st_mode & 0o777 == 0o600


def test_a_validator_sees_the_new_content_in_a_file_that_ends_as_the_name_does(
    machine: RealHost, tmp_path: Path
) -> None:
    argv = ("/bin/sh", "-c", 'grep -q good "$1" && case "$1" in *.conf) ;; *) exit 9 ;; esac', "sh", "%")
    op = WriteFile(path=f"{tmp_path}/a.conf", content=b"good\n", validate=argv)
    Executors(machine).execute(op)
    assert (tmp_path / "a.conf").read_text() == "good\n"


def test_content_that_its_validator_refuses_replaces_nothing(machine: RealHost, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    argv = ("/bin/sh", "-c", "echo line 3 of %: no such option >&2; exit 4")
    op = WriteFile(path=f"{tmp_path}/f", content=b"bad", validate=argv, backup=True)
    with pytest.raises(InvalidError) as caught:
        Executors(machine).execute(op)
    assert str(caught.value) == (
        f"write {tmp_path}/f: the new content was not accepted by /bin/sh (status 4); nothing was replaced:"
        f" line 3 of {tmp_path}/f: no such option"
    )
    assert names(tmp_path) == ["f"]
    assert (tmp_path / "f").read_text() == "old"


def test_a_validator_that_is_missing_refuses(machine: RealHost, tmp_path: Path) -> None:
    op = WriteFile(path=f"{tmp_path}/f", content=b"x", validate=("no-such-validator", "%"))
    with pytest.raises(InvalidError, match=r"\(status 127\); nothing was replaced"):
        Executors(machine).execute(op)
    assert names(tmp_path) == []


def test_a_validator_that_hangs_is_ended(machine: RealHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "TIMEOUT", timedelta(milliseconds=50))
    op = WriteFile(path=f"{tmp_path}/f", content=b"x", validate=("/bin/sh", "-c", "exec cat /dev/zero >/dev/null", "%"))
    with pytest.raises(TimedOutError):
        Executors(machine).execute(op)
    assert names(tmp_path) == []


def test_in_an_image_a_validator_is_not_run_and_nothing_written(world: World) -> None:
    with pytest.raises(BlockedError, match="not run in an image"):
        world.execute(WriteFile(path="/f", content=b"x", validate=("true", "%")))
    assert names(world.root) == []


def test_a_file_with_other_names_is_refused_unless_they_may_part(world: World) -> None:
    (world.root / "a").write_text("old\n")
    os.link(world.root / "a", world.root / "b")
    with pytest.raises(UnavailableError, match=r"found one with 2 \(hard links\).*break_links: true"):
        world.execute(WriteFile(path="/a", content=b"new\n"))
    assert (world.root / "a").read_text() == "old\n"
    world.execute(WriteFile(path="/a", content=b"new\n", break_links=True))
    assert ((world.root / "a").read_text(), (world.root / "b").read_text()) == ("new\n", "old\n")


@pytest.mark.parametrize(("option", "called"), [("i", "immutable"), ("a", "append-only")])
def test_a_file_that_somebody_closed_to_changes_says_so(world: World, option: str, called: str) -> None:
    needs_root("to set attributes of files")
    (world.root / "a").write_text("old\n")
    if subprocess.run(["chattr", f"+{option}", world.root / "a"], capture_output=True, check=False).returncode:  # noqa: S607
        pytest.skip("this file system has no such attributes")
    try:
        with pytest.raises(UnavailableError, match=f"somebody made it {called}.*chattr -{option}"):
            world.execute(WriteFile(path="/a", content=b"new\n"))
    finally:
        subprocess.run(["chattr", f"-{option}", world.root / "a"], check=True)  # noqa: S607
    assert (world.root / "a").read_text() == "old\n"
    assert names(world.root) == ["a"]
