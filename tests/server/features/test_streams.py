"""Streams that envoys hold, over real TLS, and what ends them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.server.harness import Machine, Server, served
from vigo.agent.link.channel import Connection, OpenStream, client_context
from vigo.core.encoding import digest_of
from vigo.core.errors import (
    ForbiddenError,
    InvalidError,
    LapsedError,
    ReplayedError,
    TimedOutError,
    UnauthenticatedError,
    VigoError,
)
from vigo.core.traits import pack_traits
from vigo.core.wire.messages import Methods, SignedRequest
from vigo.core.wire.stream_messages import (
    Beat,
    CheckInNow,
    ServerMessage,
    StreamOpened,
    agent_message_to_bytes,
    server_message_from_bytes,
)
from vigo.server.features.streams.service import BEAT, SWEEP, StreamService
from vigo.server.platform.db.tables import audit
from vigo.testing.clock import FakeClock


@asynccontextmanager
async def held(machine: Machine, **bent: Any) -> AsyncIterator[OpenStream]:
    """Give a machine's stream, over a connection of its own."""
    connection = Connection(machine.server.grpc, client_context(machine.folder))
    opening = machine.request(Methods.AGENT_STREAM, b"", **bent)
    try:
        async with connection.stream(Methods.AGENT_STREAM) as stream:
            await stream.send(agent_message_to_bytes(opening))
            yield stream
    finally:
        await connection.close()


async def heard(stream: OpenStream) -> ServerMessage:
    async with asyncio.timeout(20):
        data = await stream.receive()
    assert data is not None
    message = server_message_from_bytes(data)
    assert message is not None
    return message


async def until_ended(stream: OpenStream) -> None:
    async with asyncio.timeout(20):
        while await stream.receive() is not None:
            pass


async def connected(server: Server, name: str) -> bool:
    return (await server.request("GET", f"/api/v1/envoys/{name}")).json()["connected_since"] is not None


async def push(server: Server, status: int = 200, **target: Any) -> Any:
    answer = await server.request("POST", "/api/v1/pushes", {"target": target})
    assert answer.status_code == status, answer.text
    return answer.json()


@served
async def test_an_envoy_is_present_while_it_holds_its_stream(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        assert not await connected(server, "web-1")
        async with held(machine) as stream:
            assert await heard(stream) == StreamOpened(BEAT)
            assert await connected(server, "web-1")
            await machine.check_in()
        async with asyncio.timeout(20):
            while await connected(server, "web-1"):  # noqa: ASYNC110 - what is waited for happens over the network
                await asyncio.sleep(0.01)


@served
async def test_a_stream_begins_with_a_request_that_passes_every_check(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        used = machine.sequence + 1
        await machine.check_in()
        assert isinstance(await end_of(machine, sequence=used), ReplayedError)
        assert isinstance(await end_of(machine, envoy="00000000-0000-4000-8000-000000000000"), ForbiddenError)
        connection = Connection(server.grpc, client_context(machine.folder))
        for opening in (agent_message_to_bytes(Beat()), b""):
            assert "begin with a signed request" in str(await refusal_of(connection, opening))
        await connection.close()


async def refusal_of(connection: Connection, opening: bytes) -> InvalidError:
    try:
        async with connection.stream(Methods.AGENT_STREAM) as stream:
            await stream.send(opening)
            await heard(stream)
    except InvalidError as error:
        return error
    raise AssertionError("it was accepted")


@served
async def test_a_newer_stream_takes_the_place_of_an_older_one(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        older = await held_in_background(machine)
        async with held(machine) as newer:
            await heard(newer)
            assert "took the place" in str(await older)
            assert await connected(server, "web-1")
            await push(server, everyone=True)
            assert await heard(newer) == CheckInNow(timedelta(0))


async def held_in_background(machine: Machine) -> "asyncio.Task[VigoError]":
    """Hold a stream, and return what will return what ends it."""
    is_held = asyncio.Event()
    end = asyncio.create_task(end_of(machine, is_held))
    await is_held.wait()
    return end


async def end_of(machine: Machine, is_held: asyncio.Event | None = None, *, beats: int = 0, **bent: Any) -> VigoError:
    """Hold a stream, say so many beats, and return what ends it."""
    try:
        async with held(machine, **bent) as stream:
            await heard(stream)
            if is_held is not None:
                is_held.set()
            for _ in range(beats):
                await stream.send(agent_message_to_bytes(Beat()))
            await until_ended(stream)
    except VigoError as error:
        return error
    raise AssertionError("it ended without an error")


@served
async def test_revoking_ends_the_stream(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        end = await held_in_background(machine)
        await server.request("POST", "/api/v1/envoys/web-1/revoke")
        assert isinstance(await end, UnauthenticatedError)


@served
async def test_a_push_is_told_spread_and_audited(server: Server, tmp: Path) -> None:
    traits = {"os": {"family": "debian"}}
    async with AsyncExitStack() as stack:
        streams = {}
        for name in ("web-1", "web-2", "db-1"):
            machine = await stack.enter_async_context(await Machine.enrolled(server, tmp / name, name))
            if name != "db-1":
                await machine.check_in(traits_digest=digest_of(traits), traits=pack_traits(traits))
            streams[name] = await stack.enter_async_context(held(machine))
            await heard(streams[name])
        for names in (["WEB-1."], [machine_id(server, "web-1")], ["web-1", "~web-1"]):
            dry = await server.request("POST", "/api/v1/pushes", {"target": {"hosts": names}, "dry_run": True})
            assert [item["hostname"] for item in dry.json()["items"]] == ["web-1"]
        answer = await push(server, hosts=["web-*", "db-1"])
        assert [(item["hostname"], item["state"]) for item in answer["items"]] == [
            ("db-1", "told"),
            ("web-1", "told"),
            ("web-2", "told"),
        ]
        for stream in streams.values():
            assert await heard(stream) == CheckInNow(timedelta(milliseconds=2))
        answer = await push(server, where="traits.os.family == 'debian' and hostname != 'web-2'")
        assert [item["hostname"] for item in answer["items"]] == ["web-1"]
        dry = await server.request("POST", "/api/v1/pushes", {"target": {"everyone": True}, "dry_run": True})
        assert {item["state"] for item in dry.json()["items"]} == {"told"}
    rows = [row for row in audited(server) if row.action == "envoys.push"]
    assert [(row.subject, msgspec.json.decode(row.detail)) for row in rows] == [
        ("3 envoys", {"target": "hosts web-* db-1", "meant": 3, "connected": 3}),
        (
            machine_id(server, "web-1"),
            {"target": "where traits.os.family == 'debian' and hostname != 'web-2'", "meant": 1, "connected": 1},
        ),
    ]


@served
async def test_a_target_that_means_nobody_is_refused(server: Server, tmp: Path) -> None:
    await push(server, 404, everyone=True)
    await Machine.enrolled(server, tmp / "web-1", "web-1")
    for status, target in (
        (400, {}),
        (404, {"hosts": ["web-1", "nobody"]}),
        (400, {"hosts": ["~("]}),
        (400, {"hosts": ["web-1"], "everyone": True}),
        (400, {"hosts": ["web-1"] * 1001}),
        (400, {"hosts": ["web-*"] * 101}),
        (400, {"where": "traits.os.family =="}),
        (404, {"environment": "none"}),
        (400, {"unknown": True}),
    ):
        await push(server, status, **target)
    await server.request("POST", "/api/v1/envoys/web-1/revoke")
    await push(server, 404, hosts=["web-1"])


def audited(server: Server) -> list[Any]:
    return list(server.app.database.read_now(lambda connection: connection.execute(audit.select()).all()))


def machine_id(server: Server, hostname: str) -> str:
    record = server.app.envoys.index.named(hostname)
    assert record is not None
    return record.id


class Peer(msgspec.Struct):
    """An envoy as the gate knows it."""

    id: Any = "00000000-0000-4000-8000-000000000001"
    hostname: str = "web-1"
    sequence: int = 0
    is_active: bool = True
    key: Any = None


async def silence() -> AsyncIterator[SignedRequest | Beat | None]:
    await asyncio.Event().wait()
    yield None


async def ended_by(
    service: StreamService, clock: Any, change: Any, *, life: timedelta = timedelta(days=1)
) -> VigoError:
    """Return what ends a stream of which something changes."""
    peer = Peer()
    messages = service.hold(peer, silence(), not_after=clock.now() + life, source="192.0.2.1")
    assert isinstance(await anext(messages), StreamOpened)
    assert service.connected_since(peer.id) is not None
    await service.sweep()
    change(peer)
    await service.sweep()
    try:
        async with asyncio.timeout(20):
            async for _ in messages:
                pass
    except VigoError as error:
        assert service.connected_since(peer.id) is None
        return error
    raise AssertionError("it ended without an error")


def test_what_ends_a_stream() -> None:
    clock = FakeClock()
    service = StreamService(clock)

    async def story() -> None:
        def revoked(peer: Peer) -> None:
            peer.is_active = False

        assert isinstance(await ended_by(service, clock, revoked), UnauthenticatedError)
        assert isinstance(await ended_by(service, clock, lambda _: clock.advance(3 * BEAT)), TimedOutError)
        lapsed = await ended_by(service, clock, lambda _: clock.advance(BEAT), life=BEAT)
        assert isinstance(lapsed, LapsedError)

    asyncio.run(story())


@served
async def test_who_says_far_too_much_is_cut(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        assert "at most 1000 messages" in str(await end_of(machine, beats=1200))


def test_who_takes_nothing_is_told_nothing_and_cut() -> None:
    clock, peer = FakeClock(), Peer()
    service = StreamService(clock)

    async def story() -> None:
        async def hold() -> None:
            async with aclosing(
                service.hold(peer, silence(), not_after=clock.now() + timedelta(days=1), source="x")
            ) as messages:
                async for _ in messages:
                    await asyncio.Event().wait()  # the network takes nothing

        holding = asyncio.create_task(hold())
        await asyncio.sleep(0)
        told = [service.tell(peer.id, CheckInNow()) for _ in range(40)]
        assert told == [True] * 32 + [False] * 8
        clock.advance(3 * BEAT)
        await service.sweep()
        clock.advance(2 * SWEEP)
        await service.sweep()
        with pytest.raises(asyncio.CancelledError):
            await holding
        assert len(service) == 0

    asyncio.run(story())
