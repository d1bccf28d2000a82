"""Workflows on the server: each step once, in its order, on those it is for, whatever is withdrawn meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, update

from tests.server.features.test_named_tasks import order_in
from tests.server.features.test_tasks import ILL, Ears, acts, listening
from tests.server.harness import Machine, Server, a_run, compile_folder, served
from vigo.core.errors import ForbiddenError, UnavailableError
from vigo.core.task import TaskEnd, TaskOrder
from vigo.core.wire.stream_messages import CancelTask, CheckInNow, ServerMessage, TaskEnded, TaskStarted, TaskStored
from vigo.server.features.workflows.models import NewWorkflowRun
from vigo.server.platform.auth.actor import EVERYTHING, Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.tables import audit, workflow_runs

TASKS = """\
tasks:
  drain:
    description: Take a machine out
    command: drain "$PARAM_POOL"
    parameters: {pool: {}}
  reload: {description: Reload, command: reload}
  mine: {description: For ada alone, command: x, operators: [ada]}
  web: {description: For web machines, command: x, match: "web-*"}
"""

WELL_DONE = TaskEnd(state="succeeded", exit_code=0)
BAD = TaskEnd(state="failed", exit_code=3)


async def publish(server: Server, workflows: str, tasks: str = TASKS, *, first: bool = True) -> None:
    if first:
        server.compiler = compile_folder
        await server.restart()
    entries = 'envoys: [{match: "*", configcrates: []}]\n'
    server.write_stacks({"envoys.vgo": entries, "tasks.vgo": tasks, "workflows.vgo": f"workflows:\n{workflows}"})
    await server.publish()


class Envoy:
    """A machine, and the stream that it holds."""

    def __init__(self, machine: Machine, ears: Ears) -> None:
        self.machine = machine
        self.ears = ears

    async def runs(self, end: TaskEnd = WELL_DONE) -> TaskOrder:
        """Carry the next order out."""
        order = order_in(self.machine.server, await self.next())
        await self.ears.say(TaskStarted(order.task), TaskEnded(order.task, end))
        assert await self.ears.next() == TaskStored(order.task)
        return order

    async def next(self) -> ServerMessage:
        """Return what it hears next, while the server does what is due."""
        hears = asyncio.create_task(self.ears.next())
        while not hears.done():
            await sweep(self.machine.server)
            await asyncio.wait([hears], timeout=0.02)
        return hears.result()

    async def converges(self) -> None:
        record = self.machine.server.app.envoys.find(self.machine.id)
        assert record is not None
        assigned = self.machine.server.app.generations.assignment(record.hostname)
        assert assigned is not None
        await self.machine.report(a_run(bundle_digest=assigned.bundle.digest, results=()))


@asynccontextmanager
async def envoys(server: Server, tmp: Path, *names: str) -> AsyncIterator[list[Envoy]]:
    async with AsyncExitStack() as stack:
        machines = [await stack.enter_async_context(await Machine.enrolled(server, tmp / name, name)) for name in names]
        yield [Envoy(machine, await listening(stack, machine)) for machine in machines]


async def run(server: Server, status: int = 201, token: str | None = None, **wanted: Any) -> Any:
    async with server.client(token) as client:
        answer = await client.post("/api/v1/workflow-runs", json={"name": "roll", **wanted})
    assert answer.status_code == status, answer.text
    found = answer.json()
    if status == 201 and found["id"] is not None:
        await sweep(server)
        return found["id"]
    return found


async def sweep(server: Server) -> None:
    await server.app.workflow_driver.sweep()


async def shown(server: Server, run_id: str) -> Any:
    return (await server.request("GET", f"/api/v1/workflow-runs/{run_id}")).json()


async def step(server: Server, run_id: str, position: str, state: str) -> None:
    """Return once a step is in a state."""
    async with asyncio.timeout(20):
        while state not in [
            one["state"] for one in (await shown(server, run_id))["steps"] if one["position"] == position
        ]:
            await sweep(server)
            await asyncio.sleep(0.01)


async def until(server: Server, run_id: str, *wanted: str) -> Any:
    """Return a run once its state is one of these."""
    async with asyncio.timeout(20):
        while True:
            await sweep(server)
            found = await shown(server, run_id)
            if found["state"] in wanted:
                return found
            await asyncio.sleep(0.01)


ROLL = """\
  roll:
    description: Roll it out
    target: "web-*"
    parameters: {pool: {one_of: [blue, green], default: blue}}
    steps:
      - {task: drain, with: {pool: "{{ parameters.pool }}"}}
      - {push: now, batch: 1}
      - {wait: converged}
      - {check: 'test "$PARAM_POOL"', within: 7s}
      - {approval: Look at the graphs, within: 1h}
      - {pause: 10m}
      - {task: reload, title: back again}
"""


@served
async def test_steps_are_gone_through_one_after_the_other(server: Server, tmp: Path) -> None:
    await publish(server, ROLL)
    async with envoys(server, tmp, "web-1", "web-2", "db-1") as (one, two, _):
        made = await run(server, parameters={"pool": "green"})
        order = await one.runs()
        assert (order.command, order.environment) == ('drain "$PARAM_POOL"', {"PARAM_POOL": "green"})
        await step(server, made, "1", "running")
        await two.runs()
        await step(server, made, "2", "running")
        assert isinstance(await one.next(), CheckInNow)
        await one.machine.check_in()
        assert isinstance(await two.next(), CheckInNow), "one after the other"
        await one.converges()
        await two.machine.check_in()
        await step(server, made, "3", "running")
        assert [one["state"] for one in (await shown(server, made))["steps"]][:4] == [
            "succeeded",
            "succeeded",
            "running",
            "waiting",
        ]
        await two.converges()
        await sweep(server)
        for envoy in (one, two):
            order = await envoy.runs()
            assert (order.kind, order.command, order.environment) == (
                "check",
                'test "$PARAM_POOL"',
                {"PARAM_POOL": "green"},
            )
            assert order.timeout == timedelta(seconds=7)
        found = await until(server, made, "waiting")
        assert found["at"] == "5: Look at the graphs"
        answer = await server.request("POST", f"/api/v1/workflow-runs/{made}/approve", {"step": "4"})
        assert answer.status_code == 409
        answer = await server.request("POST", f"/api/v1/workflow-runs/{made}/approve", {"step": "5"})
        assert answer.status_code == 200, answer.text
        await step(server, made, "6", "running")
        answer = await server.request("POST", f"/api/v1/workflow-runs/{made}/approve", {})
        assert answer.status_code == 409, "it waits for nobody"
        server.clock.advance(timedelta(minutes=11))
        await sweep(server)
        for envoy in (one, two):
            assert (await envoy.runs()).command == "reload"
        found = await until(server, made, "succeeded")
        assert [step["state"] for step in found["steps"]] == ["succeeded"] * 7
        assert (found["steps"][4]["reason"], found["steps"][6]["title"]) == ("approved by admin", "back again")
        assert found["steps"][0]["machines"] == 2
    done = acts(server)
    assert [act for act, subject in done if subject == made] == [
        "workflows.run",
        "workflows.approve",
        "workflows.ended",
    ]
    assert [act for act, _ in done if act in ("tasks.run", "envoys.push")] == [
        "tasks.run",
        "envoys.push",
        "envoys.push",
        "tasks.run",
        "tasks.run",
    ]


BATCHES = """\
  roll:
    description: One after the other
    target: {hosts: ["web-*"]}
    steps:
      - rolling: 1
        max_failures: 1
        steps:
          - {task: reload}
          - {check: "true"}
      - {task: reload, target: web-1}
"""


@served
async def test_batches_go_through_their_steps_one_after_the_other(server: Server, tmp: Path) -> None:
    await publish(server, BATCHES)
    async with envoys(server, tmp, "web-1", "web-2", "web-3") as (one, two, three):
        made = await run(server)
        await one.runs()
        await sweep(server)
        assert (await one.runs()).kind == "check"
        await sweep(server)
        await two.runs(BAD)
        # What failed is left alone for the rest of its batch.
        await three.runs()
        await three.runs()
        await one.runs()
        found = await until(server, made, "succeeded")
    assert [(step["position"], step["state"], step["failed"]) for step in found["steps"]] == [
        ("1", "succeeded", ["web-2"]),
        ("1.1.1", "succeeded", []),
        ("1.1.2", "succeeded", []),
        ("1.2.1", "succeeded", ["web-2"]),
        ("1.2.2", "succeeded", []),
        ("1.3.1", "succeeded", []),
        ("1.3.2", "succeeded", []),
        ("2", "succeeded", []),
    ]
    assert found["steps"][4]["reason"] == "none of its machines is left"


PAUSES = """\
  roll:
    description: One after the other
    target: "*"
    steps: [{rolling: 1, steps: [{approval: Go on?}, {pause: 1m}]}]
"""


@served
async def test_batches_may_be_people_s_alone(server: Server, tmp: Path) -> None:
    await publish(server, PAUSES)
    async with envoys(server, tmp, "web-1", "web-2"):
        made = await run(server)
        for position in ("1.1.1", "1.2.1"):
            assert (await until(server, made, "waiting"))["at"] == f"{position}: Go on?"
            await server.request("POST", f"/api/v1/workflow-runs/{made}/approve", {"step": position})
            server.clock.advance(timedelta(minutes=2))
            await sweep(server)
            server.clock.advance(timedelta(minutes=2))
        found = await until(server, made, "succeeded")
    assert [(step["position"], step["state"]) for step in found["steps"]] == [
        (position, "succeeded") for position in ("1", "1.1.1", "1.1.2", "1.2.1", "1.2.2")
    ]
    assert found["steps"][0]["done"] == 2


@served
async def test_one_failure_too_many_ends_it_and_touches_nobody_else(server: Server, tmp: Path) -> None:
    await publish(server, BATCHES.replace("max_failures: 1", "max_failures: 0"))
    async with envoys(server, tmp, "web-1", "web-2") as (one, two):
        made = await run(server)
        await one.runs()
        await sweep(server)
        await one.runs(ILL)
        found = await until(server, made, "failed")
        why = f"1 of 1 failed (web-1): `vigocli task show {found['steps'][2]['task']}` says why; at most 0 may"
        assert found["reason"] == f"step 1.1.2 (check true): {why}"
        assert [step["state"] for step in found["steps"]] == [
            "failed",
            "succeeded",
            "failed",
            "waiting",
            "waiting",
            "waiting",
        ]
        assert found["steps"][0]["reason"].startswith("step 1.1.2: 1 of 1")
        await asyncio.sleep(0)
        answer = await server.request("POST", "/api/v1/pushes", {"target": {"hosts": ["web-2"]}})
        assert answer.status_code == 200
        assert isinstance(await two.next(), CheckInNow), "it heard of nothing before"


@served
async def test_a_run_goes_on_behind_a_start_of_the_server(server: Server, tmp: Path) -> None:
    await publish(server, ROLL)
    async with AsyncExitStack() as stack:
        machine = await stack.enter_async_context(await Machine.enrolled(server, tmp / "web", "web-1"))

        streams = await stack.enter_async_context(AsyncExitStack())

        async def anew() -> Envoy:
            await streams.aclose()
            await server.restart()
            await machine.reconnect()
            await machine.greet()
            return Envoy(machine, await listening(streams, machine))

        made = await run(server)
        envoy = await anew()
        first = await envoy.runs()
        envoy = await anew()
        await step(server, made, "1", "succeeded")
        assert isinstance(await envoy.next(), CheckInNow)
        envoy = await anew()
        await step(server, made, "2", "running")
        assert isinstance(await envoy.next(), CheckInNow), "nobody knows whether it heard it"
        await envoy.machine.check_in()
        await step(server, made, "3", "running")
        envoy = await anew()
        await envoy.converges()
        await sweep(server)
        check = await envoy.runs()
        assert check.task != first.task
        await until(server, made, "waiting")
        envoy = await anew()
        assert (await shown(server, made))["state"] == "waiting"
        await server.request("POST", f"/api/v1/workflow-runs/{made}/approve", {})
        await sweep(server)
        envoy = await anew()
        server.clock.advance(timedelta(minutes=10))
        await sweep(server)
        assert (await envoy.runs()).command == "reload"
        await until(server, made, "succeeded")
        tasks = (await server.request("GET", "/api/v1/tasks")).json()["items"]
        assert len(tasks) == 3, "none was begun twice"


@served
async def test_what_could_not_be_stored_is_not_begun(server: Server, tmp: Path) -> None:
    await publish(server, BATCHES)
    async with envoys(server, tmp, "web-1") as (one,):
        real, driver = server.app.database.write, server.app.workflow_driver
        made = (await server.request("POST", "/api/v1/workflow-runs", {"name": "roll"})).json()["id"]

        async def fails(*_: object) -> None:
            raise UnavailableError("the disk is full")

        server.app.database.write = fails  # type: ignore[method-assign]
        await driver.sweep()
        server.app.database.write = real  # type: ignore[method-assign]
        assert (await server.request("GET", "/api/v1/tasks")).json()["items"] == []
        await sweep(server)
        await one.runs()
        await step(server, made, "1.1.1", "succeeded")


@served
async def test_28_a_fault_in_one_run_holds_up_no_other(server: Server, tmp: Path) -> None:
    await publish(server, LATE)
    driver = server.app.workflow_driver
    ill = await run(server, name="ask")
    well = await run(server, name="ask")
    real = driver._steps.look

    async def faulty(live: Any, *rest: Any) -> bool:
        if live.id == ill:
            raise RuntimeError("a fault")
        return await real(live, *rest)

    driver._steps.look = faulty  # type: ignore[method-assign]
    server.clock.advance(timedelta(minutes=2))
    assert (await until(server, well, "failed"))["id"] == well
    assert (await shown(server, ill))["state"] == "waiting"
    driver._steps.look = real  # type: ignore[method-assign]
    await until(server, ill, "failed")


@served
async def test_who_watches_hears_of_each_step(server: Server, tmp: Path) -> None:
    await publish(server, BATCHES)
    async with envoys(server, tmp, "web-1") as (one,):
        made = await run(server)
        async with server.client() as client, client.stream("GET", f"/api/v1/workflow-runs/{made}/events") as answer:
            for _ in range(3):
                await one.runs()
                await sweep(server)
            events = [json.loads(line) async for line in answer.aiter_lines()]
        assert events[-1] == {"event": "end", "state": "succeeded", "reason": ""}
        ended = [event["step"]["position"] for event in events[:-1] if event["step"]["state"] == "succeeded"]
        assert ended == ["1.1.1", "1.1.2", "1", "2"]
        again = await server.request("GET", f"/api/v1/workflow-runs/{made}/events")
        assert len(again.text.splitlines()) == 5


@served
async def test_it_is_aborted_with_what_it_has_under_way(server: Server, tmp: Path) -> None:
    await publish(server, BATCHES)
    async with envoys(server, tmp, "web-1") as (one,):
        made = await run(server)
        task = await one.ears.told_to_start()
        await one.ears.say(TaskStarted(task))
        answer = await server.request("POST", f"/api/v1/workflow-runs/{made}/abort")
        assert answer.status_code == 200, answer.text
        assert await one.ears.next() == CancelTask(task)
        found = answer.json()
        assert (found["state"], found["reason"]) == ("aborted", "step 1.1.1 (task reload): aborted by admin")
        assert [step["state"] for step in found["steps"]][:3] == ["aborted", "aborted", "waiting"]
        again = await server.request("POST", f"/api/v1/workflow-runs/{made}/abort")
        assert again.json() == found
    assert [act for act, subject in acts(server) if subject == made] == ["workflows.run", "workflows.ended"]


LATE = """\
  roll:
    description: x
    target: "*"
    steps:
      - {push: now, within: 1m}
  wait: {description: x, target: "*", steps: [{wait: converged, within: 1m, max_failures: 1}]}
  ask: {description: x, steps: [{approval: Well?, within: 1m, approvers: ["token b*"], four_eyes: true}]}
"""


@served
async def test_what_does_not_come_in_time_fails(server: Server, tmp: Path) -> None:
    await publish(server, LATE)
    async with envoys(server, tmp, "web-1", "web-2") as (one, two):
        made = {name: await run(server, name=name) for name in ("roll", "wait", "ask")}
        await one.machine.check_in()
        await one.converges()
        await step(server, made["roll"], "1", "running")
        server.clock.advance(timedelta(seconds=61))
        found = await until(server, made["roll"], "failed")
        assert found["reason"].endswith("1 of 2 failed (web-2): they did not check in within 1m; at most 0 may"), found[
            "reason"
        ]
        found = await until(server, made["wait"], "succeeded")
        assert found["steps"][0]["reason"] == "1 of 2 failed (web-2): they did not converge within 1m"
        found = await until(server, made["ask"], "failed")
        assert found["reason"] == "step 1 (Well?): nobody approved it within 1m"
        made["roll"] = await run(server)
        await server.request("POST", "/api/v1/envoys/web-2/revoke")
        await one.machine.check_in()
        assert "they were revoked" in (await until(server, made["roll"], "failed"))["reason"]
        del two


@served
async def test_17_an_approval_is_for_whom_the_stacks_name(server: Server, tmp: Path) -> None:
    await publish(server, LATE)
    tokens = {
        name: (await server.request("POST", "/api/v1/access-tokens", {"name": name, "ttl_seconds": 60})).json()["token"]
        for name in ("ada", "bob")
    }

    async def approve(made: str, token: str | None) -> int:
        async with server.client(token) as client:
            return (await client.post(f"/api/v1/workflow-runs/{made}/approve", json={})).status_code

    made = await run(server, name="ask", token=tokens["bob"])
    assert await approve(made, None) == 403, "admin is no approver"
    assert await approve(made, tokens["ada"]) == 403
    assert await approve(made, tokens["bob"]) == 403, "of four eyes two are somebody else's"
    assert [act for act, _ in acts(server)].count("workflows.refused") == 3
    made = await run(server, name="ask")
    assert await approve(made, tokens["bob"]) == 200
    assert (await until(server, made, "succeeded"))["steps"][0]["reason"] == "approved by token bob"
    assert await approve(made, tokens["bob"]) == 409


@served
async def test_an_approval_that_cannot_be_audited_is_none(server: Server, tmp: Path) -> None:
    del tmp
    await publish(server, PAUSES.replace('"*"', "web-1").replace("{rolling: 1, steps: [", "").replace("]}]", "]"))
    made = await run(server)
    real = server.app.database.write

    async def fails(*_: object) -> None:
        raise UnavailableError("the disk is full")

    server.app.database.write = fails  # type: ignore[method-assign]
    answer = await server.request("POST", f"/api/v1/workflow-runs/{made}/approve", {})
    assert answer.status_code == 503, answer.text
    server.app.database.write = real  # type: ignore[method-assign]
    await sweep(server)
    assert (await shown(server, made))["state"] == "waiting"
    assert "workflows.approve" not in [act for act, _ in acts(server)]
    answer = await server.request("POST", f"/api/v1/workflow-runs/{made}/approve", {})
    assert answer.status_code == 200, answer.text
    await step(server, made, "2", "running")


RIGHTS = """\
  roll: {description: x, operators: [admin, "token on*"], match: "web-*", target: "*", steps: [{task: reload}]}
  mine: {description: x, target: "*", steps: [{pause: 1m}, {task: mine}]}
  web: {description: x, target: "*", steps: [{rolling: 1, steps: [{task: web}]}]}
  given:
    description: x
    target: "web-*"
    parameters: {p: {}}
    steps: [{task: drain, with: {pool: "{{ parameters.p }}"}}]
"""


@served
async def test_17_what_the_stacks_do_not_allow_is_refused_before_anything_runs(server: Server, tmp: Path) -> None:
    await publish(server, RIGHTS)
    made = await server.request("POST", "/api/v1/access-tokens", {"name": "bob", "ttl_seconds": 60})
    bob = made.json()["token"]
    async with envoys(server, tmp, "web-1", "db-1"):
        for status, wanted, problem in (
            (404, {"name": "rol"}, "did you mean 'roll'?"),
            (403, {}, "does not let roll run on db-1"),
            (403, {"name": "mine"}, "does not name admin among the `operators` of mine"),
            (403, {"name": "web"}, "tasks.vgo does not let web run on db-1"),
            (400, {"name": "given"}, "p: expected a value"),
            (400, {"name": "given", "parameters": {"q": "x"}}, "has no parameter 'q'"),
            (400, {"name": "given", "parameters": {"p": "x\0"}}, "without a NUL"),
            (404, {"target": {"hosts": ["mail"]}}, "expected an active envoy"),
            (404, {"name": "given", "parameters": {"p": "x"}, "target": {"hosts": ["db-1"]}}, "found none"),
            (400, {"steps": []}, "steps"),
        ):
            found = await run(server, status, **wanted)
            assert problem in found["detail"], found
        found = await run(server, 403, token=bob)
        assert "does not name token bob" in found["detail"]
        assert (await server.request("GET", "/api/v1/workflow-runs")).json()["items"] == []
        dry = await run(server, target={"hosts": ["web-*"]}, dry_run=True)
        assert dry == {
            "id": None,
            "steps": [{"position": "1", "kind": "task", "title": "task reload", "hostnames": ["web-1"]}],
        }
        listed = (await server.request("GET", "/api/v1/workflows")).json()["items"]
        assert [(one["name"], one["allowed"]) for one in listed] == [
            ("given", True),
            ("mine", True),
            ("roll", True),
            ("web", True),
        ]
    refused = [act for act, _ in acts(server)].count("workflows.refused")
    assert refused == 4


@served
async def test_17_each_verb_takes_its_right(server: Server, tmp: Path) -> None:
    await publish(server, RIGHTS)
    service = server.app.workflows
    async with envoys(server, tmp, "web-1"):
        for needed, wanted in (
            (Permission.RUN_WORKFLOWS, {}),
            (Permission.READ_ENVOYS, {}),
            (Permission.RUN_NAMED_TASKS, {}),
        ):
            with pytest.raises(ForbiddenError, match=needed):
                await service.run(Actor("admin", EVERYTHING - {needed}), NewWorkflowRun(name="roll", **wanted))
        made = await run(server, target={"hosts": ["web-1"]})
        for needed, call in (
            (Permission.READ_WORKFLOWS, lambda actor: service.show(actor, made)),
            (Permission.READ_WORKFLOWS, lambda actor: service.watch(actor, made)),
            (Permission.READ_WORKFLOWS, lambda actor: service.list(actor, None, 10)),
            (Permission.RUN_WORKFLOWS, lambda actor: service.abort(actor, made)),
            (Permission.READ_WORKFLOWS, lambda actor: service.abort(actor, made)),
        ):
            with pytest.raises(ForbiddenError, match=needed):
                await call(Actor("x", EVERYTHING - {needed}))


WITHDRAWN = """\
  roll:
    description: x
    target: web-1
    steps: [{task: reload}, {task: drain, with: {pool: x}}]
"""


@served
async def test_24_a_right_that_is_withdrawn_ends_the_run_before_its_next_step(server: Server, tmp: Path) -> None:
    text = (
        "  roll:\n    description: x\n    target: web-1\n    steps: [{task: reload}, {task: drain, with: {pool: x}}]\n"
    )
    await publish(server, text)
    made = (await server.request("POST", "/api/v1/access-tokens", {"name": "ada", "ttl_seconds": 600})).json()
    async with envoys(server, tmp, "web-1") as (one,):
        runs = await run(server, token=made["token"])
        task = await one.ears.told_to_start()
        await one.ears.say(TaskStarted(task))
        await server.request("DELETE", f"/api/v1/access-tokens/{made['id']}")
        found = await until(server, runs, "failed")
        assert "the token of token ada is no longer in force" in found["reason"]
        assert await one.ears.next() == CancelTask(task), "what it had under way is ended"
        await one.ears.say(TaskEnded(task, TaskEnd(state="cancelled")))
        assert await one.ears.next() == TaskStored(task)
        for changed, problem in (
            (text.replace("description: x", "description: x\n    operators: [nobody]"), "no longer names admin"),
            (text.replace("roll:", "other:"), "no longer declare roll"),
        ):
            await publish(server, text, first=False)
            runs = await run(server)
            await one.ears.told_to_start()
            await publish(server, changed, first=False)
            assert problem in (await until(server, runs, "failed"))["reason"]
            assert isinstance(await one.ears.next(), CancelTask)


@served
async def test_28_a_damaged_run_does_not_keep_the_server_from_its_start(server: Server, tmp: Path) -> None:
    await publish(server, LATE)
    ill, well = [await run(server, name="ask") for _ in range(2)]
    for packed in (b"\xc1", b"(\xb5/\xfd\x00\x00\x01\x00\x00"):
        job = update(workflow_runs).where(workflow_runs.c.id == ill).values(packed=packed)
        await server.app.database.write(partial(Connection.execute, statement=job))
        await server.restart()
        assert (await shown(server, well))["state"] == "waiting"
    listed = (await server.request("GET", "/api/v1/workflow-runs")).json()["items"]
    assert [one["id"] for one in listed] == [well, ill]


@served
async def test_what_was_given_stands_in_the_audit_trail_and_old_runs_go(server: Server, tmp: Path) -> None:
    await publish(server, RIGHTS)
    async with envoys(server, tmp, "web-1") as (one,):
        made = await run(server, name="given", parameters={"p": "7"})
        await one.runs()
        await until(server, made, "succeeded")
        query = select(audit.c.detail).where(audit.c.subject == made).order_by(audit.c.number)
        (begun, *_) = server.app.database.read_now(lambda found: found.execute(query).scalars().all())
        assert msgspec.json.decode(begun)["parameters"] == {"p": "7"}
        query = select(audit.c.detail).where(audit.c.action == "tasks.run")
        detail = msgspec.json.decode(server.app.database.read_now(lambda found: found.execute(query).scalar_one()))
        assert (detail["workflow_run"], detail["step"], detail["named"]) == (made, "1", "drain")
        page = await server.request("GET", "/api/v1/workflow-runs?limit=1")
        assert page.json()["next_cursor"] is None
        server.clock.advance(server.settings.keep_runs_for + timedelta(days=1))
        await server.app.workflows.prune()
        assert (await server.request("GET", f"/api/v1/workflow-runs/{made}")).status_code == 404
