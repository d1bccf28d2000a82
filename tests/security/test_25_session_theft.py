"""Nobody gets at another's session: not with another token, not after the right is gone, not once it is over."""

from datetime import timedelta
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.server.features.test_scriers import asked, begun, later, order_of, shown, terminal, token, web
from tests.server.features.test_tasks import acts
from tests.server.harness import Server, served
from vigo.core.errors import ForbiddenError
from vigo.core.flow import Part
from vigo.core.wire.attach_messages import Attached
from vigo.core.wire.scrier_messages import EndScrier, ScrierData, ScrierOpened
from vigo.server.platform.auth.actor import EVERYTHING, Actor
from vigo.server.platform.auth.table import Permission


@served
async def test_25_a_session_is_shown_to_the_very_token_that_opened_it(server: Server, tmp: Path) -> None:
    """Also not to another token of the same name, nor to the host's root, who may watch and end it."""
    ada, also_ada = await token(server, "ada"), await token(server, "ada")
    async with web(server, tmp) as ears:
        made = await asked(server, token=ada["token"])
        order = await order_of(server, ears)
        assert order.operator == "token ada"
        await ears.say(ScrierOpened(order.scrier))
        for other in (also_ada["token"], None):
            async with terminal(server, made["id"], token=other) as near:
                assert "is another operator's session" in (await near.over()).reason
                await near.is_closed()
        assert [act for act, subject in acts(server) if subject == made["id"]] == [
            "scriers.open",
            "scriers.refused",
            "scriers.refused",
        ]
        async with terminal(server, made["id"], token=ada["token"]) as near:
            assert await near.next() == Attached(0)
            await near.type(b"still mine")
            assert await ears.next() == ScrierData(order.scrier, Part(0, b"still mine"))


@served
async def test_25_a_token_that_is_withdrawn_opens_resumes_and_keeps_nothing(server: Server, tmp: Path) -> None:
    ada = await token(server, "ada")
    async with web(server, tmp) as ears:
        made = await asked(server, token=ada["token"])
        order = await order_of(server, ears)
        await ears.say(ScrierOpened(order.scrier))
        async with terminal(server, made["id"], token=ada["token"]) as near:
            assert await near.next() == Attached(0)
            await server.request("DELETE", f"/api/v1/access-tokens/{ada['id']}")
            await server.app.scrier_driver.sweep()
            assert "no longer in force" in (await near.over()).reason
        assert await ears.next() == EndScrier(order.scrier)
        with pytest.raises(InvalidStatus):
            async with terminal(server, made["id"], token=ada["token"]):
                pass
        await asked(server, 401, token=ada["token"])


@served
async def test_25_a_token_that_lapses_ends_its_sessions(server: Server, tmp: Path) -> None:
    ada = await token(server, "ada")
    async with web(server, tmp) as ears:
        made = await asked(server, token=ada["token"])
        await order_of(server, ears)
        server.clock.advance(timedelta(hours=1))
        await server.app.scrier_driver.sweep()
        assert "no longer in force" in (await shown(server, made["id"]))["reason"]


@served
async def test_25_rules_that_change_end_what_they_no_longer_allow(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears:
        scrier = await begun(server, ears)
        server.write_stacks({"envoys.vgo": "nobody gets in"})
        await server.publish()
        await server.app.scrier_driver.sweep()
        assert "no longer lets admin in" in (await shown(server, scrier))["reason"]
        await asked(server, 403)


@served
async def test_25_what_was_ended_is_not_resumed(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears:
        scrier = await begun(server, ears)
        async with terminal(server, scrier) as near:
            assert await near.next() == Attached(0)
            answer = await server.request("POST", f"/api/v1/scriers/{scrier}/end")
            assert answer.json()["reason"] == "ended by admin"
            assert (await near.over()).reason == "ended by admin"
        assert await ears.next() == EndScrier(scrier)
        async with terminal(server, scrier) as near:
            assert (await near.over()).reason == "ended by admin"
        await later(server, timedelta(minutes=2))
        async with terminal(server, scrier) as near:
            assert "open another" in (await near.over()).reason


@served
async def test_17_each_verb_takes_its_own_right(server: Server, tmp: Path) -> None:
    scriers, somebody = server.app.scriers, Actor("somebody", EVERYTHING)
    async with web(server, tmp) as ears:
        scrier = await begun(server, ears)
        for permission, act in (
            (Permission.READ_SCRIERS, lambda who: scriers.list(who, None, 10)),
            (Permission.READ_SCRIERS, lambda who: scriers.show(who, scrier)),
            (Permission.WATCH_SCRIERS, lambda who: scriers.recording(who, scrier, follow=False)),
            (Permission.END_SCRIERS, lambda who: scriers.end(who, scrier)),
        ):
            with pytest.raises(ForbiddenError, match=str(permission)):
                await act(Actor("somebody", EVERYTHING - {permission}))
        assert (await shown(server, scrier))["state"] == "open"
        assert (await scriers.end(somebody, scrier)).reason == "ended by somebody"
