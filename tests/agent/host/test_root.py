"""ATTACKS.md rows 2 and 19: no path leads out of the root, whatever is swapped while it is walked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agent.host.conftest import NOBODY, World, needs_root
from tests.agent.host.swapping import before
from vigo.agent.host.real_host import RealHost
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
from vigo.core.errors import InvalidError, UnavailableError, VigoError

NAMES = ("", ".", "..", "a", "b", "out", "up", "abs", "loop", "proc", "rel", "canary", "outside", "root", "new", "\0")
STEPS = (
    st.sampled_from(NAMES) | st.sampled_from(["x" * 256, "y" * 5_000, "..\u2025", "\ud800", "é"]) | st.text(max_size=5)
)
PATHS = st.lists(STEPS, max_size=12).map("/".join).map(lambda path: f"/{path}") | st.text(max_size=30)


def hostile(world: World) -> None:
    """Fill the root with symlinks that would lead out, if they were taken at their word."""
    inner = world.root / "a"
    inner.mkdir()
    (inner / "b").write_text("b")
    links = {
        "out": str(world.outside),
        "up": "../" * 30 + str(world.outside),
        "rel": "../outside",
        "abs": "/a",
        "loop": "loop",
        "proc": f"/proc/self/root{world.outside}",
    }
    for name, target in links.items():
        (world.root / name).symlink_to(target)
        (inner / name).symlink_to(target)


@contextmanager
def watched(world: World) -> Iterator[list[str]]:
    """Collect what is opened that is outside the root."""
    real, strays = os.open, []

    def opened(*arguments: Any, **options: Any) -> int:
        descriptor = real(*arguments, **options)
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        if not place.is_relative_to(world.root) and str(arguments[0]) != "/proc/self/mountinfo":
            strays.append(str(place))
        return descriptor

    os.open = opened
    try:
        yield strays
    finally:
        os.open = real


def test_the_watch_sees_what_is_opened_outside(world: World) -> None:
    with watched(world) as strays:
        os.close(os.open(world.outside, os.O_RDONLY))
    assert strays == [str(world.outside)]


@given(path=PATHS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_no_path_reads_outside_the_root(world: World, path: str) -> None:
    if not (world.root / "a").exists():
        hostile(world)
    with watched(world) as strays:
        for read in (world.host.stat, world.host.read_bytes, world.host.read_link, world.host.list_directory):
            try:
                found = read(path)
            except (UnavailableError, InvalidError):
                continue
            assert found != b"canary"
            assert not isinstance(found, tuple) or "canary" not in found
    assert strays == []


@given(path=PATHS, other=PATHS, number=st.integers(0, 8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_no_path_changes_anything_outside_the_root(world: World, path: str, other: str, number: int) -> None:
    if not (world.root / "a").exists() or not (world.root / "out").is_symlink():
        for old in list(world.root.iterdir()):
            world.execute(RemoveDirectory(path=f"/{old.name}", recursive=True) if old.is_dir() and not old.is_symlink()
                          else RemoveFile(path=f"/{old.name}"))  # fmt: skip
        hostile(world)
    ops: list[Op] = [
        WriteFile(path=path, content=b"x", backup=True),
        SetMode(path=path, mode=0o777),
        SetOwner(path=path, uid=os.geteuid()),
        MakeDirectory(path=path),
        MakeSymlink(path=path, to="x"),
        MakeHardLink(path=path, to=other),
        RemoveFile(path=path),
        RemoveDirectory(path=path),
        RemoveDirectory(path=path, recursive=True),
    ]
    before_op = outside(world)
    with watched(world) as strays, suppress(VigoError):
        world.execute(ops[number])
    assert strays == []
    assert outside(world) == before_op
    assert world.root.is_dir()


def outside(world: World) -> list[object]:
    paths = [world.outside, world.outside / "canary"]
    return [*(path.stat()[:5] for path in paths), sorted(world.outside.iterdir()), (paths[1]).read_text()]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/a\0b", "without NUL"),
        ("/" + "x" * 256, "at most 255 bytes"),
        ("/" + "x/" * 2_100, "at most 4095"),
        ("/\ud800", "can be encoded"),
        ("/loop/x", "symlinks"),
    ],
    ids=["nul", "name", "path", "surrogate", "loop"],
)
def test_what_no_path_can_be_is_told(world: World, path: str, reason: str) -> None:
    (world.root / "loop").symlink_to("loop")
    with pytest.raises((UnavailableError, InvalidError), match=reason):
        world.host.stat(path)
    with pytest.raises((UnavailableError, InvalidError), match=reason):
        world.execute(WriteFile(path=path, content=b""))


def test_a_walk_without_end_is_ended(world: World) -> None:
    deep = world.root.joinpath(*["d"] * 400)
    deep.mkdir(parents=True)
    with pytest.raises(UnavailableError, match="more symlinks than one path may"):
        world.host.stat("/" + "d/" * 400 + "../d/" * 600)


def test_as_deep_as_the_kernel_goes_takes_one_descriptor(world: World) -> None:
    path = "/d" * 1_500
    directory = os.open(world.root, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=directory)
        below = os.open("d", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = below
    os.close(directory)
    assert world.host.list_directory(path) == ()
    world.execute(RemoveDirectory(path="/d", recursive=True))
    assert world.host.list_directory("/") == ()


def test_a_directory_swapped_for_a_symlink_while_it_is_walked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "a" / "b").mkdir(parents=True)

    def swap() -> None:
        (world.root / "a" / "b").rmdir()
        (world.root / "a" / "b").symlink_to(world.outside)

    done = before(monkeypatch, "open", lambda path, *_, **__: path == "b", swap)
    assert world.host.read_bytes("/a/b/canary") is None
    assert done


def test_a_directory_moved_out_while_it_is_walked_has_no_way_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "a" / "b" / "c").mkdir(parents=True)
    (world.root / "a" / "canary").write_text("inside")

    def swap() -> None:
        (world.root / "a" / "b").rename(world.outside / "b")

    done = before(monkeypatch, "open", lambda path, *_, **__: path == "c", swap)
    assert world.host.read_text("/a/b/c/../../canary") in (None, "inside")
    assert done


def test_a_file_swapped_for_a_symlink_before_it_is_opened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    file = world.root / "f"
    file.write_text("x")

    def swap() -> None:
        file.unlink()
        file.symlink_to(world.outside / "canary")

    def is_the_read(path: object, flags: int = 0, *_: object, **__: object) -> bool:
        return path == "f" and bool(flags & os.O_NONBLOCK)

    done = before(monkeypatch, "open", is_the_read, swap)
    with pytest.raises(UnavailableError, match="changed meanwhile"):
        world.host.read_bytes("/f")
    assert done


def test_a_directory_swapped_after_it_was_found_takes_the_write_along(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.root / "a").mkdir()

    def swap() -> None:
        (world.root / "a").rename(world.root / "moved")
        (world.root / "a").symlink_to(world.outside)

    done = before(monkeypatch, "open", lambda path, *_, **__: str(path).startswith(".vigo-new-"), swap)
    world.execute(WriteFile(path="/a/new", content=b"x"))
    assert done
    assert (world.root / "moved" / "new").read_text() == "x"
    assert [path.name for path in world.outside.iterdir()] == ["canary"]


@pytest.mark.parametrize("op", [SetMode(path="/f", mode=0o666), SetOwner(path="/f", uid=1, gid=1)], ids=["mode", "own"])
def test_a_file_swapped_after_it_was_found_keeps_the_change(
    world: World, monkeypatch: pytest.MonkeyPatch, op: Op
) -> None:
    if isinstance(op, SetOwner):
        needs_root("to give a file away")
    file = world.root / "f"
    file.write_text("x")
    canary = (world.outside / "canary").stat()

    def swap() -> None:
        file.rename(world.root / "moved")
        file.symlink_to(world.outside / "canary")

    done = before(monkeypatch, "chmod" if isinstance(op, SetMode) else "chown", lambda *_, **__: True, swap)
    world.execute(op)
    assert done
    assert (world.outside / "canary").stat() == canary
    moved = (world.root / "moved").stat()
    assert (moved.st_mode & 0o777 == 0o666) if isinstance(op, SetMode) else moved.st_uid == 1


def test_an_ordinary_users_symlink_leads_a_change_only_to_what_is_theirs(world: World) -> None:
    needs_root("to make another user's symlink")
    home = world.root / "home"
    for path in (home, home / "own", world.root / "etc"):
        path.mkdir()
    for path in (home, home / "own"):
        os.chown(path, NOBODY, NOBODY)
    for name, target in (("theirs", "own"), ("others", "/etc")):
        (home / name).symlink_to(target)
        os.chown(home / name, NOBODY, NOBODY, follow_symlinks=False)
    world.execute(WriteFile(path="/home/theirs/f", content=b"x"))
    assert (home / "own" / "f").read_text() == "x"
    for op in (WriteFile(path="/home/others/f", content=b"x"), MakeDirectory(path="/home/others/d")):
        with pytest.raises(UnavailableError, match=f"a symlink of uid {NOBODY} leads to a directory of uid 0"):
            world.execute(op)
    assert list((world.root / "etc").iterdir()) == []
    assert world.host.list_directory("/home/others") == ()  # reading it is harmless


def test_a_hard_link_that_a_user_put_there_is_not_given_away(world: World) -> None:
    needs_root("to make another user's directory")
    secret, home = world.root / "secret", world.root / "home"
    secret.write_text("x")
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    (home / "f").hardlink_to(secret)
    for op in (SetOwner(path="/home/f", uid=NOBODY), SetMode(path="/home/f", mode=0o666)):
        with pytest.raises(UnavailableError, match="found a hard link to a file of uid 0"):
            world.execute(op)
    assert secret.stat().st_uid == 0


def test_without_a_root_paths_are_the_machines(machine: Any, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    assert not machine.is_image()
    assert machine.read_text(f"{tmp_path}/f") == "x"
    assert machine.root.path == "/"


def test_a_root_that_is_not_there_is_told(tmp_path: Path) -> None:
    host = RealHost(str(tmp_path / "none"))
    with pytest.raises(UnavailableError, match=r"expected the folder .*/none that --root names, found none"):
        host.stat("/etc")
