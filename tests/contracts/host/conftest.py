"""The fake host and the real one in a folder, made from the same description."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import ReadHost
from vigo.catalog.ops import Op
from vigo.testing.fake_host import FakeHost, FakeNode

Files = Mapping[str, str | bytes | FakeNode]


class Subject(Protocol):
    """A host and what changes it."""

    @property
    def host(self) -> ReadHost: ...

    def apply(self, op: Op) -> None: ...


class FakeSubject:
    def __init__(self, files: Files) -> None:
        self.host = FakeHost(files, image=True, agent_uid=os.geteuid())

    def apply(self, op: Op) -> None:
        self.host.apply(op)


class RealSubject:
    def __init__(self, files: Files, root: Path) -> None:
        build(files, root)
        self.host = RealHost(str(root))
        self._executors = Executors(self.host)

    def apply(self, op: Op) -> None:
        self._executors.execute(op)


def build(files: Files, root: Path) -> None:
    """Make the files in a folder."""
    root.mkdir(exist_ok=True)
    for path, given in sorted(files.items()):
        node = given if isinstance(given, FakeNode) else FakeNode(content=content_of(given))
        place = root / path.removeprefix("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if node.kind == "symlink":
            place.symlink_to(node.to)
            continue
        if node.kind == "file":
            place.write_bytes(node.content)
        elif node.kind == "directory":
            place.mkdir(exist_ok=True)
        else:
            os.mkfifo(place)
        place.chmod(node.mode)


def content_of(given: str | bytes) -> bytes:
    return given.encode() if isinstance(given, str) else given


@pytest.fixture(params=["fake", "real"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Files], Subject]:
    def made(files: Files) -> Subject:
        return FakeSubject(files) if request.param == "fake" else RealSubject(files, tmp_path / "root")

    return made
