"""What a token may do, and on which machines: nothing else, whatever verb is tried, and no way to more."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.server.features.test_tasks import acts, begun, envoys, shown
from tests.server.harness import Server, compile_folder, served
from vigo.core.errors import ForbiddenError
from vigo.core.task import TaskEnd
from vigo.core.wire.stream_messages import TaskEnded, TaskStarted
from vigo.server.platform.auth.actor import EVERYTHING, Actor

EVERYONE = {"target": {"everyone": True}}
WEB = {"target": {"hosts": ["web-1"]}}


async def token(server: Server, by: str | None = None, status: int = 201, **limits: Any) -> Any:
    async with server.client(by) as client:
        body = {"name": "ada", "ttl_seconds": 600, **limits}
        answer = await client.post("/api/v1/access-tokens", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()["token"] if status == 201 else answer.json()["detail"]


async def asked(server: Server, by: str, method: str, path: str, body: Any = None) -> tuple[int, str]:
    async with server.client(by) as client:
        answer = await client.request(method, f"/api/v1/{path}", json=body)
    return answer.status_code, answer.text


@served
async def test_17_a_right_that_is_missing_stands_in_the_audit_trail(server: Server, tmp: Path) -> None:
    """That each route takes its right, test_01_matrix tries."""
    del tmp
    made = await token(server, permissions=["runs:read"])
    for verb, path in (("GET", "tasks"), ("POST", "pushes")):
        status, text = await asked(server, made, verb, path, EVERYONE if verb == "POST" else None)
        assert (status, "expected the permission" in text) == (403, True)
    async with asyncio.timeout(10):
        while not {("access.refused", "/api/v1/tasks"), ("access.refused", "/api/v1/pushes")} <= set(acts(server)):  # noqa: ASYNC110 - written behind the answer
            await asyncio.sleep(0.01)


@served
async def test_17_a_second_right_that_is_missing_stands_in_the_audit_trail_too(server: Server, tmp: Path) -> None:
    del tmp
    made = await token(server, permissions=["tasks:run"])
    status, text = await asked(server, made, "POST", "tasks", {"command": "true", **EVERYONE})
    assert (status, "expected the permission envoys:read" in text) == (403, True)
    async with asyncio.timeout(10):
        while ("access.refused", "/api/v1/tasks") not in acts(server):  # noqa: ASYNC110 - written behind the answer
            await asyncio.sleep(0.01)


@served
async def test_17_a_token_acts_on_its_machines_alone(server: Server, tmp: Path) -> None:
    server.compiler = compile_folder
    await server.restart()
    server.write_stacks(
        {
            "envoys.vgo": 'envoys: [{match: "*", configcrates: []}]\n',
            "tasks.vgo": "tasks: {up: {description: x, command: uptime}}\n",
            "workflows.vgo": 'workflows: {up: {description: x, target: "*", steps: [{task: up}]}}\n',
            "scrier.vgo": 'scrier: [{match: "*", users: {"*": ada}, ports: [22]}]\n',
        }
    )
    await server.publish()
    ada = await token(server, match=["web-*"])
    async with envoys(server, tmp, "web-1", "db-1") as (web, db):
        theirs = await begun(server, target={"hosts": ["db-1"]})
        await db.told_to_start()
        refused = "token ada may act on web-* alone, and not on db-1"
        for path, body in (
            ("pushes", EVERYONE),
            ("pushes", {"target": {"hosts": ["db-1"]}}),
            ("tasks", {"command": "true", **EVERYONE}),
            ("queries", {"expression": "1", "target": {"where": "true"}}),
            ("named-tasks", {"name": "up", **EVERYONE}),
            ("workflow-runs", {"name": "up"}),
            ("workflow-runs", {"name": "up", "dry_run": True}),
            ("scriers", {"envoy": "db-1"}),
            ("scriers", {"envoy": "db-1", "kind": "forward", "port": 22}),
            ("envoys/db-1/revoke", None),
            (f"tasks/{theirs}/cancel", None),
        ):
            status, text = await asked(server, ada, "POST", path, body)
            assert (status, refused in text) == (403, True), (path, text)
        assert [subject for act, subject in acts(server) if act == "access.refused"] == ["machines"] * 11
        assert (await shown(server, theirs))["ended_at"] is None
        for path, body in (
            ("pushes", WEB),
            ("tasks", {"command": "true", **WEB}),
            ("queries", {"expression": "1", **WEB}),
        ):
            status, text = await asked(server, ada, "POST", path, {**body, **WEB, "dry_run": True})
            assert status in (200, 201), text
        # What was run on others too is not for them to run again.
        both = await begun(server)
        for ears in (web, db):
            message = await ears.told_to_start()
            await ears.say(TaskStarted(message), TaskEnded(message, TaskEnd(state="failed", exit_code=1)))
            await ears.next()
        status, text = await asked(server, ada, "POST", f"tasks/{both}/rerun", {"failed": True})
        assert status in (403, 409), text
        run = (await server.request("POST", "/api/v1/workflow-runs", {"name": "up"})).json()["id"]
        await server.app.workflow_driver.sweep()
        status, text = await asked(server, ada, "POST", f"workflow-runs/{run}/abort")
        assert (status, refused in text) == (403, True), text
    # The limits are the database's, and hold after a start.
    await server.restart()
    status, text = await asked(server, ada, "POST", "pushes", EVERYONE)
    assert (status, refused in text) == (403, True), text


@served
async def test_17_nobody_makes_a_token_that_may_more_than_they_do(server: Server, tmp: Path) -> None:
    del tmp
    minter = await token(
        server, permissions=["access-tokens:write", "access-tokens:read", "envoys:read"], match=["web-*"]
    )
    assert "expected the permission tasks:run" in await token(server, minter, 403, permissions=["tasks:run"])
    assert "expected patterns of your own" in await token(server, minter, 403, match=["*"])
    await token(server, minter)
    listed = (await server.request("GET", "/api/v1/access-tokens")).json()["items"]
    assert listed[-1]["permissions"] == ["access-tokens:read", "access-tokens:write", "envoys:read"], "as its maker"
    assert listed[-1]["match"] == ["web-*"]
    for limits, problem in (
        ({"permissions": []}, "expected at least one right"),
        ({"permissions": ["task:run"]}, "did you mean 'tasks:run'?"),
        ({"match": []}, "expected 1 to 100 patterns"),
        ({"match": ["~("]}, "expected a regular expression"),
    ):
        assert problem in await token(server, status=400, **limits)


def test_17_machines_are_those_of_the_patterns() -> None:
    ada = Actor("token ada", EVERYTHING, "x", ("web-*", "~db-[12]"))
    ada.require_machines(["web-1", "db-2"])
    with pytest.raises(ForbiddenError, match=r"not on db-3, db-4, db-5, db-6, db-7 and 2 more"):
        ada.require_machines(["web-1", *(f"db-{number}" for number in range(3, 10))])
    Actor("admin", EVERYTHING).require_machines(["anything"])
