"""What only the fake has; that it reads like the real host is the contract suite's to say (tests/contracts/host)."""

import pytest

from vigo.catalog.api import Command, ReadHost
from vigo.catalog.ops import (
    MakeDirectory,
    MakeHardLink,
    MakeSymlink,
    Op,
    RemoveDirectory,
    RemoveFile,
    Run,
    SetMode,
    WriteFile,
)
from vigo.core.errors import InvalidError, UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode


def test_the_fake_is_a_read_host_for_the_type_checker() -> None:
    host: ReadHost = FakeHost({"/a": "x"})
    assert host.read_text("/a") == "x"


def test_parents_are_made() -> None:
    host = FakeHost({"/a/b/c": "x"})
    assert host.list_directory("/") == ("a",)
    assert host.list_directory("/a") == ("b",)


def test_a_host_that_cannot_be_is_refused() -> None:
    with pytest.raises(LookupError, match="impossible host"):
        FakeHost({"/a": "x", "/a/b": "y"})
    with pytest.raises(LookupError, match="absolute"):
        FakeHost({"a": "x"})


def test_a_question_without_an_answer_is_a_fault_of_the_test() -> None:
    host = FakeHost(programs=["dpkg"])
    assert host.query(["rpm", "-qa"]) is None
    with pytest.raises(LookupError, match="no answer"):
        host.query(["dpkg", "-l"])
    with pytest.raises(LookupError, match="guard"):
        host.check(Command(argv=("true",)))


def test_symlinks_resolve_inside_the_root() -> None:
    host = FakeHost({"/in/a": "x", "/up": FakeNode.symlink("../../../in"), "/loop": FakeNode.symlink("loop")})
    assert host.read_text("/up/a") == "x"
    with pytest.raises(UnavailableError, match="symlinks"):
        host.read_text("/loop")


def test_a_write_that_is_not_accepted_replaces_nothing() -> None:
    host = FakeHost({"/a": "old"}, guards={"check %": 1})
    with pytest.raises(InvalidError, match="nothing was replaced"):
        host.apply(WriteFile(path="/a", content=b"new", validate=("check", "%")))
    assert host.read_text("/a") == "old"


@pytest.mark.parametrize(
    "op",
    [
        WriteFile(path="/none/a", content=b""),
        WriteFile(path="/d", content=b""),
        MakeDirectory(path="/none/a"),
        MakeDirectory(path="/f"),
        MakeSymlink(path="/d", to="x"),
        MakeHardLink(path="/h", to="/none"),
        MakeHardLink(path="/h", to="/d"),
        RemoveFile(path="/d"),
        RemoveFile(path="/none"),
        RemoveDirectory(path="/d"),
        RemoveDirectory(path="/f"),
        SetMode(path="/l", mode=0o600),
        SetMode(path="/none", mode=0o600),
    ],
    ids=lambda op: op.summary(),
)
def test_an_operation_that_cannot_be_carried_out_changes_nothing(op: Op) -> None:
    host = FakeHost({"/d/x": "x", "/f": "x", "/l": FakeNode.symlink("/f")})
    before = host.snapshot()
    with pytest.raises(UnavailableError):
        host.apply(op)
    assert host.snapshot() == before


def test_a_replaced_file_leaves_its_hard_links_as_they_were() -> None:
    host = FakeHost({"/a": "x"})
    host.apply(MakeHardLink(path="/b", to="/a"))
    stat = host.stat("/a")
    assert stat is not None
    assert stat.links == 2
    host.apply(WriteFile(path="/a", content=b"y", break_links=True))
    assert host.read_text("/b") == "x"


def test_programs_that_run_are_recorded() -> None:
    host = FakeHost()
    host.apply(Run(argv=("true",)))
    assert [run.argv for run in host.runs] == [("true",)]
