import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.processes import call, call_well
from tests.e2e.world import Envoy, Server, crate, entries, outcomes
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.link.address import parse_address
from vigo.agent.link.channel import Connection, client_context
from vigo.core.errors import ReplayedError, StaleSessionError
from vigo.core.ids import Digest, ServerId, SessionId
from vigo.core.signing import SignedFields
from vigo.core.wire.messages import CheckIn, CheckInAnswer, Fingerprint, Hello, Methods, SignedRequest

CONF = '{name: conf, type: file, path: /etc/conf, content: "x\\n"}'
POLICY = crate("app", CONF) | entries(web_x="app")
LIMIT = timedelta(seconds=20)
REFUSED = "the server refused this envoy: the envoy of {} was revoked; enrol the machine anew if it shall be managed"


def test_a_revoked_envoy_is_refused_at_once_applies_nothing_and_says_why(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-1", folder, server).enrol()
    envoy.run()
    revoked = server.cli("envoys", "revoke", "web-1")
    assert revoked.status == 0
    assert revoked.out.startswith("revoked web-1 (")
    envoy.write("etc/conf", "drift\n")
    report = envoy.run(status=1)
    assert report["message"] == f"{REFUSED.format('web-1')}; nothing was applied or changed"
    assert (report["refused"], report["run_id"], report["results"]) == (True, None, [])
    assert REFUSED.format("web-1") in envoy.once().out
    assert (envoy.read("etc/conf"), len(server.runs("web-1"))) == ("drift\n", 1)
    status = envoy.status()
    assert status["refused"] is True
    assert "was revoked" in status["contact_problem"]
    assert "it refuses this envoy" in call_well("vigo", "status", "--state-dir", envoy.state)
    assert server.envoy("web-1")["status"] == "revoked"


def test_cutting_the_network_does_not_bring_a_revoked_machines_policy_back(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-2", folder, server).enrol()
    envoy.run()
    server.cli("envoys", "revoke", "web-2")
    envoy.run(status=1)
    server.process.kill()
    envoy.write("etc/conf", "drift\n")
    assert "refused this envoy when it last answered" in envoy.run(status=1)["message"]
    assert envoy.read("etc/conf") == "drift\n"
    server.start()
    assert envoy.run(status=1)["refused"] is True


def test_a_daemon_whose_envoy_is_revoked_stops_applying_and_stays(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-3", folder, server).enrol()
    with envoy.daemon() as daemon:
        daemon.until("a first run", lambda: server.runs("web-3"))
        server.cli("envoys", "revoke", "web-3")
        daemon.until_it_says(REFUSED.format("web-3"))
        count = len(server.runs("web-3"))
        envoy.write("etc/conf", "drift\n")
        daemon.send(signal.SIGHUP)
        daemon.until_it_says(REFUSED.format("web-3"), times=2)
        assert envoy.read("etc/conf") == "drift\n"
        assert len(server.runs("web-3")) == count
        assert daemon.terminate().status == 0


def test_a_revoked_machine_that_is_enrolled_anew_is_managed_again(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-4", folder, server).enrol()
    former = envoy.status()["envoy"]
    server.cli("envoys", "revoke", "web-4")
    envoy.run(status=1)
    words = envoy.enrol_words(server.token("web-4"))
    refused = call("vigo", *words)
    assert refused.status == 1
    assert "its server refuses that identity" in refused.err
    assert "`--force` replaces it" in refused.err
    assert call("vigo", *words, "--force").status == 0
    assert envoy.status()["envoy"] != former
    assert outcomes(envoy.run()) == {"app/conf": "changed"}


def test_a_request_that_is_sent_again_is_refused_on_every_connection_and_told_in_the_log(
    server: Server, folder: Path
) -> None:
    envoy = Envoy("web-5", folder, server).enrol()

    async def replay(link: "Captured") -> None:
        captured = link.check_in()
        assert CheckInAnswer.from_bytes(await link.send(Methods.CHECK_IN, captured)).want_traits is True
        with pytest.raises(ReplayedError, match=r"expected a sequence above \d+, found \d+: a repeated message"):
            await link.send(Methods.CHECK_IN, captured)
        await link.reconnect()
        with pytest.raises(ReplayedError):
            await link.send(Methods.CHECK_IN, captured)
        await link.send(Methods.CHECK_IN, link.check_in())

    asyncio.run(_captured(envoy, server, replay))
    assert "refused a call of web-5" in server.process.err


def test_a_request_captured_before_a_restart_of_the_server_is_refused_after_it(server: Server, folder: Path) -> None:
    envoy = Envoy("web-6", folder, server).enrol()

    async def replay(link: "Captured") -> None:
        arrived, held_back = link.check_in(), link.check_in()
        await link.send(Methods.CHECK_IN, arrived)
        server.process.kill()
        server.start()
        await link.reconnect()
        for captured in (arrived, held_back):
            with pytest.raises(StaleSessionError):
                await link.send(Methods.CHECK_IN, captured)

    asyncio.run(_captured(envoy, server, replay))


class Captured:
    """The agent's own connection and signatures, with the bytes of each request at hand to be sent again."""

    def __init__(self, envoy: Envoy, server: Server) -> None:
        self._folder = IdentityFolder(envoy.state)
        self._key, self._id = self._folder.signing_key(), self._folder.load().envoy
        self._address = parse_address(server.grpc, 0)
        self._hello = Hello(ServerId(""), SessionId(""), 0)
        self._sequence = 0
        self.connection = Connection(self._address, client_context(self._folder))

    def request(self, method: str, body: bytes) -> bytes:
        self._sequence += 1
        fields = SignedFields(method, self._hello.server, self._hello.session, self._id, self._sequence, body)
        return SignedRequest(
            server=fields.server,
            session=fields.session,
            envoy=self._id,
            sequence=self._sequence,
            body=body,
            signature=self._key.sign_request(fields),
        ).to_bytes()

    def check_in(self) -> bytes:
        return self.request(
            Methods.CHECK_IN, CheckIn(fingerprint=Fingerprint(traits_digest=Digest("a" * 64))).to_bytes()
        )

    async def send(self, method: str, request: bytes) -> bytes:
        return await self.connection.call(method, request, LIMIT)

    async def greet(self) -> None:
        self._hello = Hello.from_bytes(await self.send(Methods.HELLO, self.request(Methods.HELLO, b"")))
        self._sequence = max(self._sequence, self._hello.sequence)

    async def reconnect(self) -> None:
        await self.connection.close()
        self.connection = Connection(self._address, client_context(self._folder))


async def _captured(envoy: Envoy, server: Server, test: Callable[[Captured], Awaitable[None]]) -> None:
    link = Captured(envoy, server)
    try:
        await link.greet()
        await test(link)
    finally:
        await link.connection.close()
