"""The catalogue's cases once more, on a real folder: what kinds plan and what is there afterwards is the same."""

import os
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import yaml

from tests.agent.host.conftest import needs_root
from tests.catalog.test_cases import PATHS, Case, Node
from tests.catalog.way_back import WayBack
from tests.contracts.host.conftest import RealSubject
from vigo.catalog.api import Revertible
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import VigoError
from vigo.testing.fake_host import FakeNode

_OF_FILES_ALONE = ("file", "directory", "symlink", "file_line")


def loaded(path: Path) -> Case:
    return msgspec.convert(yaml.safe_load(path.read_text()), Case)


def is_of_files(path: Path) -> bool:
    """Return whether a case needs nothing but files: no programs, and nothing that root could not read."""
    case = loaded(path)
    asks = case.answers or case.guards or case.programs or case.services or case.packages or case.tools
    unreadable = any(isinstance(node, Node) and node.unreadable for node in case.given.values())
    return (case.image or path.parent.name in _OF_FILES_ALONE) and not asks and not unreadable


FITTING = [path for path in PATHS if is_of_files(path)]


@pytest.mark.parametrize("path", FITTING, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path: Path, tmp_path: Path) -> None:
    case = loaded(path)
    files = {place: node.as_fake() if isinstance(node, Node) else node for place, node in case.given.items()}
    subject = RealSubject(files, tmp_path / "root")
    give(files, tmp_path / "root")
    kind = resource_kinds()[path.parent.name]
    for ops in (list(case.ops), []):
        planned, code = [], None
        try:
            spec = msgspec.convert(case.spec, kind.spec)
            kind.validate(spec)
            for op in kind.plan(spec, kind.observe(spec, subject.host)):
                planned.append(op)  # noqa: PERF402 - what came before an error counts too
        except msgspec.ValidationError:
            code = "invalid"
        except VigoError as error:
            code = error.code
        assert [op.summary() for op in planned] == ops
        assert code == (case.error[0] if case.error else None)
        for op in planned:
            subject.apply(op)
    for place, wanted in case.then.items():
        assert_is(subject, place, wanted)


@pytest.mark.parametrize("path", FITTING, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_undoing_gives_what_was_given(path: Path, tmp_path: Path) -> None:
    case = loaded(path)
    kind = resource_kinds()[path.parent.name]
    if not case.ops or not isinstance(kind, Revertible):
        return
    files = {place: node.as_fake() if isinstance(node, Node) else node for place, node in case.given.items()}
    subject = RealSubject(files, tmp_path / "root")
    give(files, tmp_path / "root")
    spec = msgspec.convert(case.spec, kind.spec)
    way = WayBack(kind, spec, subject.host)
    with suppress(VigoError):  # what came before an error is carried out too
        for op in kind.plan(spec, kind.observe(spec, subject.host)):
            subject.apply(op)
    way.done()
    ops, blocked = way.back()
    assert way.changed_since() == {}
    assert (blocked is None) == (case.revert is None or case.revert.blocked is None), blocked
    if case.revert is not None:
        assert [op.summary() for op in ops] == list(case.revert.ops)
    for op in ops:
        subject.apply(op)
    if blocked is None:
        assert way.is_back()
    if blocked is None and not kind.cannot_undo(spec):
        for place, given in {**case.given, **(case.revert.then if case.revert is not None else {})}.items():
            assert_is(subject, place, given)


def test_enough_cases_fit() -> None:
    assert len(FITTING) > 60
    assert {path.parent.name for path in FITTING} >= {*_OF_FILES_ALONE, "user", "group", "service"}


def give(files: dict[str, str | FakeNode], root: Path) -> None:
    """Give the files to their owners, who are root where a case does not say it."""
    for place, node in files.items():
        owner = (node.uid, node.gid) if isinstance(node, FakeNode) else (0, 0)
        if owner != (os.geteuid(), os.getegid()):
            needs_root("to give files to the owners of the case")
        os.chown(root / place.removeprefix("/"), *owner, follow_symlinks=False)
        if isinstance(node, FakeNode) and node.kind != "symlink":
            (root / place.removeprefix("/")).chmod(node.mode)


def assert_is(subject: RealSubject, place: str, wanted: str | Node | None) -> None:
    stat = subject.host.stat(place)
    if wanted is None or stat is None:
        assert (wanted is None) == (stat is None), place
        return
    content = subject.host.read_bytes(place) or b"" if stat.kind == "file" else b""
    node = wanted if isinstance(wanted, Node) else Node(content=wanted)
    to = subject.host.read_link(place) or ""
    found = FakeNode(kind=stat.kind, content=content, to=to, mode=stat.mode, uid=stat.uid, gid=stat.gid)
    assert node.agrees_with(found), f"{place}: {found}"
