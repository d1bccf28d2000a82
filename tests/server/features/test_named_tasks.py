"""Tasks of the stacks: run by a name, with what is declared and nothing else."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.server.features.test_tasks import acts, envoys, shown, until_ended
from tests.server.harness import Server, compile_folder, served
from vigo.core.errors import ForbiddenError
from vigo.core.signing import VerifyKey
from vigo.core.target import Target
from vigo.core.task import TaskEnd, TaskOrder, open_order
from vigo.core.wire.stream_messages import StartTask, TaskEnded, TaskStarted
from vigo.server.features.tasks.models import NewNamedTask, NewTask
from vigo.server.platform.auth.actor import EVERYTHING, Actor
from vigo.server.platform.auth.table import Permission

TASKS = """\
tasks:
  restart:
    description: Restart a service
    command: systemctl restart "$PARAM_SERVICE"
    parameters: {service: {one_of: [nginx, apache2]}}
    user: ops
    timeout: 7s
    operators: [admin, "token on*"]
    match: web-*
  up:
    description: How long it is up
    command: uptime
    health_check: test -e "$PARAM_X"
    parameters: {x: {default: /}}
"""


async def publish(server: Server, tasks: str = TASKS) -> None:
    server.compiler = compile_folder
    await server.restart()
    server.write_stacks({"envoys.vgo": "envoys: []\n", "tasks.vgo": tasks})
    await server.publish()


async def run(server: Server, status: int = 201, token: str | None = None, **wanted: Any) -> Any:
    body = {"target": {"everyone": True}, "name": "restart", "parameters": {"service": "nginx"}, **wanted}
    async with server.client(token) as client:
        answer = await client.post("/api/v1/named-tasks", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def order_in(server: Server, message: object) -> TaskOrder:
    assert isinstance(message, StartTask)
    keys = tuple(VerifyKey(bytes.fromhex(key)) for key in server.app.keyring.trust.policy_keys)
    return open_order(message.order, keys)


@served
async def test_it_runs_what_the_stacks_say_with_what_was_given(server: Server, tmp: Path) -> None:
    await publish(server)
    async with envoys(server, tmp, "web-1") as (web,):
        made = await run(server)
        order = order_in(server, await web.next())
        assert (order.command, order.user) == ('systemctl restart "$PARAM_SERVICE"', "ops")
        assert (order.environment, order.timeout.total_seconds()) == ({"PARAM_SERVICE": "nginx"}, 7)
        await web.say(TaskStarted(order.task), TaskEnded(order.task, TaskEnd(state="failed", exit_code=1)))
        await web.next()
        await until_ended(server, made["id"])
        assert (await shown(server, made["id"]))["command"] == order.command
        assert ("tasks.run", made["id"]) in acts(server)
        # Again it is what the stacks say then.
        await publish_again(server, TASKS.replace('restart "', 'reload "').replace("[nginx, apache2]", "[nginx]"))
        answer = await server.request("POST", f"/api/v1/tasks/{made['id']}/rerun", {"failed": True})
        assert answer.status_code == 201, answer.text
        again = order_in(server, await web.next())
        assert (again.command, again.environment) == ('systemctl reload "$PARAM_SERVICE"', {"PARAM_SERVICE": "nginx"})


async def publish_again(server: Server, tasks: str) -> None:
    server.write_stacks({"envoys.vgo": "envoys: []\n", "tasks.vgo": tasks})
    await server.publish()


@served
async def test_17_what_is_not_declared_so_is_run_on_nobody(server: Server, tmp: Path) -> None:
    await publish(server)
    names = ("admin", "one", "ada")
    tokens = {
        name: (await server.request("POST", "/api/v1/access-tokens", {"name": name, "ttl_seconds": 60})).json()["token"]
        for name in names
    }
    async with envoys(server, tmp, "web-1", "db-1"):
        for status, wanted, problem in (
            (404, {"name": "restrat"}, "did you mean 'restart'?"),
            (400, {"parameters": {}}, "service: expected a value"),
            (400, {"parameters": {"service": "nginx; reboot"}}, "expected one of nginx, apache2"),
            (400, {"parameters": {"service": "nginx", "x": "y"}}, "no parameter 'x'"),
            (400, {"user": "root"}, "user"),
            (400, {"command": "reboot"}, "command"),
            (403, {"target": {"everyone": True}}, "does not let restart run on db-1"),
            (404, {"target": {"hosts": ["mail-*"]}}, "expected an active envoy"),
        ):
            target = {"target": {"hosts": ["web-1"]}}
            assert problem in (await run(server, status, **(target | wanted)))["detail"]
        for name, status in (("ada", 403), ("admin", 403), ("one", 201)):
            answer = await run(server, status, tokens[name], target={"hosts": ["web-1"]}, dry_run=True)
            assert status == 201 or "among the `operators` of restart" in answer["detail"]
        assert (await server.request("GET", "/api/v1/tasks")).json()["items"] == []
        assert [act for act, _ in acts(server)].count("tasks.refused") == 3
        for bent in ({"named": "restart"}, {"parameters": {"a": "b"}}):
            body = {"target": {"everyone": True}, "command": "true", **bent}
            answer = await server.request("POST", "/api/v1/tasks", body)
            assert answer.status_code == 400
            assert "named-tasks" in answer.json()["detail"]


@served
async def test_17_each_verb_takes_its_own_right(server: Server, tmp: Path) -> None:
    await publish(server)
    tasks = server.app.tasks
    async with envoys(server, tmp, "web-1"):
        wanted = NewNamedTask(name="up", target=Target(everyone=True))
        with pytest.raises(ForbiddenError, match="tasks:run-named"):
            await tasks.create_named(Actor("x", EVERYTHING - {Permission.RUN_NAMED_TASKS}), wanted)
        only = Actor("x", frozenset({Permission.RUN_NAMED_TASKS, Permission.READ_ENVOYS, Permission.READ_TASKS}))
        with pytest.raises(ForbiddenError, match="tasks:run"):
            await tasks.create(only, NewTask(target=wanted.target, command="true"))
        made = await tasks.create_named(only, msgspec.structs.replace(wanted, queue_offline_seconds=60))
        with pytest.raises(ForbiddenError, match="tasks:run-named"):
            await tasks.cancel(Actor("y", EVERYTHING - {Permission.RUN_NAMED_TASKS}), str(made.id))
        await tasks.cancel(only, str(made.id))
        assert [(one.name, one.allowed) for one in tasks.declared(only).items] == [("restart", False), ("up", True)]
        nobody = Actor("admin", frozenset({Permission.READ_TASKS}))
        assert [one.allowed for one in tasks.declared(nobody).items] == [False, False]


@served
async def test_between_batches_it_checks_what_the_stacks_say(server: Server, tmp: Path) -> None:
    await publish(server)
    async with envoys(server, tmp, "web-1", "web-2") as (one, _):
        await run(server, name="up", parameters={}, batch="1")
        await one.does_well()
        order = order_in(server, await one.next())
        assert (order.kind, order.command, order.environment) == ("check", 'test -e "$PARAM_X"', {"PARAM_X": "/"})
        answer = await run(server, 400, name="up", parameters={}, batch="1", health_check="reboot")
        assert "health_check" in answer["detail"]
