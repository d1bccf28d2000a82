"""An ordinary user swaps paths under the agent's hands, as fast as the machine allows: nothing gets out, nothing wider.

Single moments are tried one by one in `tests/agent/host/test_root.py`; here a user's own process races.
"""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.agent.host.conftest import NOBODY, World, needs_root
from vigo.catalog.ops import MakeDirectory, SetMode, WriteFile
from vigo.core.errors import VigoError

ROUNDS = 400


@pytest.fixture
def world(tmp_path: Path) -> World:
    needs_root("to let an ordinary user race against root")
    world = World(tmp_path)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    world.outside.chmod(0o755)
    home = world.root / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    (home / "web").mkdir()
    os.chown(home / "web", NOBODY, NOBODY)
    return world


@contextmanager
def swapping(folder: Path, target: Path) -> Iterator[None]:
    """Have a process of the user swap FOLDER between a folder of its own and a symlink to somewhere else."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            aside = folder.with_name("aside")
            while True:
                with suppress(OSError):
                    folder.rename(aside)
                    folder.symlink_to(target)
                    folder.unlink()
                    aside.rename(folder)
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        # Wherever that left it, the user's own folder is back.
        if folder.is_symlink():
            folder.unlink()
        if folder.with_name("aside").exists():
            folder.with_name("aside").rename(folder)


def test_19_no_file_is_written_made_or_opened_behind_a_swapped_folder(world: World) -> None:
    before = {path: path.lstat().st_mode for path in world.outside.rglob("*")}
    with swapping(world.root / "home/web", world.outside):
        for number in range(ROUNDS):
            for op in (
                WriteFile(path="/home/web/file", content=b"agent\n", mode=0o600),
                MakeDirectory(path=f"/home/web/made-{number % 7}", mode=0o700),
                SetMode(path="/home/web/canary", mode=0o666),
            ):
                with suppress(VigoError):
                    world.execute(op)
    world.execute(WriteFile(path="/home/web/file", content=b"agent\n", mode=0o600))
    assert (world.root / "home/web/file").read_text() == "agent\n"
    assert {path: path.lstat().st_mode for path in world.outside.rglob("*")} == before
    assert (world.outside / "canary").read_text() == "canary"


def test_19_no_file_is_ever_wider_than_it_was_declared(world: World) -> None:
    """A watcher of the user looks for a moment in which the secret could be read."""
    path = world.root / "home/web/secret"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            while True:
                for found in path.parent.iterdir():
                    with suppress(OSError), found.open("rb") as stream:
                        if b"secret" in stream.read():
                            os.write(writer, b"seen")
        finally:
            os._exit(1)
    try:
        for number in range(ROUNDS):
            with suppress(VigoError):
                world.execute(WriteFile(path="/home/web/secret", content=b"secret %d" % number, mode=0o600))
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert path.stat().st_uid == 0
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        assert stream.read() == b""


def test_19_the_race_would_be_lost_by_who_follows_paths(world: World) -> None:
    """The same race against plain Python, so that it is known to be one."""
    target = world.root / "home/web/file"
    with swapping(world.root / "home/web", world.outside):
        for _ in range(2_000_000):
            with suppress(OSError):
                target.write_text("followed")
            if (world.outside / "file").exists():
                return
    pytest.fail("nobody ever won: this machine makes no race of it")
