"""Telling people: to real listeners on loopback, over TLS and SMTP."""

import asyncio
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.server.harness import Machine, Server, a_run, served
from vigo.core.clock import SystemClock
from vigo.core.errors import ForbiddenError, UnavailableError, UsageError
from vigo.server.features.notifications.channels import load_channels
from vigo.server.features.notifications.models import Channel, Delivery, Happening
from vigo.server.features.notifications.sending import Sender
from vigo.server.features.notifications.shapes import shaped
from vigo.server.platform.pki.authority import Authority, ca_certificate, new_key

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STALE = Happening(event="envoy-stale", at=NOW, text="it does not call any more", hostname="web-1", about="reachability")


def delivery(happening: Happening = STALE) -> Delivery:
    return Delivery(id="d1", channel="x", happening=happening, state="waiting", attempts=0, next_at=NOW)


class Listener:
    """Takes what is posted over TLS, and answers as it is told."""

    def __init__(self, folder: Path) -> None:
        key = new_key()
        ca = ca_certificate(key, datetime.now(UTC), "x")
        authority = Authority(key, ca, SystemClock())
        issued, key_pem = authority.issue_server(("localhost", "127.0.0.1"), timedelta(days=1))
        pem = folder / "listener.pem"
        pem.write_bytes(issued.pem.encode() + key_pem)
        self.trust = ssl.create_default_context(cadata=ca.decode())
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.headers = 200, dict[str, str]()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.taken.append((self.path, dict(self.headers), body))
                self.send_response(listener.status)
                for name, value in listener.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}/hook?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    found = Listener(tmp_path)
    yield found
    found.server.shutdown()
    found.server.server_close()


def channel(**said: Any) -> Channel:
    return Channel(**{"name": "x", "type": "webhook", "allow_near": True, **said})


def send(listener: Listener, told: Channel, happening: Happening = STALE) -> None:
    asyncio.run(Sender(listener.trust).send(told, delivery(happening), NOW))


def test_a_webhook_is_signed_over_its_time_and_body(listener: Listener, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the key\n")
    send(listener, channel(url=listener.url, secret_file=str(tmp_path / "key")))
    path, headers, body = listener.taken[0]
    assert (path, headers["Vigo-Event"], headers["Vigo-Delivery"]) == ("/hook?x=1", "envoy-stale", "d1")
    assert headers["Host"] == listener.url.split("/")[2]
    stamp, signature = (part.partition("=")[2] for part in headers["Vigo-Signature"].split(","))
    assert int(stamp) == int(NOW.timestamp())
    assert hmac.new(b"the key", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest() == signature
    told = json.loads(body)
    assert (told["hostname"], told["severity"], told["at"]) == ("web-1", "error", "2026-01-02T03:04:05Z")


def _shape(
    kind: str, happening: Happening = STALE, url: str = "https://a.example/b"
) -> tuple[str, dict[str, str], Any]:
    found = shaped(channel(type=kind), url, "secret", "d1", happening, NOW)
    return found.url, found.headers, json.loads(found.body)


def test_the_others_are_sent_what_they_read() -> None:
    assert _shape("slack")[2] == {"text": "[error] web-1: it does not call any more"}
    url, _, told = _shape("pagerduty", url="")
    assert url == "https://events.pagerduty.com/v2/enqueue"
    assert (told["routing_key"], told["event_action"], told["dedup_key"]) == (
        "secret",
        "trigger",
        "vigo reachability web-1",
    )
    assert told["payload"]["severity"] in ("critical", "error", "warning", "info")
    back = Happening(event="envoy-back", at=NOW, text="it calls again", hostname="web-1", about="reachability")
    resolved = _shape("pagerduty", back)[2]
    assert (resolved["event_action"], resolved["dedup_key"]) == ("resolve", told["dedup_key"])
    _, headers, pushed = _shape("loki")
    assert headers["Authorization"] == "Bearer secret"
    assert pushed["streams"][0]["values"][0][0] == str(int(NOW.timestamp())) + "0" * 9
    assert json.loads(pushed["streams"][0]["values"][0][1])["hostname"] == "web-1"
    _, headers, event = _shape("splunk")
    assert (headers["Authorization"], event["event"]["hostname"]) == ("Splunk secret", "web-1")


def test_mail_is_sent(tmp_path: Path) -> None:
    taken: list[Message] = []

    class Handler:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            import email  # noqa: PLC0415

            taken.append(email.message_from_bytes(envelope.content))
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        told = channel(type="email", server=f"127.0.0.1:{port}", sender="vigo@a.example", to=("ops@a.example",))
        hostile = Happening(event="run-failed", at=NOW, text="no\r\nBcc: all@a.example", hostname="web-1")
        asyncio.run(Sender().send(told, delivery(hostile), NOW))
    finally:
        controller.stop()
    assert (taken[0]["To"], taken[0]["Bcc"]) == ("ops@a.example", None)
    assert taken[0]["Subject"] == "Vigo: [error] web-1: no Bcc: all@a.example"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/x",
        "http://0.0.0.0/x",
    ],
)
def test_29_nothing_is_sent_to_the_machine_itself_or_its_link(url: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k")
    told = channel(url=url, secret_file=str(tmp_path / "key"), allow_near=False)
    with pytest.raises(ForbiddenError, match="allow_near"):
        asyncio.run(Sender().send(told, delivery(), NOW))


def test_29_a_redirect_is_followed_nowhere_and_an_unknown_certificate_is_refused(
    listener: Listener, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("k")
    told = channel(url=listener.url, secret_file=str(tmp_path / "key"))
    listener.status, listener.headers = 302, {"Location": listener.url}
    with pytest.raises(UnavailableError, match="found 302"):
        send(listener, told)
    assert len(listener.taken) == 1
    with pytest.raises(UnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        asyncio.run(Sender().send(told, delivery(), NOW))
    assert len(listener.taken) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("channels: 3", "Expected `array`"),
        ("channels: [{name: x, type: slak}]", "channel 'x': type: expected webhook, .*did you mean 'slack'"),
        ("channels: [{type: slack, events: [envoy-stail]}]", "channel '1': events: .*did you mean 'envoy-stale'"),
        ("channels: [{name: x, type: slack}]", "either url or url_file"),
        ("channels: [{name: x, type: webhook, url: https://a.example}]", "expected secret_file"),
        ("channels: [{name: x, type: slack, url: 'ftp://a.example'}]", "expected a URL"),
        ("channels: [{name: x, type: slack, url: https://a.example, events: [nothing]}]", "nothing"),
        ("channels: [{name: x, type: slack, url: https://a.example, match: ['~(']}]", "channel 'x'"),
        ("channels: [{name: x, type: slack, url: https://a.example, colour: red}]", "colour"),
        ("channels: [{name: x, type: email, server: mail, sender: a, to: [b]}]", "HOST:PORT"),
        ("channels: [[[[", "expected YAML"),
        ("[" * 3000, "too large or too deep"),
    ],
)
def test_channels_that_cannot_be_understood_are_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "notify.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=told):
        load_channels(path)


class Taken:
    """Stands where notifications are sent, and refuses as often as it is told."""

    def __init__(self) -> None:
        self.refuses = 0
        self.got: list[tuple[str, str, str]] = []

    async def send(self, told: Channel, sent: Delivery, _now: datetime) -> None:
        if self.refuses:
            self.refuses -= 1
            raise UnavailableError("nobody is there")
        self.got.append((told.name, sent.happening.event, sent.happening.hostname))


async def _listening(server: Server, text: str) -> Taken:
    server.folder.notifications.write_text(text)
    taken = Taken()
    server.app.notifications._send = taken.send
    server.app.notifications.reload()
    await server.app.notifications.look()
    return taken


CHAT = "{name: chat, type: slack, url: 'https://a.example'}"


@served
async def test_what_changes_about_an_envoy_is_told_once(server: Server, tmp: Path) -> None:
    await server.publish()
    machine = await Machine.enrolled(server, tmp / "web-1", "web-1")
    taken = await _listening(server, f"channels: [{CHAT}]")

    async def looked() -> list[str]:
        server.clock.advance(timedelta(seconds=11))
        await server.app.notifications.look()
        events, taken.got = [event for _, event, _ in taken.got], []
        return events

    async with machine:
        await machine.check_in()
        bundle = server.app.generations.assignment("web-1")
        assert bundle is not None
        digest = bundle.bundle.digest
        assert await looked() == []
        await machine.report(a_run(outcome="failed", bundle_digest=digest))
        assert await looked() == ["run-failed"]
        await machine.report(a_run(outcome="failed", bundle_digest=digest))
        assert await looked() == []
        await machine.report(a_run(outcome="blocked", bundle_digest=digest))
        assert await looked() == ["run-recovered", "resource-blocked"]
        for _ in range(3):
            await machine.report(a_run(outcome="changed", bundle_digest=digest))
        assert await looked() == ["drift-diverged"]
        server.clock.advance(timedelta(minutes=20))
        assert await looked() == ["envoy-stale"]
        await machine.check_in()
        assert await looked() == ["envoy-back"]
        server.clock.advance(timedelta(days=24))
        assert set(await looked()) == {"envoy-stale", "certificate-ending"}
    await server.request("POST", "/api/v1/envoys/web-1/revoke")
    server.write_stacks({"x.vgo": "other"})
    await server.publish()
    assert await looked() == ["generation-published"]


@served
async def test_channels_hear_of_their_events_and_machines_alone(server: Server, tmp: Path) -> None:
    machines = [await Machine.enrolled(server, tmp / name, name) for name in ("web-1", "db-1")]
    taken = await _listening(
        server,
        "channels:\n"
        "  - {name: web, type: slack, url: 'https://a.example', match: ['web-*'], events: [run-failed]}\n"
        "  - {name: all, type: slack, url: 'https://a.example', events: [run-failed, generation-published]}\n",
    )
    for machine in machines:
        async with machine:
            await machine.report(a_run(outcome="failed"))
    await server.publish()
    await server.app.notifications.look()
    assert sorted(taken.got) == [
        ("all", "generation-published", ""),
        ("all", "run-failed", "db-1"),
        ("all", "run-failed", "web-1"),
        ("web", "run-failed", "web-1"),
    ]


@served
async def test_what_nobody_takes_is_tried_for_longer_and_longer_and_then_given_up(server: Server, tmp: Path) -> None:
    taken = await _listening(server, f"channels: [{CHAT}]")
    taken.refuses = 3
    await server.publish()
    await server.app.notifications.look()
    for pause, left in ((15, 2), (30, 1), (60, 0)):
        assert (taken.refuses, taken.got) == (left, [])
        server.clock.advance(timedelta(seconds=pause - 1))
        await server.app.notifications.look()
        assert taken.refuses == left
        server.clock.advance(timedelta(seconds=1))
        await server.app.notifications.look()
    assert taken.got == [("chat", "generation-published", "")]
    taken.refuses = 1000
    await server.publish("again")
    await server.restart()  # what waits survives
    server.app.notifications._send = taken.send
    for _ in range(20):
        await server.app.notifications.look()
        server.clock.advance(timedelta(hours=2))
    assert server.app.notifications._last_act > 0
    listed = (await server.request("GET", "/api/v1/notifications")).json()["items"]
    assert [one["state"] for one in listed] == ["sent"]


@served
async def test_what_was_given_up_is_shown_and_can_be_sent_again(server: Server, tmp: Path) -> None:
    taken = await _listening(server, f"channels: [{CHAT}]")
    taken.refuses = 15
    await server.publish()
    for _ in range(15):
        await server.app.notifications.look()
        server.clock.advance(timedelta(hours=2))
    dead = (await server.request("GET", "/api/v1/notifications?state=dead")).json()["items"]
    assert [(one["attempts"], one["problem"]) for one in dead] == [(15, "nobody is there")]
    channels = (await server.request("GET", "/api/v1/notification-channels")).json()["items"]
    assert (channels[0]["name"], channels[0]["dead"]) == ("chat", 1)
    answer = await server.request("POST", f"/api/v1/notifications/{dead[0]['id']}/retry")
    assert (answer.status_code, answer.json()["state"]) == (200, "sent")
    assert (await server.request("POST", "/api/v1/notifications/x/retry")).status_code == 404
    assert (await server.request("POST", "/api/v1/notification-channels/chat/test")).json()["taken"]
    taken.refuses = 1
    tried = (await server.request("POST", "/api/v1/notification-channels/chat/test")).json()
    assert tried == {"taken": False, "problem": "nobody is there"}
    assert (await server.request("POST", "/api/v1/notification-channels/no/test")).status_code == 404
    server.clock.advance(timedelta(days=15))
    await server.app.notifications.prune()
    assert (await server.request("GET", "/api/v1/notifications")).json()["items"] == []


@served
async def test_guessing_and_sessions_are_told_with_who_and_where(server: Server, tmp: Path) -> None:
    taken = await _listening(server, f"channels: [{CHAT}]")
    async with server.client() as client:
        headers = {"Origin": server.url}
        await client.post("/sign-in", data={"name": "eve", "password": "x" * 12}, headers=headers)
    await server.app.notifications.look()
    assert taken.got == [("chat", "sign-in-refused", "")]
    told = (await server.request("GET", "/api/v1/notifications")).json()["items"][0]["happening"]["text"]
    assert told == "a sign-in as eve from 127.0.0.1 was refused"


@served
async def test_a_file_that_is_wrong_changes_nothing_at_a_reload_and_stops_a_start(server: Server, tmp: Path) -> None:
    await _listening(server, f"channels: [{CHAT}]")
    server.folder.notifications.write_text("channels: 3")
    with pytest.raises(UsageError):
        server.app.notifications.reload()
    assert len((await server.request("GET", "/api/v1/notification-channels")).json()["items"]) == 1
    server.folder.notifications.unlink()
