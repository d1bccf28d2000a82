"""Sessions on the server: between an operator's terminal and an agent that does as the test says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.server.features.test_streams import held
from tests.server.features.test_tasks import Ears, acts
from tests.server.harness import Machine, Server, served
from vigo.core.errors import TimedOutError
from vigo.core.flow import WINDOW_BYTES, Part
from vigo.core.ids import ScrierId
from vigo.core.scrier import RESUME_WITHIN, ScrierEnd, ScrierOrder, open_order
from vigo.core.signing import VerifyKey
from vigo.core.wire.attach_messages import (
    Attach,
    Attached,
    Last,
    Leave,
    Over,
    Resize,
    Taken,
    TerminalMessage,
    server_message,
    to_text,
)
from vigo.core.wire.scrier_messages import (
    EndScrier,
    OpenScrier,
    ResizeScrier,
    ScrierData,
    ScrierEnded,
    ScrierOpened,
    ScrierTaken,
)
from vigo.core.wire.stream_messages import StreamOpened
from vigo.server.features.scriers.driver import OPEN_WITHIN
from vigo.server.features.scriers.models import NewScrier
from vigo.server.platform.db.tables import scriers

ALLOWED = {"envoys.vgo": "scrier"}


class Terminal:
    """An operator's terminal, as far as the server sees it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def say(self, message: TerminalMessage) -> None:
        await self._socket.send(to_text(message))

    async def type(self, data: bytes) -> None:
        await self._socket.send(data)

    async def next(self) -> Any:
        """Return the next bytes, or the next message."""
        async with asyncio.timeout(20):
            said = await self._socket.recv()
        return said if isinstance(said, bytes) else server_message(said)

    async def over(self) -> Over:
        """Return how it ended, whatever is shown before."""
        while not isinstance(said := await self.next(), Over):
            pass
        return said

    async def is_closed(self) -> None:
        with pytest.raises(ConnectionClosed):
            await self.next()


@asynccontextmanager
async def terminal(
    server: Server, scrier: str, token: str | None = None, attach: Attach | None = None
) -> AsyncIterator[Terminal]:
    """Give a terminal that was attached; what the server answers to that is the next thing it says."""
    url = f"{server.url.replace('https', 'wss')}/api/v1/scriers/{scrier}/terminal"
    headers = {"Authorization": f"Bearer {token or server.admin_token}"}
    async with connect(url, ssl=server.context(), additional_headers=headers, proxy=None) as socket:
        found = Terminal(socket)
        with suppress(ConnectionClosed):  # the server has said already why it does not want us
            await found.say(attach or Attach())
        yield found


@asynccontextmanager
async def web(server: Server, tmp: Path, name: str = "web-1") -> AsyncIterator[Ears]:
    """Give an agent that holds its stream, on a server whose stacks let everyone in."""
    server.write_stacks(ALLOWED)
    await server.publish()
    async with await Machine.enrolled(server, tmp / name, name) as machine, held(machine) as stream:
        ears = Ears(stream)
        assert isinstance(await ears.next(), StreamOpened)
        yield ears


async def asked(server: Server, status: int = 201, token: str | None = None, **wanted: Any) -> Any:
    async with server.client(token) as client:
        answer = await client.post("/api/v1/scriers", json={"envoy": "web-1", **wanted})
    assert answer.status_code == status, answer.text
    return answer.json()


async def order_of(server: Server, ears: Ears) -> ScrierOrder:
    message = await ears.next()
    assert isinstance(message, OpenScrier), message
    keys = tuple(VerifyKey(bytes.fromhex(key)) for key in server.app.keyring.trust.policy_keys)
    return open_order(message.order, keys)


async def begun(server: Server, ears: Ears, **wanted: Any) -> ScrierId:
    """Have a session opened, and return its id once it is open."""
    made = await asked(server, **wanted)
    order = await order_of(server, ears)
    assert made["id"] == order.scrier
    await ears.say(ScrierOpened(order.scrier))
    await until_state(server, order.scrier, "open")
    return order.scrier


async def shown(server: Server, scrier: str) -> Any:
    return (await server.request("GET", f"/api/v1/scriers/{scrier}")).json()


async def until_state(server: Server, scrier: str, state: str) -> Any:
    async with asyncio.timeout(20):
        while (found := await shown(server, scrier))["state"] != state:  # noqa: ASYNC110 - over the network
            await asyncio.sleep(0.01)
    return found


async def later(server: Server, time: timedelta) -> None:
    server.clock.advance(time + timedelta(seconds=1))
    await server.app.scrier_driver.sweep()


def token_of(made: Any) -> str:
    return str(made["token"])


async def token(server: Server, name: str) -> Any:
    answer = await server.request("POST", "/api/v1/access-tokens", {"name": name, "ttl_seconds": 3600})
    return answer.json()


async def recording(server: Server, scrier: str, *, follow: bool = False) -> list[Any]:
    answer = await server.request("GET", f"/api/v1/scriers/{scrier}/recording?follow={str(follow).lower()}")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines() if line]


@served
async def test_bytes_go_both_ways_and_its_end_is_told(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears:
        made = await asked(server, terminal="vt100", columns=100, rows=40)
        assert made["notice"].startswith("What it shows is recorded. It ends after 15m without input")
        order = await order_of(server, ears)
        assert (order.kind, order.user, order.terminal, order.columns, order.rows) == (
            "shell",
            "nobody",
            "vt100",
            100,
            40,
        )
        assert order.operator == "admin"
        scrier = order.scrier
        assert (await shown(server, scrier))["state"] == "opening"
        async with terminal(server, scrier, attach=Attach(0, 100, 40)) as near:
            assert await near.next() == Attached(0)
            await near.type(b"typed early ")
            await ears.say(ScrierOpened(scrier))
            assert await ears.next() == ScrierData(scrier, Part(0, b"typed early "))
            await near.type(b"and late")
            assert await ears.next() == ScrierData(scrier, Part(12, b"and late"))
            await ears.say(ScrierData(scrier, Part(0, b"shown")))
            assert await near.next() == b"shown"
            await near.say(Resize(80, 25))
            assert await ears.next() == ResizeScrier(scrier, 80, 25)
            assert (await shown(server, scrier))["state"] == "open"
            await near.say(Last())
            assert await ears.next() == ScrierData(scrier, Part(20, b"", is_last=True))
            await ears.say(
                ScrierData(scrier, Part(5, b" bye", is_last=True)), ScrierEnded(scrier, ScrierEnd(exit_code=3))
            )
            assert await near.next() == b" bye"
            assert await near.next() == Last()
            assert await near.next() == Over(3, "")
            await near.is_closed()
        assert await ears.next() == EndScrier(scrier)
        found = await until_state(server, scrier, "ended")
        assert (found["exit_code"], found["input_bytes"], found["output_bytes"]) == (3, 20, 9)
        lines = await recording(server, scrier, follow=True)
        assert [event[1:] for event in lines[1:]] == [["o", "shown"], ["r", "80x25"], ["o", " bye"]]
        assert [act for act, subject in acts(server) if subject == scrier] == [
            "scriers.open",
            "scriers.ended",
            "scriers.watch",
        ]


@served
async def test_a_terminal_that_reads_slowly_holds_up_its_own_agent_alone(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears:
        scrier = await begun(server, ears)
        async with terminal(server, scrier) as near:
            assert await near.next() == Attached(0)
            part = bytes(32 * 1024)
            for offset in range(0, WINDOW_BYTES, len(part)):
                await ears.say(ScrierData(scrier, Part(offset, part)))
            came = 0
            while came < WINDOW_BYTES:
                came += len(await near.next())
            await near.say(Taken(WINDOW_BYTES // 2))
            assert await ears.next() == ScrierTaken(scrier, WINDOW_BYTES // 2)
            # An agent that sends more than was taken has its session ended.
            for offset in range(WINDOW_BYTES, WINDOW_BYTES * 2, len(part)):
                await ears.say(ScrierData(scrier, Part(offset, part)))
            assert "not taken" in (await near.over()).reason


@served
async def test_what_is_typed_too_fast_is_refused(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears:
        scrier = await begun(server, ears)
        async with terminal(server, scrier) as near:
            assert await near.next() == Attached(0)
            for _ in range(WINDOW_BYTES // 65_536 + 1):
                await near.type(bytes(65_536))
            assert "not taken" in (await near.over()).reason
        async with terminal(server, scrier) as near:
            assert await near.next() == Attached(WINDOW_BYTES)


@served
async def test_another_terminal_takes_over_where_the_first_one_was(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears, AsyncExitStack() as stack:
        scrier = await begun(server, ears)
        first = await stack.enter_async_context(terminal(server, scrier))
        assert await first.next() == Attached(0)
        await first.type(b"abc")
        assert await ears.next() == ScrierData(scrier, Part(0, b"abc"))
        await ears.say(ScrierData(scrier, Part(0, b"one two")))
        assert await first.next() == b"one two"
        await ears.say(ScrierTaken(scrier, 2), ScrierData(scrier, Part(7, b"!")))  # too little to be told by itself
        assert await first.next() == b"!"
        second = await stack.enter_async_context(terminal(server, scrier, attach=Attach(4, 80, 24)))
        assert await second.next() == Attached(3)
        assert await second.next() == Taken(2)
        assert await second.next() == b"two!"
        assert (await first.over()).reason == "it is shown in another terminal now"
        await second.say(Leave())
        assert (await second.over()).reason == "closed by its operator"
        while not isinstance(await ears.next(), EndScrier):
            pass


@asynccontextmanager
async def superseded(machine: Machine) -> AsyncIterator[Ears]:
    """Give a stream in whose place another one comes."""
    with suppress(TimedOutError):
        async with held(machine) as stream:
            yield Ears(stream)


@served
async def test_a_new_stream_of_the_agent_goes_on_where_the_old_one_was(server: Server, tmp: Path) -> None:
    server.write_stacks(ALLOWED)
    await server.publish()
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine, superseded(machine) as ears:
        await ears.next()
        scrier = await begun(server, ears)
        async with terminal(server, scrier) as near:
            assert await near.next() == Attached(0)
            await near.type(b"abcdef")
            assert await ears.next() == ScrierData(scrier, Part(0, b"abcdef"))
            await ears.say(ScrierData(scrier, Part(0, b"shown")))
            assert await near.next() == b"shown"
            await near.say(Taken(4))  # too little to be told by itself
            async with held(machine) as again:
                other = Ears(again)
                await other.next()
                message = await other.next()
                assert isinstance(message, OpenScrier)
                assert message.output_from == 5
                await near.type(b"ghi")
                await other.say(ScrierOpened(scrier, 4))  # the rest was lost with the old stream
                assert await other.next() == ScrierTaken(scrier, 4)
                typed = b""
                while typed != b"efghi":
                    message = await other.next()
                    assert isinstance(message, ScrierData)
                    assert message.part.offset == 4 + len(typed)
                    typed += message.part.data
                await other.say(ScrierData(scrier, Part(3, b"wn, and more")))
                assert await near.next() == b", and more"


@served
async def test_each_limit_ends_it(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears:
        late = (await asked(server))["id"]
        await ears.next()
        await later(server, OPEN_WITHIN)
        assert (await shown(server, late))["reason"].startswith("the agent did not open it within")
        unwatched = await begun(server, ears) if isinstance(await ears.next(), EndScrier) else ""
        await later(server, RESUME_WITHIN)
        assert (await shown(server, unwatched))["reason"] == "its operator was gone for 60 s"
        assert await ears.next() == EndScrier(unwatched)
        idle = await begun(server, ears)
        async with terminal(server, idle) as near:
            assert await near.next() == Attached(0)
            await later(server, timedelta(minutes=14))
            await near.type(b"x")
            assert await ears.next() == ScrierData(idle, Part(0, b"x"))
            await later(server, timedelta(minutes=14))
            await later(server, timedelta(minutes=2))
            assert (await near.over()).reason == "nothing was typed for 15m"
        assert await ears.next() == EndScrier(idle)
        long = await begun(server, ears)
        async with terminal(server, long) as near:
            assert await near.next() == Attached(0)
            for _ in range(60):
                await near.type(b"x")
                await ears.next()
                await later(server, timedelta(minutes=8))
            assert (await near.over()).reason == "it was open for 8h, which is its limit"


@served
async def test_an_agent_that_is_gone_for_too_long_ends_it(server: Server, tmp: Path) -> None:
    async with AsyncExitStack() as stack:
        async with web(server, tmp) as ears:
            scrier = await begun(server, ears)
            near = await stack.enter_async_context(terminal(server, scrier))
            assert await near.next() == Attached(0)
        async with asyncio.timeout(20):
            while len(server.app.streams):  # noqa: ASYNC110 - the server notices in its own time
                await asyncio.sleep(0.01)
        await server.app.scrier_driver.sweep()
        await later(server, RESUME_WITHIN - timedelta(seconds=5))
        assert (await shown(server, scrier))["state"] == "open"
        await later(server, timedelta(seconds=5))
        assert (await near.over()).reason == "the agent was out of reach for 60 s"


@served
async def test_28_one_that_went_on_when_the_server_ended_has_its_end(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears:
        scrier = await begun(server, ears)
        await ears.say(ScrierEnded(scrier, ScrierEnd(exit_code=0)))
        await until_state(server, scrier, "ended")
    # As kill -9 leaves it: nothing of its end is stored.
    unended = update(scriers).values(ended_at=None, exit_code=None)
    await server.app.database.write(lambda connection: connection.execute(unended))
    await server.restart()
    await server.app.scrier_driver.sweep()
    assert (await shown(server, scrier))["reason"] == "the server was stopped"


@served
async def test_old_ones_are_forgotten_with_their_recordings(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears:
        scrier = await begun(server, ears)
        await ears.say(ScrierEnded(scrier, ScrierEnd(exit_code=0)))
        await until_state(server, scrier, "ended")
        await server.app.scriers.prune()
        assert len((await server.request("GET", "/api/v1/scriers")).json()["items"]) == 1
        await later(server, timedelta(days=90))
        await server.app.scriers.prune()
        assert (await server.request("GET", "/api/v1/scriers")).json()["items"] == []
        assert list((server.folder.root / "recordings").iterdir()) == []


@served
async def test_bad_wishes_are_refused_with_what_was_expected(server: Server, tmp: Path) -> None:
    async with web(server, tmp):
        for wanted, problem in (
            ({"columns": 0}, "columns and rows"),
            ({"rows": 10_001}, "columns and rows"),
            ({"terminal": "x y"}, "such as xterm-256color"),
            ({"port": 22}, "port: expected one for a connection"),
            ({"kind": "forward"}, "port: expected one for a connection"),
            ({"kind": "nonsense"}, "kind"),
            ({"user": "root"}, "user"),
        ):
            assert problem in (await asked(server, 400, **wanted))["detail"]
        assert "web-9" in (await asked(server, 404, envoy="web-9"))["detail"]
        assert "allows: 22" in (await asked(server, 403, kind="forward", port=23))["detail"]
        made = await asked(server, kind="forward", port=22, dry_run=True)
        assert (made["id"], made["hostname"]) == (None, "web-1")
        with pytest.raises(InvalidStatus):
            async with terminal(server, "none", token="vigo-access-x"):
                pass
        async with terminal(server, "not-an-id") as near:
            assert "expected a session's UUID" in (await near.over()).reason
        async with terminal(server, "00000000-0000-7000-8000-000000000000") as near:
            assert "open another" in (await near.over()).reason


@served
async def test_what_a_terminal_says_first_has_to_be_what_it_has(server: Server, tmp: Path) -> None:
    async with web(server, tmp) as ears:
        scrier = await begun(server, ears)
        for said in (Taken(5), Attach(0, 0, 0), Attach(7)):
            url = f"{server.url.replace('https', 'wss')}/api/v1/scriers/{scrier}/terminal"
            headers = {"Authorization": f"Bearer {server.admin_token}"}
            async with connect(url, ssl=server.context(), additional_headers=headers, proxy=None) as socket:
                await socket.send(to_text(said))
                assert "expected" in (await Terminal(socket).over()).reason
        assert (await shown(server, scrier))["state"] == "open"
        async with terminal(server, scrier) as good:
            assert await good.next() == Attached(0)
        assert (await until_state(server, scrier, "ended"))["reason"] == "closed by its operator"


@served
async def test_05_an_agents_word_counts_for_its_own_sessions_alone(server: Server, tmp: Path) -> None:
    """Another envoy speaks of this one's session, and of one that has ended."""
    async with web(server, tmp) as ears:
        scrier = await begun(server, ears)
        async with await Machine.enrolled(server, tmp / "web-2", "web-2") as machine, held(machine) as stream:
            other = Ears(stream)
            await other.next()
            for message in (
                ScrierData(scrier, Part(0, b"forged")),
                ScrierOpened(scrier),
                ScrierEnded(scrier, ScrierEnd(exit_code=0)),
            ):
                await other.say(message)
                assert await other.next() == EndScrier(scrier)
        await ears.say(ScrierEnded(scrier, ScrierEnd(exit_code=1)))
        assert await ears.next() == EndScrier(scrier)
        await ears.say(ScrierData(scrier, Part(0, b"late")), ScrierEnded(scrier, ScrierEnd(exit_code=0)))
        assert await ears.next() == EndScrier(scrier)
        found = await until_state(server, scrier, "ended")
        assert (found["exit_code"], found["output_bytes"]) == (1, 0)
        assert NewScrier(envoy="x").kind == "shell"
