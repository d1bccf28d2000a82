import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops import Op

NOBODY = 65_534


class World:
    """A folder that is a host's root, and beside it one that no path of the host may reach."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.outside = folder / "outside"
        self.root.mkdir()
        self.outside.mkdir()
        (self.outside / "canary").write_text("canary")
        self.host = RealHost(str(self.root))
        self.executors = Executors(self.host)

    def execute(self, op: Op) -> None:
        self.executors.execute(op)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def machine() -> RealHost:
    """The machine itself, for what runs programs; tests change nothing outside their own folder."""
    return RealHost(None)


def needs_root(why: str) -> None:
    if os.geteuid() != 0:
        pytest.skip(f"needs root: {why}")


def as_nobody(work: Callable[[], Any]) -> Any:
    """Return what a function returns, or the exception that it raises, in a child that is an ordinary user."""
    needs_root("to become another user")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - it is handed over, whatever it is
                result = error
            with os.fdopen(writer, "wb") as stream:
                stream.write(pickle.dumps(result))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    return pickle.loads(data)  # noqa: S301 - our own child wrote it


def open_to_all(folder: Path) -> None:
    """Let every user through pytest's private folders above this one, as far up as this user owns them."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for one in (folder, *folder.resolve().parents):
        if one == temporary or not one.is_relative_to(temporary):
            break
        one.chmod(0o755)
