"""Every kind's cases: the plan equals `ops`, applying it gives `then`, planning again gives nothing."""

import base64
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
import yaml

from tests.catalog.way_back import WayBack
from vigo.catalog.api import CommandResult, Resource, Revertible, Spec
from vigo.catalog.ops import Op
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import VigoError
from vigo.testing import tools as fakes
from vigo.testing.fake_accounts import FakeAccounts
from vigo.testing.fake_host import FakeHost, FakeNode, FakeTool
from vigo.testing.fake_packages import FakePackages
from vigo.testing.fake_services import FakeServices, FakeUnit

for _module in pkgutil.iter_modules(fakes.__path__, fakes.__name__ + "."):
    importlib.import_module(_module.name)

_TOOLS: dict[str, Callable[..., FakeTool]] = {tool.name: tool for tool in FakeTool.__subclasses__() if tool.name}
CASES = Path(__file__).parent / "cases"
PATHS = sorted(CASES.glob("*/*.yaml"))


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    content: str | None = None
    base64: str | None = None
    kind: Literal["file", "directory", "symlink", "other"] | None = None
    to: str | None = None
    mode: str | None = None
    uid: int | None = None
    gid: int | None = None
    unreadable: str = ""

    def as_fake(self) -> FakeNode:
        kind = self.kind or ("symlink" if self.to is not None else "file")
        default = {"directory": "0755", "symlink": "0777"}.get(kind, "0644")
        content = base64.b64decode(self.base64) if self.base64 is not None else (self.content or "").encode()
        return FakeNode(
            kind=kind,
            content=content,
            to=self.to or "",
            mode=int(self.mode or default, 8),
            uid=self.uid or 0,
            gid=self.gid or 0,
            unreadable=self.unreadable,
        )

    def agrees_with(self, node: FakeNode) -> bool:
        wanted: dict[str, Any] = {
            "content": None if self.content is None else self.content.encode(),
            "kind": self.kind,
            "to": self.to,
            "mode": None if self.mode is None else int(self.mode, 8),
            "uid": self.uid,
            "gid": self.gid,
        }
        if self.base64 is not None:
            wanted["content"] = base64.b64decode(self.base64)
        return all(value is None or value == getattr(node, name) for name, value in wanted.items())


class Packages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tool: str
    installed: dict[str, str] = {}
    available: dict[str, str] = {}
    held: tuple[str, ...] = ()


class Revert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The way back, once the operations of the case ran: what undoes them, and where that does not give `given`."""

    ops: tuple[str, ...] = ()
    stdin: tuple[str | None, ...] | None = None
    then: dict[str, str | Node | None] = {}
    """What is other than in `given` afterwards."""
    blocked: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    why: str
    spec: dict[str, Any]
    given: dict[str, str | Node] = {}
    image: bool = False
    programs: tuple[str, ...] = ()
    accounts: bool = True
    answers: dict[str, str | CommandResult] = {}
    guards: dict[str, int | CommandResult] = {}
    guards_after: dict[str, int | CommandResult] = {}
    """What guards answer once the operations ran."""
    packages: Packages | None = None
    services: dict[str, FakeUnit] | None = None
    tools: dict[str, dict[str, Any]] = {}
    """Further parts of the host, by the names of those in `vigo/testing/tools/`, and what each is made with."""
    ops: tuple[str, ...] = ()
    changes: tuple[str, ...] | None = None
    """The fields that the operations bring into state, in the order of the operations."""
    stdin: tuple[str | None, ...] | None = None
    """What the programs that run are given."""
    then: dict[str, str | Node | None] = {}
    revert: Revert | None = None
    raises: str | None = None
    blocked: str | None = None
    unavailable: str | None = None

    @property
    def error(self) -> tuple[str, str] | None:
        """The code of the expected error and a part of its message."""
        given = {"invalid": self.raises, "blocked": self.blocked, "unavailable": self.unavailable}
        return next(((code, part) for code, part in given.items() if part is not None), None)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path: Path) -> None:
    case = msgspec.convert(yaml.safe_load(path.read_text()), Case)
    kind = resource_kinds()[path.parent.name]
    host = host_of(case)

    spec, ops, error = _planned(kind, case, host)

    assert [op.summary() for op in ops] == list(case.ops)
    _assert_error(error, case)
    fields = {name for op in ops for name in op.changes}
    assert fields <= set(kind.spec.__struct_encode_fields__), "an operation names a field that the kind does not have"
    if case.changes is not None:
        assert tuple(dict.fromkeys(name for op in ops for name in op.changes)) == case.changes
    for op in ops:
        host.apply(op)
    for line, status in case.guards_after.items():
        host.answer_guard(line, status)
    if case.stdin is not None:
        assert tuple(run.stdin for run in host.runs) == case.stdin
    _assert_then(case.then, host)
    if spec is not None and kind.settles(spec):
        _, again, second_error = _planned(kind, case, host)
        assert [op.summary() for op in again] == []
        _assert_error(second_error, case)


REVERTIBLE = [path for path in PATHS if isinstance(resource_kinds()[path.parent.name], Revertible)]


@pytest.mark.parametrize("path", REVERTIBLE, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_undoing_gives_what_was_given(path: Path) -> None:
    case = msgspec.convert(yaml.safe_load(path.read_text()), Case)
    kind = resource_kinds()[path.parent.name]
    host = host_of(case)
    spec, ops, _ = _planned(kind, case, host)
    if spec is None or not ops or not isinstance(kind, Revertible):
        assert case.revert is None, "nothing is changed, so there is nothing to undo"
        return
    given = host.snapshot()
    wanted = case.revert or Revert()

    way = WayBack(kind, spec, host)
    for op in ops:
        host.apply(op)
    way.done()
    host.runs.clear()
    undone, blocked = way.back()

    assert way.changed_since() == {}
    if case.revert is not None:
        assert [op.summary() for op in undone] == list(wanted.ops)
    assert (blocked is None) == (wanted.blocked is None), blocked
    assert (wanted.blocked or "") in (blocked or "")
    fields = {name for op in undone for name in op.changes}
    assert fields <= set(kind.spec.__struct_encode_fields__), "an operation names a field that the kind does not have"
    for op in undone:
        host.apply(op)
    if wanted.stdin is not None:
        assert tuple(run.stdin for run in host.runs) == wanted.stdin
    if blocked is None:
        assert way.is_back()
        _assert_then(wanted.then, host)
    if blocked is None and not kind.cannot_undo(spec):
        found = {place: node for place, node in host.snapshot().items() if place not in wanted.then}
        assert found == {place: node for place, node in given.items() if place not in wanted.then}


@pytest.mark.parametrize("kind", [name for name, kind in resource_kinds().items() if isinstance(kind, Revertible)])
def test_a_kind_that_can_be_undone_has_cases_for_the_way_back(kind: str) -> None:
    cases = [msgspec.convert(yaml.safe_load(path.read_text()), Case) for path in PATHS if path.parent.name == kind]
    ways = [case.revert for case in cases if case.revert is not None]
    assert any(way.ops for way in ways), f"give a case of {kind} a `revert:` with the operations that undo it"


def test_every_kind_has_cases_and_every_case_a_kind() -> None:
    assert {path.parent.name for path in PATHS} == set(resource_kinds())


@pytest.mark.parametrize("kind", resource_kinds())
def test_a_kind_has_cases_for_nothing_to_do_for_changes_and_for_wrong_input(kind: str) -> None:
    cases = [msgspec.convert(yaml.safe_load(path.read_text()), Case) for path in PATHS if path.parent.name == kind]
    # What only checks has something to do each time, and changes nothing by it.
    assert any((not case.ops or case.changes == ()) and case.error is None for case in cases)
    assert any(case.ops for case in cases)
    assert any(case.raises is not None for case in cases)


def host_of(case: Case) -> FakeHost:
    files: Mapping[str, str | FakeNode] = {
        path: node.as_fake() if isinstance(node, Node) else node for path, node in case.given.items()
    }
    tools: list[FakeTool] = []
    if case.accounts and not case.image:
        tools.append(FakeAccounts())
    if case.packages is not None:
        given = case.packages
        tools.append(FakePackages(given.tool, given.installed, given.available, given.held))
    if case.services is not None:
        tools.append(FakeServices(case.services))
        files = {**files, "/run/systemd/system": FakeNode.directory()}
    tools += [_TOOLS[name](**given) for name, given in case.tools.items()]
    return FakeHost(
        files, answers=case.answers, guards=case.guards, programs=case.programs, tools=tools, image=case.image
    )


def _planned(
    kind: Resource[Any, Any], case: Case, host: FakeHost
) -> tuple[Spec | None, list[Op], VigoError | msgspec.ValidationError | None]:
    """Return the typed fields, the operations and the error that ended them, and check that reading changed nothing."""
    before, spec, ops = host.snapshot(), None, []
    try:
        spec = msgspec.convert(case.spec, kind.spec)
        kind.validate(spec)
        for op in kind.plan(spec, kind.observe(spec, host)):  # what came before an error counts too
            ops.append(op)  # noqa: PERF402 - extend would say the same less clearly
    except (VigoError, msgspec.ValidationError) as error:
        return spec, ops, error
    finally:
        assert host.snapshot() == before
    return spec, ops, None


def _assert_error(error: VigoError | msgspec.ValidationError | None, case: Case) -> None:
    if case.error is None:
        assert error is None, error
        return
    code, part = case.error
    assert error is not None, "an error was expected"
    assert part in str(error)
    assert (error.code if isinstance(error, VigoError) else "invalid") == code


def _assert_then(then: Mapping[str, str | Node | None], host: FakeHost) -> None:
    snapshot = host.snapshot()
    for path, wanted in then.items():
        node = snapshot.get(path)
        if wanted is None or node is None:
            assert node is None and wanted is None, f"{path}: {node}"  # noqa: PT018 - both say the same
        elif isinstance(wanted, Node):
            assert wanted.agrees_with(node), f"{path}: {node}"
        else:
            assert node.content.decode() == wanted, path
