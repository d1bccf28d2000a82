"""What an agent does with tasks: real programs, real files, and a stream that comes and goes."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import enrolled
from vigo.agent.host.process import Ending
from vigo.agent.host.run_task import run_task
from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.marks import MARGIN
from vigo.agent.tasks.desk import GONE, NOT_BEGUN, STOPPED, TaskDesk
from vigo.agent.tasks.records import FOLDER, Kept, TaskRecords
from vigo.core.errors import UnavailableError
from vigo.core.ids import EnvoyId, TaskId, new_task_id
from vigo.core.orders import SignedOrder
from vigo.core.signing import SigningKey
from vigo.core.task import HEAD_BYTES, MOST_AT_ONCE, TAIL_BYTES, TaskEnd, TaskOrder, sign_order
from vigo.core.wire.stream_messages import (
    AgentMessage,
    CancelTask,
    StartTask,
    TaskEnded,
    TaskOutput,
    TaskStarted,
    TaskStored,
)
from vigo.testing.clock import FakeClock
from vigo.testing.fake_server import FakeServer

Story = Callable[["Desk"], Awaitable[None]]


class Desk:
    """A desk with a stream on which all that is said is kept."""

    def __init__(self, folder: IdentityFolder, server: FakeServer, identity: Identity) -> None:
        self.folder = folder
        self.clock = FakeClock(datetime.now(UTC))
        self.said: list[AgentMessage] = []
        self.identity = identity
        self._key = server.policy_key
        self.desk: TaskDesk

    def order(self, command: str, **changes: Any) -> TaskOrder:
        values: dict[str, Any] = {
            "task": new_task_id(),
            "envoy": self.identity.envoy,
            "command": command,
            "timeout": timedelta(seconds=60),
            "not_after": self.clock.now() + timedelta(hours=1),
        }
        return TaskOrder(**values | changes)

    def signed(self, order: TaskOrder, key: SigningKey | None = None) -> SignedOrder:
        return sign_order(order, key or self._key)

    async def start(self, order: TaskOrder, output_from: int = 0) -> TaskId:
        await self.desk.hear(StartTask(self.signed(order), output_from))
        return order.task

    async def run(self, command: str, **changes: Any) -> TaskEnd:
        """Run something to its end."""
        return await self.end(await self.start(self.order(command, **changes)))

    async def end(self, task: TaskId) -> TaskEnd:
        async with asyncio.timeout(20):
            while True:
                for message in self.said:
                    if isinstance(message, TaskEnded) and message.task == task:
                        return message.end
                await asyncio.sleep(0.005)

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110 - what is waited for happens in other threads too
                await asyncio.sleep(0.005)

    def output(self, task: TaskId) -> bytes:
        """Return what was told of a task's output, and fail where a part comes twice."""
        parts = [one for one in self.said if isinstance(one, TaskOutput) and one.task == task]
        assert all(one.offset + len(one.data) <= two.offset for one, two in pairwise(parts))
        return b"".join(one.data for one in parts)

    def renewed(self, run: Callable[..., Ending] = run_task) -> None:
        """Let there be another agent, as after a start."""
        self.desk = TaskDesk(self.folder, run, self.clock)
        self.desk.start()
        self.attach()

    def attach(self) -> None:
        self.said = []
        said = self.said

        async def say(message: AgentMessage) -> None:
            said.append(message)

        self.desk.attach(say)

    def live(self, story: Story) -> None:
        async def whole() -> None:
            self.renewed()
            try:
                await story(self)
            finally:
                await self.desk.end()

        asyncio.run(whole())


@pytest.fixture
def desk(folder: IdentityFolder, server: FakeServer) -> Desk:
    return Desk(folder, server, enrolled(folder, server))


def test_what_is_printed_and_how_it_ended_is_told_in_order(desk: Desk) -> None:
    async def story(desk: Desk) -> None:
        order = desk.order("echo out; echo err >&2; exit 4")
        end = await desk.end(await desk.start(order))
        assert (end.state, end.exit_code, end.output_bytes) == ("failed", 4, 8)
        assert end.duration_ms > 0
        assert desk.said[0] == TaskStarted(order.task)
        assert desk.output(order.task) == b"out\nerr\n"
        assert desk.said[-1] == TaskEnded(order.task, end)
        killed = await desk.run("kill -9 $$")
        assert (killed.state, killed.exit_code) == ("failed", 137)

    desk.live(story)


def test_05_an_order_is_carried_out_once_however_often_it_comes(desk: Desk, tmp_path: Path) -> None:
    counted = tmp_path / "runs"

    async def story(desk: Desk) -> None:
        order = desk.order(f"echo x >>{counted}; echo ok")
        end = await desk.end(await desk.start(order))
        for _ in range(3):
            desk.attach()
            await desk.start(order, output_from=1)
            assert desk.said == [TaskOutput(order.task, 1, b"k\n"), TaskEnded(order.task, end)]
            desk.renewed()
        await desk.desk.hear(TaskStored(order.task))
        desk.attach()
        await desk.start(order)
        assert desk.said == [TaskEnded(order.task, TaskEnd(state="lost", reason=GONE))]
        assert counted.read_text() == "x\n"

    desk.live(story)


def test_08_what_the_policy_key_did_not_sign_is_not_even_answered(desk: Desk, tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        order = desk.order(f"touch {tmp_path}/ran")
        good = desk.signed(order)
        for bad in (
            desk.signed(order, SigningKey.generate()),
            SignedOrder(desk.signed(desk.order("true")).content, good.signature),
            SignedOrder(good.content + b"x", good.signature),
            SignedOrder(b"", b""),
        ):
            await desk.desk.hear(StartTask(bad))
        assert desk.said == []
        assert not (tmp_path / "ran").exists()

    desk.live(story)


def test_what_is_not_for_it_or_too_late_is_not_started(desk: Desk, tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        touch = f"touch {tmp_path}/ran"
        other = await desk.run(touch, envoy=EnvoyId("00000000-0000-4000-8000-000000000000"))
        assert (other.state, other.reason) == ("refused", "this task is another envoy's")
        late = await desk.run(touch, not_after=desk.clock.now() - timedelta(seconds=1))
        assert (late.state, "by this machine's clock" in late.reason) == ("expired", True)
        unknown = await desk.run(touch, user="nobody-of-this-name")
        assert (unknown.state, "does not exist" in unknown.reason) == ("refused", True)
        assert not (tmp_path / "ran").exists()

    desk.live(story)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run as another user")
def test_it_runs_as_whom_it_is_for_and_as_nice_as_asked(desk: Desk) -> None:
    async def story(desk: Desk) -> None:
        order = desk.order("id -un; nice; echo $HOME", user="nobody", nice=7)
        assert (await desk.end(await desk.start(order))).state == "succeeded"
        assert desk.output(order.task).split()[:2] == [b"nobody", b"7"]

    desk.live(story)


def test_no_more_than_so_many_run_at_a_time_and_each_can_be_ended(desk: Desk) -> None:
    async def story(desk: Desk) -> None:
        tasks = [await desk.start(desk.order("sleep 300")) for _ in range(MOST_AT_ONCE)]
        await desk.until(lambda: desk.said.count(TaskStarted(tasks[-1])))
        assert (await desk.run("true")).state == "refused"
        for task in tasks:
            await desk.desk.hear(CancelTask(task))
        for task in tasks:
            end = await desk.end(task)
            assert (end.state, end.exit_code) == ("cancelled", 143)
        assert (await desk.run("true")).state == "succeeded"

    desk.live(story)


def test_a_cancelled_task_that_never_came_never_starts_and_one_that_ended_says_so(desk: Desk) -> None:
    async def story(desk: Desk) -> None:
        unknown = new_task_id()
        await desk.desk.hear(CancelTask(unknown))
        assert desk.said == [TaskEnded(unknown, TaskEnd(state="cancelled", reason=NOT_BEGUN))]
        task = await desk.start(desk.order("echo ok"))
        end = await desk.end(task)
        desk.attach()
        await desk.desk.hear(CancelTask(task))
        assert desk.said == [TaskOutput(task, 0, b"ok\n"), TaskEnded(task, end)]

    desk.live(story)


def test_a_stopped_agent_ends_what_runs_and_the_next_one_tells(desk: Desk) -> None:
    async def story(desk: Desk) -> None:
        order = desk.order("echo begun; sleep 300")
        task = await desk.start(order)
        await desk.until(lambda: desk.output(task))
        desk.desk.detach()
        await desk.desk.end()
        desk.renewed()
        await desk.start(order)
        end = await desk.end(task)
        assert (end.state, end.reason) == ("lost", STOPPED)
        assert desk.output(task) == b"begun\n"

    desk.live(story)


def test_without_a_stream_a_task_goes_on_and_is_told_on_the_next(desk: Desk, tmp_path: Path) -> None:
    go = tmp_path / "go"

    async def story(desk: Desk) -> None:
        order = desk.order(f"echo one; until [ -e {go} ]; do sleep 0.01; done; echo two")
        task = await desk.start(order)
        await desk.until(lambda: desk.output(task) == b"one\n")
        desk.desk.detach()
        go.touch()
        await desk.until(lambda: TaskRecords(desk.folder.state_dir).ended(task))
        desk.attach()
        await desk.start(order, output_from=4)
        assert (await desk.end(task)).state == "succeeded"
        assert desk.output(task) == b"two\n"

    desk.live(story)


@pytest.mark.parametrize("asks", ["while it is noted", "later"])
def test_a_stream_that_begins_while_the_end_is_noted_costs_no_output(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    noting, go_on = threading.Event(), threading.Event()
    finish = TaskRecords.finish

    def slowly(records: TaskRecords, task: TaskId, kept: Kept) -> None:
        noting.set()
        go_on.wait(20)
        finish(records, task, kept)

    monkeypatch.setattr(TaskRecords, "finish", slowly)

    async def story(desk: Desk) -> None:
        order = desk.order("echo one; echo two")
        task = await desk.start(order)
        await desk.until(noting.is_set)
        desk.attach()
        if asks == "while it is noted":
            await desk.start(order, output_from=4)
        go_on.set()
        await desk.until(lambda: TaskRecords(desk.folder.state_dir).ended(task))
        if asks == "later":
            await desk.start(order, output_from=4)
        assert (await desk.end(task)).output_bytes == 8
        assert desk.output(task) == b"two\n"

    desk.live(story)


def test_a_stream_that_begins_while_the_rest_is_told_asks_for_it_itself(desk: Desk) -> None:
    told = asyncio.Event()

    async def story(desk: Desk) -> None:
        async def stuck(message: AgentMessage) -> None:
            if isinstance(message, TaskOutput):
                desk.attach()
                told.set()
                raise UnavailableError("gone")

        desk.desk.attach(stuck)
        order = desk.order("echo one")
        task = await desk.start(order)
        await told.wait()
        await desk.until(lambda: TaskRecords(desk.folder.state_dir).ended(task))
        await desk.start(order)
        assert (await desk.end(task)).output_bytes == 4
        assert desk.output(task) == b"one\n"

    desk.live(story)


def test_a_stream_that_breaks_costs_no_output(desk: Desk, tmp_path: Path) -> None:
    go = tmp_path / "go"

    async def story(desk: Desk) -> None:
        order = desk.order(f"echo one; until [ -e {go} ]; do sleep 0.01; done; echo two")
        task = await desk.start(order)
        await desk.until(lambda: desk.output(task) == b"one\n")

        async def broken(_: AgentMessage) -> None:
            raise UnavailableError("gone")

        desk.desk.attach(broken)
        desk.attach()
        await desk.start(order, output_from=2)
        await desk.until(lambda: desk.output(task))
        assert desk.said[0] == TaskStarted(task)
        go.touch()
        await desk.end(task)
        assert desk.output(task) == b"e\ntwo\n"

    desk.live(story)


def test_of_much_output_the_begin_and_the_end_are_told(desk: Desk) -> None:
    async def story(desk: Desk) -> None:
        order = desk.order("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end")
        task = await desk.start(order)
        end = await desk.end(task)
        assert end.output_bytes == 3_000_000 + len("\nthe end\n")
        told = desk.output(task)
        assert len(told) == HEAD_BYTES + TAIL_BYTES
        assert told.endswith(b"x\nthe end\n")

    desk.live(story)


def test_28_a_task_that_cannot_be_noted_is_not_started(desk: Desk, tmp_path: Path) -> None:
    """As with a full disk: else it could be run twice."""
    (desk.folder.state_dir / FOLDER).write_text("in the way")

    async def story(desk: Desk) -> None:
        end = await desk.run(f"touch {tmp_path}/ran")
        assert end.state == "refused"
        assert not (tmp_path / "ran").exists()

    desk.live(story)


def test_28_a_damaged_end_is_told_as_lost(desk: Desk) -> None:
    async def story(desk: Desk) -> None:
        order = desk.order("true")
        task = await desk.start(order)
        await desk.end(task)
        (desk.folder.state_dir / FOLDER / f"{task}.end").write_bytes(b"\xff\x00")
        desk.attach()
        await desk.start(order)
        assert (await desk.end(task)).state == "lost"

    desk.live(story)


def test_what_lapsed_long_ago_is_forgotten(desk: Desk) -> None:
    async def story(desk: Desk) -> None:
        order = desk.order("true")
        await desk.end(await desk.start(order))
        place = desk.folder.state_dir / FOLDER
        assert any(place.iterdir())
        desk.clock.advance(timedelta(hours=1) + MARGIN)
        desk.renewed()
        assert any(place.iterdir()), "its order has not lapsed for long enough"
        desk.clock.advance(timedelta(seconds=1))
        desk.renewed()
        assert not any(place.iterdir())

    desk.live(story)


def test_24_a_machine_that_is_refused_ends_what_it_runs(desk: Desk) -> None:
    async def story(desk: Desk) -> None:
        task = await desk.start(desk.order("sleep 300"))
        await desk.until(lambda: TaskStarted(task) in desk.said)
        desk.desk.stop_all("the server refuses this machine")
        end = await desk.end(task)
        assert (end.state, end.reason) == ("lost", "the server refuses this machine")

    desk.live(story)


def test_05_an_order_that_comes_twice_at_once_runs_once(desk: Desk, tmp_path: Path) -> None:
    counted = tmp_path / "runs"

    async def story(desk: Desk) -> None:
        order = desk.order(f"echo x >>{counted}")
        await desk.start(order)
        await desk.start(order)
        assert (await desk.end(order.task)).state == "succeeded"
        assert counted.read_text() == "x\n"

    desk.live(story)
