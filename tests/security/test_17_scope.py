"""Whom a verb reaches: each right opens its own verbs alone, and a target that fits nobody means none."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.harness import Machine, Server, served
from vigo.core.errors import ForbiddenError, InvalidError, NotFoundError, VigoError
from vigo.core.ids import new_task_id
from vigo.core.target import Target
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.targets import Candidate, fitting
from vigo.server.features.pushes.models import NewPush
from vigo.server.features.pushes.service import PushService
from vigo.server.features.tasks.models import NewQuery, NewTask
from vigo.server.platform.audit.trail import Trail
from vigo.server.platform.auth.actor import EVERYTHING, Actor
from vigo.server.platform.auth.table import Permission

EVERYONE = Target(everyone=True)
NEEDED = {
    "push": {Permission.PUSH_ENVOYS, Permission.READ_ENVOYS},
    "run": {Permission.RUN_TASKS, Permission.READ_ENVOYS},
    "query": {Permission.QUERY_ENVOYS, Permission.READ_ENVOYS},
    "list": {Permission.READ_TASKS},
    "show": {Permission.READ_TASKS},
    "watch": {Permission.READ_TASKS},
}


async def done(server: Server, verb: str, actor: Actor, target: Target = EVERYONE) -> None:
    app, nobodys = server.app, str(new_task_id())
    pushes = PushService(app.database, Trail(app.clock), app.envoys, app.streams)
    if verb == "push":
        await pushes.push(actor, NewPush(target=target, dry_run=True))
    elif verb == "run":
        await app.tasks.create(actor, NewTask(target=target, command="true", dry_run=True))
    elif verb == "query":
        await app.tasks.query(actor, NewQuery(target=target, expression="1", dry_run=True))
    elif verb == "list":
        await app.tasks.list(actor, None, 10)
    elif verb == "show":
        await app.tasks.show(actor, nobodys)
    else:
        await app.tasks.watch(actor, nobodys)


@served
async def test_17_each_verb_takes_its_own_rights_and_no_other_opens_it(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1"):
        for verb, needed in NEEDED.items():
            for lacking in needed:
                with pytest.raises(ForbiddenError, match=str(lacking)):
                    await done(server, verb, Actor("somebody", EVERYTHING - {lacking}))
            with suppress(NotFoundError):  # of the task, which there is none of
                await done(server, verb, Actor("somebody", frozenset(needed)))


@served
async def test_17_ending_a_task_and_running_it_again_take_the_right_to_what_it_is(server: Server, tmp: Path) -> None:
    tasks, root = server.app.tasks, Actor("root", EVERYTHING)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1"):
        ran = await tasks.create(root, NewTask(target=EVERYONE, command="true", queue_offline_seconds=60))
        asked = await tasks.query(root, NewQuery(target=EVERYONE, expression="1"))
        for created, needed in ((ran, Permission.RUN_TASKS), (asked, Permission.QUERY_ENVOYS)):
            other = Actor("somebody", EVERYTHING - {needed})
            with pytest.raises(ForbiddenError, match=str(needed)):
                await tasks.cancel(other, str(created.id))
            with pytest.raises(ForbiddenError, match=str(needed)):
                await tasks.rerun(other, str(created.id), failed=False)
            await tasks.cancel(Actor("somebody", frozenset({Permission.READ_TASKS, needed})), str(created.id))


@served
async def test_17_a_target_that_fits_nobody_means_none(server: Server, tmp: Path) -> None:
    actor = Actor("root", EVERYTHING)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1"):
        for target in (
            Target(),
            Target(hosts=("",)),
            Target(hosts=("db-*",)),
            Target(hosts=("web-1", "db-1")),
            Target(everyone=True, hosts=("web-1",)),
            Target(everyone=True, environment="none"),
            Target(everyone=True, role="none"),
            Target(everyone=True, where="false"),
            Target(where="traits.nothing"),
            Target(where="("),
        ):
            for verb in ("push", "run", "query"):
                with pytest.raises(VigoError):
                    await done(server, verb, actor, target)
        await server.request("POST", "/api/v1/envoys/web-1/revoke")
        with pytest.raises(NotFoundError):
            await done(server, "run", actor)
    assert (await server.request("GET", "/api/v1/tasks")).json()["items"] == []


NAMES = st.sampled_from(["web-1", "web-2", "db-1", "x"])
PATTERNS = NAMES | st.sampled_from(["web-*", "*", "~db-.*", "~^web-[12]$", "y*"])
MAYBE = st.none() | st.sampled_from(["production", "test"])
TARGETS = st.builds(
    Target,
    everyone=st.booleans(),
    hosts=st.lists(PATTERNS, max_size=3).map(tuple),
    environment=MAYBE,
    role=st.none() | st.sampled_from(["a", "b"]),
    where=st.sampled_from(["", "traits.n > 1", "hostname == 'db-1'", "false"]),
)
MODEL = {
    "web-*": {"web-1", "web-2"},
    "*": {"web-1", "web-2", "db-1"},
    "~db-.*": {"db-1"},
    "~^web-[12]$": {"web-1", "web-2"},
}


@settings(max_examples=300)
@given(TARGETS)
def test_17_all_that_is_said_of_a_target_has_to_hold(target: Target) -> None:
    """Held against a model of three machines that has nothing in common with the code."""
    facts = {"web-1": ("production", ("a",), 1), "web-2": ("test", ("a", "b"), 2), "db-1": ("production", (), 3)}
    candidates = [
        Candidate(EnvoyRecord(f"id-{name}", name, b"", None, None), environment, roles)  # type: ignore[arg-type]
        for name, (environment, roles, _) in facts.items()
    ]
    stored = {f"id-{name}": {"n": number} for name, (_, _, number) in facts.items()}
    named = [MODEL.get(host, {host} & set(facts)) for host in target.hosts]
    expected = set(facts) if not named else set.union(*named)
    expected = {name for name in expected if target.environment in (None, facts[name][0])}
    expected = {name for name in expected if target.role is None or target.role in facts[name][1]}
    if target.where:
        true = {"traits.n > 1": {"web-2", "db-1"}, "hostname == 'db-1'": {"db-1"}, "false": set()}[target.where]
        expected &= true
    is_refused = not target.text() or (target.everyone and target.hosts) or not all(named) or not expected
    if is_refused:
        with pytest.raises((InvalidError, NotFoundError)):
            fitting(target, candidates, lambda _: stored)  # type: ignore[arg-type, return-value]
    else:
        found = fitting(target, candidates, lambda _: stored)  # type: ignore[arg-type, return-value]
        assert {record.hostname for record in found} == expected
