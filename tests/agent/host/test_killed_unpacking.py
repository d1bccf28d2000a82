"""Unpacking and removing that is killed at one step or another, and what the next run makes of it."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host.archives import OF_ONE, OF_TWO, ONE, TWO, record_in, seen, sha256, unpacking
from tests.agent.host.conftest import World
from vigo.catalog.formats.archive_record import RECORD
from vigo.catalog.ops.unpack_archive import RemoveUnpacked

FORKING = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@pytest.fixture
def opt(world: World) -> Path:
    (world.root / "opt").mkdir()
    return world.root / "opt"


def killed_at(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, call: int) -> Callable[[], None]:
    """Have this process be killed at a call of a function."""
    real, count = getattr(place, name), iter(range(1, 1000))

    def killing(*given: Any, **named: Any) -> Any:
        if next(count) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)

    return lambda: monkeypatch.setattr(place, name, killing)


def in_a_child(work: Callable[[], None]) -> int:
    """Return the signal that ended a child, or 0."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


@FORKING
@pytest.mark.parametrize("call", [1, 3, 6, 9, 12])
@pytest.mark.parametrize("step", ["mkdir", "open", "rename", "unlink", "fsync", "symlink", "rmdir"])
@pytest.mark.parametrize("is_there", [False, True], ids=["new", "update"])
def test_a_kill_at_any_step_is_repaired_by_the_next_run(
    is_there: bool,  # noqa: FBT001 - a parameter of the test
    step: str,
    call: int,
    world: World,
    opt: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if is_there:
        world.execute(unpacking(world, ONE))
        (opt / "tool/mine").write_text("mine")
    op = unpacking(world, TWO if is_there else ONE)
    arm = killed_at(monkeypatch, os, step, call)

    def work() -> None:
        arm()
        world.execute(op)

    ended_by = in_a_child(work)
    assert ended_by == signal.SIGKILL or call > 1 or step == "rmdir"
    if not is_there and (opt / "tool").exists():
        assert seen(opt / "tool") == OF_ONE, "a new folder is never half there"
    assert not (opt / "tool/mine").exists() or (opt / "tool/mine").read_text() == "mine"
    if is_there and record_in(opt / "tool").sha256 not in (sha256(ONE), sha256(TWO)):
        assert not record_in(opt / "tool").is_whole
    world.execute(op)
    assert seen(opt / "tool") == ({**OF_TWO, "mine": "mine"} if is_there else OF_ONE)
    assert [one.name for one in opt.iterdir()] == ["tool"]
    assert record_in(opt / "tool").sha256 == op.sha256


@FORKING
@pytest.mark.parametrize("call", [1, 2, 4, 6])
@pytest.mark.parametrize("step", ["unlink", "rmdir"])
def test_a_kill_within_the_removal_is_ended_by_the_next_run(
    step: str, call: int, world: World, opt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.execute(unpacking(world, ONE))
    arm = killed_at(monkeypatch, os, step, call)

    def work() -> None:
        arm()
        world.execute(RemoveUnpacked(path="/opt/tool"))

    in_a_child(work)
    if (opt / "tool" / RECORD).exists():
        world.execute(RemoveUnpacked(path="/opt/tool"))
    assert seen(opt) in ({}, {"tool": "755"})
