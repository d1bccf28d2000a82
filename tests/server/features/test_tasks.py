"""Tasks on the server: told over real streams, one final state each, whatever an envoy says or leaves unsaid."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from tests.server.features.test_streams import heard, held
from tests.server.harness import Machine, Server, served
from vigo.agent.link.channel import OpenStream
from vigo.core.errors import UnauthenticatedError
from vigo.core.ids import TaskId
from vigo.core.signing import VerifyKey
from vigo.core.task import HEAD_BYTES, TAIL_BYTES, TaskEnd, open_order
from vigo.core.wire.stream_messages import (
    AgentMessage,
    Beat,
    CancelTask,
    ServerMessage,
    StartTask,
    StreamOpened,
    TaskEnded,
    TaskOutput,
    TaskStarted,
    TaskStored,
    agent_message_to_bytes,
)
from vigo.server.features.streams.service import COMES_BACK_WITHIN
from vigo.server.features.tasks.driver import CANCEL_WITHIN, END_WITHIN, RETURN_WITHIN, START_WITHIN
from vigo.server.features.tasks.live import KeptOutput
from vigo.server.features.tasks.models import EndEvent, StateEvent
from vigo.server.platform.auth.actor import EVERYTHING, Actor
from vigo.server.platform.db.tables import audit, tasks

WELL = TaskEnd(state="succeeded", exit_code=0, duration_ms=5.0, output_bytes=3)


class Ears:
    """An envoy that holds its stream, and does as the test says."""

    def __init__(self, stream: OpenStream) -> None:
        self._stream = stream

    async def next(self) -> ServerMessage:
        """Return the next message that is no beat."""
        while isinstance(message := await heard(self._stream), Beat):
            pass
        return message

    async def told_to_start(self) -> TaskId:
        message = await self.next()
        assert isinstance(message, StartTask), message
        return TaskId(msgspec.msgpack.decode(message.order.content)["task"])

    async def say(self, *messages: AgentMessage) -> None:
        for message in messages:
            await self._stream.send(agent_message_to_bytes(message))

    async def does_well(self) -> None:
        task = await self.told_to_start()
        await self.say(TaskStarted(task), TaskOutput(task, 0, b"ok\n"), TaskEnded(task, WELL))
        assert await self.next() == TaskStored(task)


@asynccontextmanager
async def envoys(server: Server, tmp: Path, *names: str) -> AsyncIterator[list[Ears]]:
    async with AsyncExitStack() as stack:
        machines = [await stack.enter_async_context(await Machine.enrolled(server, tmp / name, name)) for name in names]
        yield [await listening(stack, machine) for machine in machines]


async def listening(stack: AsyncExitStack, machine: Machine) -> Ears:
    ears = Ears(await stack.enter_async_context(held(machine)))
    assert isinstance(await ears.next(), StreamOpened)
    return ears


async def begun(server: Server, status: int = 201, **wanted: Any) -> Any:
    body = {"target": {"everyone": True}, "command": "true", **wanted}
    answer = await server.request("POST", "/api/v1/tasks", body)
    assert answer.status_code == status, answer.text
    return answer.json()["id"] if status == 201 else answer.json()


async def shown(server: Server, task: str) -> Any:
    return (await server.request("GET", f"/api/v1/tasks/{task}")).json()


async def states(server: Server, task: str) -> list[str]:
    return [one["state"] for one in (await shown(server, task))["targets"]]


async def until_ended(server: Server, task: str) -> Any:
    async with asyncio.timeout(20):
        while (found := await shown(server, task))["ended_at"] is None:  # noqa: ASYNC110 - over the network
            await asyncio.sleep(0.01)
    return found


async def until_states(server: Server, task: str, *wanted: str) -> None:
    async with asyncio.timeout(20):
        while tuple(await states(server, task)) != wanted:  # noqa: ASYNC110 - it is asked over the network
            await asyncio.sleep(0.01)


async def later(server: Server, time: timedelta) -> None:
    server.clock.advance(time + timedelta(seconds=1))
    await server.app.driver.sweep()


def acts(server: Server) -> Sequence[tuple[str, str]]:
    """Return what was done to what, by the audit trail."""
    query = select(audit.c.action, audit.c.subject).order_by(audit.c.number)
    return server.app.database.read_now(lambda found: [tuple(row) for row in found.execute(query)])


@served
async def test_an_order_is_signed_for_one_envoy_and_its_life_is_told(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1") as (web,):
        task = await begun(server, command="echo ok", user="www-data", nice=5, timeout_seconds=7)
        start = await web.next()
        assert isinstance(start, StartTask)
        keys = tuple(VerifyKey(bytes.fromhex(key)) for key in server.app.keyring.trust.policy_keys)
        order = open_order(start.order, keys)
        record = server.app.envoys.index.named("web-1")
        assert record is not None
        assert (order.task, order.envoy, order.command) == (task, record.id, "echo ok")
        assert (order.user, order.nice, order.timeout) == ("www-data", 5, timedelta(seconds=7))
        assert await states(server, task) == ["sent"]
        await web.say(TaskStarted(order.task), TaskOutput(order.task, 0, b"ok\n"))
        async with server.client() as client, client.stream("GET", f"/api/v1/tasks/{task}/events") as answer:
            told = (json.loads(line) async for line in answer.aiter_lines())
            assert (await anext(told))["event"] in ("state", "output")
            await web.say(TaskEnded(order.task, WELL))
            events = [one async for one in told if one["event"] != "beat"]
        assert events[-1] == {"event": "end", "counts": {"succeeded": 1}}
        assert events[-2]["target"]["state"] == "succeeded"
        assert await web.next() == TaskStored(order.task)
        (one,) = (await until_ended(server, task))["targets"]
        assert (one["output"], one["exit_code"], one["duration_ms"]) == ("ok\n", 0, 5.0)
        assert one["started_at"] <= one["ended_at"]
        assert acts(server)[-2:] == [("tasks.run", task), ("tasks.ended", task)]


@served
async def test_the_first_final_state_stays(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1") as (web,):
        task = await begun(server)
        await web.does_well()
        await until_ended(server, task)
        await web.say(TaskEnded(TaskId(task), TaskEnd(state="failed", exit_code=1)))
        assert await web.next() == TaskStored(TaskId(task))
        await web.say(TaskOutput(TaskId(task), 3, b"more"))
        assert await web.next() == CancelTask(TaskId(task))
        (one,) = (await shown(server, task))["targets"]
        assert (one["state"], one["output"]) == ("succeeded", "ok\n")


@served
async def test_03_what_another_envoy_says_of_a_task_counts_for_nothing(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1", "web-2") as (web, other):
        task = await begun(server, target={"hosts": ["web-1"]})
        await web.told_to_start()
        await other.say(TaskStarted(TaskId(task)), TaskEnded(TaskId(task), TaskEnd(state="failed", exit_code=1)))
        assert await other.next() == CancelTask(TaskId(task))
        assert await other.next() == TaskStored(TaskId(task))
        assert await states(server, task) == ["sent"]


@served
async def test_who_is_not_heard_of_is_lost_in_time(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1", "web-2") as (web, other):
        task = await begun(server, timeout_seconds=100)
        await web.told_to_start()
        await web.say(TaskStarted(await other.told_to_start()))
        await until_states(server, task, "running", "sent")
        await later(server, START_WITHIN)
        await until_states(server, task, "running", "lost")
        await later(server, timedelta(seconds=100) + END_WITHIN - START_WITHIN)
        found = await until_ended(server, task)
        assert [one["state"] for one in found["targets"]] == ["lost", "lost"]
        assert [one["reason"] for one in found["targets"]] == [
            "it never said how it ended",
            "it was told to start and never said that it did",
        ]


@served
async def test_who_is_away_expires_at_once_but_for_a_start_of_the_server(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1"):
        early = await begun(server)
        assert await states(server, early) == ["waiting"]
        await later(server, RETURN_WITHIN)
        assert [one["state"] for one in (await until_ended(server, early))["targets"]] == ["expired"]
        late = await until_ended(server, await begun(server))
        assert [one["state"] for one in late["targets"]] == ["expired"]
        assert "not connected" in late["targets"][0]["reason"]
        queued = await begun(server, queue_offline_seconds=3600)
        assert await states(server, queued) == ["waiting"]
        await later(server, timedelta(hours=1))
        assert [one["state"] for one in (await until_ended(server, queued))["targets"]] == ["expired"]


@served
async def test_who_was_there_just_now_is_waited_for(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        async with AsyncExitStack() as stack:
            await listening(stack, machine)
            await later(server, RETURN_WITHIN)
        task = await begun(server)
        assert await states(server, task) == ["waiting"]
        async with AsyncExitStack() as stack:
            await (await listening(stack, machine)).does_well()
        assert (await until_ended(server, task))["counts"] == {"succeeded": 1}
        await later(server, COMES_BACK_WITHIN)
        assert (await until_ended(server, await begun(server)))["counts"] == {"expired": 1}


@served
async def test_a_batch_waits_for_the_one_before_it(server: Server, tmp: Path) -> None:
    names = [f"web-{number}" for number in range(4)]
    async with envoys(server, tmp, *names) as ears:
        task = await begun(server, batch="50%", concurrency=1)
        for number, one in enumerate(ears):
            assert (await states(server, task)).count("waiting") == 3 - number
            await one.does_well()
        assert (await until_ended(server, task))["counts"] == {"succeeded": 4}


@served
async def test_24_a_revoked_envoy_is_told_nothing_more(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        task = await begun(server, queue_offline_seconds=3600)
        await server.request("POST", "/api/v1/envoys/web-1/revoke")
        with pytest.raises(Exception, match="revoked"):
            async with held(machine) as stream:
                await heard(stream)
        await server.app.driver.sweep()
        (one,) = (await until_ended(server, task))["targets"]
        assert (one["state"], one["reason"]) == ("cancelled", "it was revoked before its turn came")
        assert "found none" in (await begun(server, 404))["detail"]


async def revoked_in_the_middle(server: Server, tmp: Path, tasks: list[str]) -> None:
    """Begin a task, revoke its envoy, and listen until its stream is cut."""
    async with envoys(server, tmp, "web-1") as (web,):
        tasks.append(await begun(server))
        await web.say(TaskStarted(await web.told_to_start()))
        await until_states(server, tasks[0], "running")
        await server.request("POST", "/api/v1/envoys/web-1/revoke")
        while True:
            await web.next()


@served
async def test_24_revoking_cuts_the_stream_and_ends_a_task(server: Server, tmp: Path) -> None:
    tasks: list[str] = []
    with pytest.raises(UnauthenticatedError, match="revoked"):
        await revoked_in_the_middle(server, tmp, tasks)
    await server.app.driver.sweep()
    (one,) = (await until_ended(server, tasks[0]))["targets"]
    assert (one["state"], "revoked while it ran" in one["reason"]) == ("lost", True)


@served
async def test_tasks_go_on_after_a_start_of_the_server(server: Server, tmp: Path) -> None:
    async with AsyncExitStack() as stack:
        machines = [
            await stack.enter_async_context(await Machine.enrolled(server, tmp / name, name)) for name in ("a-1", "b-1")
        ]
        async with AsyncExitStack() as streams:
            first = await listening(streams, machines[0])
            task = await begun(server, batch="1")
            await first.say(TaskStarted(await first.told_to_start()))
            await until_states(server, task, "running", "waiting")
        await server.restart()
        for machine in machines:
            await machine.reconnect()
            await machine.greet()
            ears = await listening(stack, machine)
            await ears.does_well()
        found = await until_ended(server, task)
        assert [one["state"] for one in found["targets"]] == ["succeeded", "succeeded"]


@served
async def test_10_what_cannot_be_run_is_refused(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1"):
        for wanted, field in (
            ({"command": ""}, "command"),
            ({"command": "a\0b"}, "command"),
            ({"command": "x" * 40_000}, "command"),
            ({"user": ""}, "user"),
            ({"user": "a\nb"}, "user"),
            ({"nice": 20}, "nice"),
            ({"timeout_seconds": 0}, "timeout_seconds"),
            ({"timeout_seconds": 1e9}, "timeout_seconds"),
            ({"queue_offline_seconds": -1}, "queue_offline_seconds"),
            ({"concurrency": 0}, "concurrency"),
            ({"max_failures": -1}, "max_failures"),
            ({"batch": "0"}, "batch"),
            ({"batch": "101%"}, "batch"),
            ({"batch": "٣"}, "batch"),
        ):
            assert (await begun(server, 400, **wanted))["detail"].startswith(field)
        for target in ({}, {"hosts": []}, {"hosts": [""]}):
            answer = await server.request("POST", "/api/v1/tasks", {"target": target, "command": "true"})
            assert answer.status_code in (400, 404)
        for path in ("tasks/x", f"tasks/{'0' * 36}", "tasks/00000000-0000-7000-8000-000000000000"):
            assert (await server.request("GET", f"/api/v1/{path}")).status_code in (400, 404)
        assert (await server.request("GET", "/api/v1/tasks")).json() == {"items": [], "next_cursor": None}


@served
async def test_30_nothing_is_run_where_it_cannot_be_audited(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1") as (web,):
        with server.app.database.writing.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone")
        await begun(server, 503)
        with server.app.database.writing.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO audit")
        task = await begun(server)
        assert await web.told_to_start() == task


@served
async def test_14_what_an_envoy_says_of_an_end_is_bounded(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1") as (web,):
        task = TaskId(await begun(server))
        await web.told_to_start()
        end = TaskEnd(
            state="failed", exit_code=-1, duration_ms=float("nan"), reason="x" * 9_000, output_bytes=2**64 - 1
        )
        await web.say(TaskOutput(task, 2**64 - 1, b"far"), TaskOutput(task, 5, b"gap"), TaskEnded(task, end))
        (one,) = (await until_ended(server, task))["targets"]
        assert (one["state"], one["duration_ms"], one["output_bytes"]) == ("failed", 0.0, 2**63 - 1)
        assert len(one["reason"]) == 2_000


@served
async def test_who_could_not_be_told_is_told_later(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1") as (web,):
        tasks = [await begun(server) for _ in range(3)]
        streams = server.app.streams
        real, streams.tell = streams.tell, lambda *_: False  # type: ignore[method-assign]
        tasks.append(await begun(server))
        assert (await server.request("POST", f"/api/v1/tasks/{tasks[0]}/cancel")).status_code == 200
        streams.tell = real  # type: ignore[method-assign]
        assert [await web.told_to_start() for _ in range(3)] == tasks[:3]
        await server.app.driver.sweep()
        assert {type(await web.next()), type(await web.next())} == {CancelTask, StartTask}
        await web.say(TaskEnded(TaskId(tasks[0]), TaskEnd(state="cancelled")))
        await until_ended(server, tasks[0])


@served
async def test_a_cancelled_task_of_who_is_gone_is_lost_in_time(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1") as (web,):
        task = await begun(server, timeout_seconds=86_400)
        await web.say(TaskStarted(await web.told_to_start()))
        await until_states(server, task, "running")
        await server.request("POST", f"/api/v1/tasks/{task}/cancel")
        assert await web.next() == CancelTask(TaskId(task))
        await later(server, CANCEL_WITHIN)
        assert [one["state"] for one in (await until_ended(server, task))["targets"]] == ["lost"]


@served
async def test_a_cancelled_task_is_cancelled_after_a_start_of_the_server_too(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        async with AsyncExitStack() as stack:
            web = await listening(stack, machine)
            task = TaskId(await begun(server))
            await web.say(TaskStarted(await web.told_to_start()))
            await until_states(server, task, "running")
        await server.request("POST", f"/api/v1/tasks/{task}/cancel")
        await server.restart()
        await machine.reconnect()
        await machine.greet()
        async with AsyncExitStack() as stack:
            web = await listening(stack, machine)
            assert await web.next() == CancelTask(task)
            await web.say(TaskEnded(task, TaskEnd(state="cancelled")))
            (one,) = (await until_ended(server, task))["targets"]
            assert (one["state"], one["reason"]) == ("cancelled", "cancelled by admin")


@served
async def test_who_watches_slowly_hears_the_end_of_every_machine(server: Server, tmp: Path) -> None:
    """Also of those that change while others are told."""
    names = [f"web-{number}" for number in range(4)]
    async with envoys(server, tmp, *names) as ears:
        task = TaskId(await begun(server))
        for one in ears:
            await one.told_to_start()
        watched = await server.app.tasks.watch(Actor("root", EVERYTHING), task)
        told = [await anext(watched)]
        for one in (ears[3], ears[0], ears[2], ears[1]):
            await one.say(TaskEnded(task, WELL))
            assert await one.next() == TaskStored(task)
            told.append(await anext(watched))
        told += [event async for event in watched]
        final = [event.target.hostname for event in told if isinstance(event, StateEvent) and event.target.ended_at]
        assert sorted(final) == names
        assert isinstance(told[-1], EndEvent)


@served
async def test_running_again_takes_the_envoys_that_are_left(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1", "web-2") as (web, _):
        task = await begun(server)
        await server.request("POST", "/api/v1/envoys/web-2/revoke")
        await web.does_well()
        await server.app.driver.sweep()
        await until_ended(server, task)
        answer = await server.request("POST", f"/api/v1/tasks/{task}/rerun", {"failed": True})
        assert (answer.status_code, "still enrolled" in answer.json()["detail"]) == (404, True)
        answer = await server.request("POST", f"/api/v1/tasks/{task}/rerun", {"failed": False})
        assert [one["hostname"] for one in answer.json()["items"]] == ["web-1"]
        await web.does_well()


@served
async def test_who_watches_is_let_go_when_the_server_stops(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1") as (web,):
        task = await begun(server)
        await web.told_to_start()
        async with server.client() as client, client.stream("GET", f"/api/v1/tasks/{task}/events") as answer:
            lines = answer.aiter_lines()
            assert json.loads(await anext(lines))["target"]["state"] == "sent"
            server.app.tasks.close()
            assert [line async for line in lines] == []


@given(st.binary(max_size=3), st.lists(st.integers(1, 40_000), max_size=40), st.data())
def test_what_is_kept_is_the_begin_and_the_end(seed: bytes, sizes: list[int], data: st.DataObject) -> None:
    """However it is cut, and though parts come twice."""
    whole = b"".join(bytes([number % 251]) * size for number, size in enumerate(sizes)) + seed
    head, tail_from = whole[:HEAD_BYTES], max(HEAD_BYTES, len(whole) - TAIL_BYTES)
    kept, at = KeptOutput(), 0
    while at < len(head):
        size = data.draw(st.integers(1, 32_768))
        kept.add(at, head[at : at + size])
        if data.draw(st.booleans()):
            kept.add(at, head[at : at + size])
        at += size
    for start in range(tail_from, len(whole), 32_768):
        kept.add(start, whole[start : start + 32_768])
    shown_text = kept.whole()
    assert shown_text.startswith(head)
    assert shown_text.endswith(whole[tail_from:])
    assert (b"bytes left out" in shown_text) == (len(whole) > HEAD_BYTES + TAIL_BYTES)
    assert kept.size_bytes <= HEAD_BYTES + TAIL_BYTES


async def check_ended(ears: Ears, task: str, end: TaskEnd = WELL) -> TaskId:
    """Take the check of a batch of a task, and end it."""
    check = await ears.told_to_start()
    assert check != task
    await ears.say(TaskStarted(check), TaskEnded(check, end))
    assert await ears.next() == TaskStored(check)
    return check


ILL = TaskEnd(state="timed-out", exit_code=1, reason="it did not do well within 60 s")


@served
async def test_a_batch_begins_once_the_one_before_is_healthy(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1", "web-2", "web-3") as (one, two, three):
        task = await begun(server, batch="1", health_check="http://127.0.0.1/", health_within_seconds=9, user="app")
        await one.does_well()
        assert await states(server, task) == ["succeeded", "waiting", "waiting"], "it is not known to be healthy"
        start = await one.next()
        assert isinstance(start, StartTask)
        order = open_order(
            start.order, tuple(VerifyKey(bytes.fromhex(key)) for key in server.app.keyring.trust.policy_keys)
        )
        assert (order.kind, order.command, order.user) == ("check", "http://127.0.0.1/", "app")
        assert order.timeout == timedelta(seconds=9)
        newest = (await server.request("GET", "/api/v1/tasks")).json()["items"][0]
        assert (newest["kind"], newest["command"]) == ("check", "http://127.0.0.1/")
        async with server.client() as client, client.stream("GET", f"/api/v1/tasks/{task}/events") as answer:
            await one.say(TaskStarted(order.task), TaskEnded(order.task, WELL))
            await two.does_well()
            check = await check_ended(two, task)
            await three.does_well()
            events = [json.loads(line) async for line in answer.aiter_lines()]
        assert [event["text"] for event in events if event["event"] == "note"] == [
            "batch 1 has ended; its health is checked on 1",
            "batch 1 is healthy",
            "batch 2 has ended; its health is checked on 1",
            "batch 2 is healthy",
        ]
        assert (await until_ended(server, task))["counts"] == {"succeeded": 3}
    assert ("tasks.check", check) in acts(server)


@served
async def test_what_is_not_healthy_ends_the_task(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1", "web-2") as (one, two):
        task = await begun(server, batch="50%", health_check="curl -f localhost")
        await one.does_well()
        check = await check_ended(one, task, ILL)
        found = await until_ended(server, task)
        assert [target["state"] for target in found["targets"]] == ["succeeded", "cancelled"]
        reason = found["targets"][1]["reason"]
        assert reason == (
            f"the health check after batch 1 did not do well on web-1; `vigocli task show {check}` says why"
        )
        assert (await shown(server, check))["targets"][0]["reason"] == ILL.reason
        assert await two.next() == TaskStored(TaskId(task)), "it was never told to start"


@served
async def test_the_health_of_a_batch_is_asked_for_also_by_a_server_that_was_started_anew(
    server: Server, tmp: Path
) -> None:
    async with AsyncExitStack() as stack:
        machines = [await stack.enter_async_context(await Machine.enrolled(server, tmp / n, n)) for n in ("a", "b")]
        async with AsyncExitStack() as streams:
            one, two = [await listening(streams, machine) for machine in machines]
            task = await begun(server, batch="1", health_check="true")
            await one.does_well()
            check = await one.told_to_start()
        await server.restart()
        for machine in machines:
            await machine.reconnect()
            await machine.greet()
        one, two = [await listening(stack, machine) for machine in machines]
        assert await one.told_to_start() == check, "it is the same check, and not another one"
        assert await states(server, task) == ["succeeded", "waiting"]
        await one.say(TaskStarted(check), TaskEnded(check, WELL))
        await two.does_well()
        assert (await until_ended(server, task))["counts"] == {"succeeded": 2}


@served
async def test_a_task_that_is_cancelled_cancels_its_check(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1", "web-2") as (one, _):
        task = await begun(server, batch="1", health_check="sleep 1000")
        await one.does_well()
        check = await one.told_to_start()
        await one.say(TaskStarted(check))
        await until_states(server, check, "running")
        await server.request("POST", f"/api/v1/tasks/{task}/cancel")
        assert await one.next() == CancelTask(check)
        await one.say(TaskEnded(check, TaskEnd(state="cancelled", reason="cancelled")))
        await until_states(server, task, "succeeded", "cancelled")
        assert (await until_ended(server, check))["counts"] == {"cancelled": 1}


@served
async def test_a_health_check_that_cannot_be_is_refused(server: Server, tmp: Path) -> None:
    async with envoys(server, tmp, "web-1"):
        for wanted, expected in (
            ({"health_check": "true"}, "expected a batch with it"),
            ({"health_check": "http://u:p@h/", "batch": "1"}, "health_check: expected"),
            ({"health_check": " ", "batch": "1"}, "expected a command or a URL"),
            (
                {"health_check": "true", "batch": "1", "health_within_seconds": 0},
                "health_within_seconds: expected more",
            ),
            ({"kind": "check"}, "kind: expected a command"),
            ({"checks": "0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70"}, "kind: expected a command"),
            ({"rows": 5}, "kind: expected a command"),
        ):
            problem = await begun(server, 400, **wanted)
            assert expected in problem["detail"], problem


@served
async def test_28_a_damaged_task_does_not_keep_the_server_from_its_start(server: Server, tmp: Path) -> None:
    async with AsyncExitStack() as stack:
        machine = await stack.enter_async_context(await Machine.enrolled(server, tmp / "web", "web"))
        ill = await begun(server, queue_offline_seconds=3600)
        well = await begun(server, queue_offline_seconds=3600)
        job = update(tasks).where(tasks.c.id == ill).values(packed=b"\xc1")
        await server.app.database.write(lambda connection: connection.execute(job))
        await server.restart()
        await machine.reconnect()
        await machine.greet()
        assert await (await listening(stack, machine)).told_to_start() == well
