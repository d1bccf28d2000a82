from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from tests.server.harness import Machine, Server, ToyPolicy, served
from tests.server.relay import Relay
from vigo.agent.link.channel import Connection, client_context
from vigo.core.bundle import open_bundle
from vigo.core.encoding import digest_of
from vigo.core.errors import DamagedError, InvalidError
from vigo.core.ids import ServerId, SessionId
from vigo.core.signing import VerifyKey
from vigo.core.traits import pack_traits
from vigo.core.wire.messages import CheckIn, CheckInAnswer, Fingerprint, Methods

TRAITS: dict[str, dict[str, Any]] = {"os": {"family": "debian"}}


async def _published(server: Server, text: str = "one") -> None:
    server.write_stacks({"envoys.vgo": text})
    await server.publish()


@served
async def test_the_bundle_comes_signed_and_once(server: Server, tmp: Path) -> None:
    await _published(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        first = await machine.check_in()
        assert first.bundle is not None
        keys = tuple(VerifyKey(bytes.fromhex(key)) for key in machine.identity.policy_keys)
        assert open_bundle(first.bundle, keys).resources[0].fields["content"] == "one"
        assert first.bundle.not_after - server.clock.now() > timedelta(days=89)
        assert (await machine.check_in(bundle_digest=first.bundle.digest)).bundle is None
        await _published(server, "two")
        second = await machine.check_in(bundle_digest=first.bundle.digest)
        assert second.bundle is not None
        assert second.bundle.generation == 2


@served
async def test_nothing_new_is_an_empty_message_and_touches_no_database(server: Server, tmp: Path) -> None:
    await _published(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        bundle = (await machine.check_in()).bundle
        assert bundle is not None
        statements: list[object] = []
        for engine in (server.app.database.writing, server.app.database.reading):
            event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        message = CheckIn(fingerprint=Fingerprint(bundle_digest=bundle.digest), agent_version="0.1.0")
        for _ in range(20):
            assert await machine.call(Methods.CHECK_IN, message.to_bytes()) == b""
        assert statements == []
        await server.app.envoys.flush()
        assert len([text for text in statements if str(text).startswith("UPDATE envoys")]) == 1


@served
async def test_a_plan_is_made_and_sealed_once_for_all_envoys_of_an_entry(server: Server, tmp: Path) -> None:
    await _published(server)
    bundles = set()
    for name in ("web-1", "web-2", "web-3"):
        async with await Machine.enrolled(server, tmp / name, name) as machine:
            answer = await machine.check_in()
            assert answer.bundle is not None
            bundles.add(answer.bundle.signature)
    assert len(bundles) == 1
    live = server.app.generations._live
    assert live is not None
    assert isinstance(live._policy, ToyPolicy)
    assert live._policy.planned == 1


@served
async def test_a_bundle_is_sealed_anew_when_a_quarter_of_its_life_is_over(server: Server, tmp: Path) -> None:
    await _published(server)
    server.app.settings.value = msgspec.structs.replace(
        server.settings, envoy_certificate_lifetime=timedelta(days=300), bundle_max_age=timedelta(days=80)
    )
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        first = (await machine.check_in()).bundle
        server.clock.advance(timedelta(days=19))
        same = (await machine.check_in()).bundle
        server.clock.advance(timedelta(days=2))
        anew = (await machine.check_in()).bundle
    assert first is not None
    assert anew is not None
    assert same == first
    assert anew.digest == first.digest
    assert anew.not_after - first.not_after > timedelta(days=20)


@served
async def test_traits_are_asked_for_once_and_stored(server: Server, tmp: Path) -> None:
    await _published(server)
    digest, packed = digest_of(TRAITS), pack_traits(TRAITS)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        assert (await machine.check_in(traits_digest=digest)).want_traits
        assert not (await machine.check_in(traits_digest=digest, traits=packed)).want_traits
        assert not (await machine.check_in(traits_digest=digest)).want_traits
        await server.restart()
        await machine.reconnect()
        await machine.greet()
        assert not (await machine.check_in(traits_digest=digest)).want_traits
        assert (await machine.check_in(traits_digest="f" * 64)).want_traits
        with pytest.raises(DamagedError):
            await machine.check_in(traits_digest="f" * 64, traits=b"no traits")


@served
async def test_an_envoy_that_no_entry_covers_hears_so(server: Server, tmp: Path) -> None:
    await _published(server)
    async with await Machine.enrolled(server, tmp / "none-1", "none-1") as machine:
        answer = await machine.check_in(bundle_digest="a" * 64)
        assert answer.without_policy
        assert answer.bundle is None


@served
async def test_before_the_first_publication_an_envoy_keeps_what_it_has(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        assert (await machine.check_in()).without_policy
        assert not (await machine.check_in(bundle_digest="a" * 64)).without_policy


@served
async def test_the_interval_is_told_once_and_when_it_changes(server: Server, tmp: Path) -> None:
    await _published(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        assert (await machine.check_in()).interval == timedelta(minutes=5)
        assert (await machine.check_in()).interval is None
        server.app.settings.value = msgspec.structs.replace(server.settings, check_in_interval=timedelta(seconds=7))
        assert (await machine.check_in()).interval == timedelta(seconds=7)


@served
async def test_13_traits_never_steer_what_an_envoy_gets(server: Server, tmp: Path) -> None:
    await _published(server)
    liar: dict[str, dict[str, Any]] = {"network": {"hostname": "web-1"}, "roles": {"admin": True}, "hostname": {}}
    async with await Machine.enrolled(server, tmp / "none-1", "none-1") as machine:
        answer = await machine.check_in(traits_digest=digest_of(liar), traits=pack_traits(liar))
        assert answer == CheckInAnswer(interval=timedelta(minutes=5), without_policy=True)


@served
async def test_14_a_body_that_is_no_message_is_refused(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        for body in (b"\xff" * 50, b"\x0a\xff\xff\xff\xff\x0f", b"\x12" + b"\x80" * 20):
            for method in (Methods.CHECK_IN, Methods.REPORT_RESULT, Methods.RENEW_CERTIFICATE):
                with pytest.raises(InvalidError):
                    await machine.call(method, body)
        with pytest.raises(InvalidError):
            await machine.call(Methods.HELLO, b"\xff" * 50, server=ServerId(""), session=SessionId(""))


@served
async def test_nothing_new_takes_less_than_a_hundred_bytes_on_the_wire(server: Server, tmp: Path) -> None:
    await _published(server)
    machine = await Machine.enrolled(server, tmp / "web-1", "web-1")
    async with Relay(server.grpc) as relay:
        machine.connection = Connection(relay.address, client_context(machine.folder))
        async with machine:
            bundle = (await machine.check_in()).bundle
            assert bundle is not None
            message = CheckIn(fingerprint=Fingerprint(bundle_digest=bundle.digest), agent_version="0.1.0").to_bytes()
            for _ in range(3):  # the first ones still fill the compression of headers
                await machine.call(Methods.CHECK_IN, message)
            before = relay.to_client_bytes
            for _ in range(20):
                assert await machine.call(Methods.CHECK_IN, message) == b""
            # With HTTP/2 and TLS, all frames counted.
            assert (relay.to_client_bytes - before) / 20 < 100
