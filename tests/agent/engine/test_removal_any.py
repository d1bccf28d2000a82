"""Any resources over any files, plan after plan: when all are gone again, the files are what they were."""

from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.agent.engine.removing import Machine, resource
from vigo.catalog.scan import resource_kinds
from vigo.core.plan import PlannedResource
from vigo.testing.fake_host import FakeHost, FakeNode

PATHS = ("/a", "/b", "/d", "/d/x", "/d/y", "/l", "/new", "/new/x")
TEXTS = st.sampled_from(["", "one\n", "two\n", "one\ntwo\n", "no end", "Port 22\n#Port 23\nlast"])
# A new owner takes the set-user-id bit away, and undoing does not give it back to content that it does not know.
MODES = st.sampled_from([0o600, 0o644, 0o755])
OWNERS = st.sampled_from([0, 5])
STATES = st.sampled_from(["present", "present", "present", "absent"])
FILE_NODES = st.builds(
    lambda content, mode, uid, gid: FakeNode(content=content.encode(), mode=mode, uid=uid, gid=gid),
    TEXTS,
    MODES,
    OWNERS,
    OWNERS,
)
LINKS = st.sampled_from(["/a", "/nowhere", "x"]).map(FakeNode.symlink)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, str | FakeNode]:
    """Return files: some, a directory that may hold some, a symlink, and always two to edit line by line."""
    files: dict[str, str | FakeNode] = {"/lines": draw(FILE_NODES), "/less": draw(FILE_NODES)}
    for path in draw(st.sets(st.sampled_from(["/a", "/b", "/d/x", "/d/y"]))):
        files[path] = draw(FILE_NODES)
    if draw(st.booleans()):
        files["/d"] = FakeNode.directory(draw(MODES), draw(OWNERS))
    if draw(st.booleans()):
        files["/l"] = draw(LINKS)
    return files


def present_or_absent(more: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return fields with some of these, or a state of absent alone."""
    optional = st.fixed_dictionaries({}, optional=more)
    return STATES.flatmap(lambda state: optional if state == "present" else st.just({"state": "absent"}))


METADATA = {"mode": MODES.map("{:04o}".format), "owner": OWNERS.map(str), "group": OWNERS.map(str)}
FIELDS = {
    "file": present_or_absent({"content": TEXTS, **METADATA}),
    "directory": present_or_absent(METADATA),
    "symlink": st.fixed_dictionaries({"to": st.sampled_from(["/a", "/b", "x"]), "force": st.booleans()}),
    "file_line": st.fixed_dictionaries(
        {"path": st.just("/lines"), "line": st.sampled_from(["Port 1", "Port 2", "one"])},
        optional={"match": st.sampled_from(["^#Port", "^P.*2$", "^o"])},
    )
    # Elsewhere, since a line that one resource puts in and another one takes out stays among what was taken out.
    | st.fixed_dictionaries(
        {"path": st.just("/less"), "match": st.sampled_from(["^#?Port", "o", "^$"]), "state": st.just("absent")}
    ),
}


@st.composite
def resources(draw: st.DrawFn, name: str) -> PlannedResource:
    kind = draw(st.sampled_from(sorted(FIELDS)))
    return resource(name, kind, **{"path": draw(st.sampled_from(PATHS)), **draw(FIELDS[kind])})


@st.composite
def plans(draw: st.DrawFn) -> list[PlannedResource]:
    """Return resources of which each owns another thing, as every plan's do."""
    found, owned = [], set[str]()
    for name in draw(st.sets(st.sampled_from(["r", "s", "t"]))):
        one = draw(resources(name))
        kind = resource_kinds()[one.type]
        names = set(kind.owns(kind.spec(**one.fields)))
        if not names & owned:
            owned |= names
            found.append(one)
    return found


def with_line_feed(files: Mapping[str, FakeNode]) -> dict[str, FakeNode]:
    """Return the files, with the line feed that the last line has got where several lines came and went."""
    lines = files["/lines"]
    content = lines.content if lines.content.endswith(b"\n") or not lines.content else lines.content + b"\n"
    return {**files, "/lines": msgspec.structs.replace(lines, content=content)}


@settings(max_examples=300)
@given(
    files=worlds(),
    history=st.lists(plans(), min_size=1, max_size=4),
    kills=st.dictionaries(st.integers(0, 4), st.integers(0, 20), max_size=2),
)
def test_when_all_is_gone_again_the_files_are_what_they_were(
    files: dict[str, str | FakeNode], history: list[list[PlannedResource]], kills: dict[int, int]
) -> None:
    machine = Machine(FakeHost(files))
    before = machine.files()
    for number, plan in enumerate([*history, []]):
        if number in kills:
            machine.killed_at(kills[number], lambda one, plan=plan: one.run(*plan))  # type: ignore[misc]
        else:
            machine.run(*plan)
    # What holds another removal up may itself go only later in the same run.
    results = [machine.run() for _ in range(4)][-1]
    event("blocked" if results else "all back")
    assert {one.outcome for one in results.values()} <= {"blocked"}, results
    if not results:
        assert with_line_feed(machine.files()) == with_line_feed(before)
