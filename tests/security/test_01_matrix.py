"""Every identity x every method, route and page: who gets through the gate, and who does not."""

import asyncio
import re
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.server.harness import Machine, Server, served
from vigo.agent.link.channel import Connection
from vigo.core.errors import ForbiddenError, LapsedError, UnauthenticatedError, UnavailableError, VigoError
from vigo.core.ids import EnvoyId, ServerId, SessionId
from vigo.core.signing import SigningKey
from vigo.core.wire.messages import Methods
from vigo.server.platform.auth.table import GRPC, TABLE, WEB_SOCKET, Kind, Permission
from vigo.server.platform.pki.authority import Authority, ca_certificate, new_key

_CHECKED_IN = Path(__file__).parent / "access_table.txt"
_TTL = 3600


def test_01_the_table_is_the_one_that_was_reviewed() -> None:
    rows = sorted(
        f"{verb} {path} {rule.kind}{'' if rule.permission is None else f' {rule.permission}'}"
        for (verb, path), rule in TABLE.items()
    )
    assert _CHECKED_IN.read_text().splitlines() == rows, "review the change, then write the rows into access_table.txt"


def _filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "nobody", path)


async def _status(client: httpx.AsyncClient, verb: str, path: str, token: str | None) -> tuple[int, str]:
    """Return the status of a request with an empty body, and what the answer says."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if verb == WEB_SOCKET:
        headers |= {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
    async with client.stream("GET" if verb == WEB_SOCKET else verb, _filled(path), headers=headers) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answer.status_code, ""  # it goes on for as long as somebody looks
        await answer.aread()
        return answer.status_code, answer.text


async def _made(server: Server, **said: Any) -> dict[str, Any]:
    answer = await server.request("POST", "/api/v1/access-tokens", {"name": "x", "ttl_seconds": _TTL, **said})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def _is_page(verb: str, path: str) -> bool:
    return verb != WEB_SOCKET and not path.startswith(("/api/", "/metrics"))


@served
async def test_01_every_route_opens_to_its_right_alone(server: Server, tmp: Path) -> None:
    only = {right: (await _made(server, permissions=[right]))["token"] for right in Permission}
    but = {
        right: (await _made(server, permissions=[one for one in Permission if one is not right]))["token"]
        for right in Permission
    }
    withdrawn, expired = await _made(server), await _made(server, ttl_seconds=1)
    await server.request("DELETE", f"/api/v1/access-tokens/{withdrawn['id']}")
    nobodies = {
        "nobody": None,
        "unknown": "vigo-access-nothing",
        "an enrolment token": (await server.token())["token"],
        "withdrawn": withdrawn["token"],
        "expired": expired["token"],
    }
    server.clock.advance(timedelta(seconds=2))
    routes = [(verb, path, rule) for (verb, path), rule in sorted(TABLE.items()) if verb != GRPC]
    async with httpx.AsyncClient(base_url=server.url, verify=server.context(), trust_env=False, timeout=60) as client:
        for verb, path, rule in routes:
            for who, token in nobodies.items():
                status, text = await _status(client, verb, path, token)
                if (verb, path) == ("POST", "/sign-in"):
                    assert status == 403, (who, text)  # no page of ours sent it
                elif rule.kind is Kind.ANYONE:
                    assert status not in (401, 403), (verb, path, who, text)
                elif _is_page(verb, path):
                    assert (status, text) == (303, ""), (verb, path, who, text)  # led to where one signs in
                else:
                    assert status == 401 or (verb == WEB_SOCKET and status in (401, 403)), (verb, path, who, text)
            if rule.kind is Kind.SIGNED_IN:
                assert (await _status(client, verb, path, server.admin_token))[0] == 403, (verb, path)
            if rule.permission is None:
                continue
            lacking = f"expected the permission {rule.permission}, which token x does not have"
            status, text = await _status(client, verb, path, but[rule.permission])
            assert status == 403, (verb, path, text)
            assert lacking in text or verb == WEB_SOCKET, (verb, path, text)
            status, text = await _status(client, verb, path, only[rule.permission])
            # Some verbs take a second right: the service asks for that one, and not for the first.
            assert status != 401, (verb, path, text)
            assert lacking not in text, (verb, path, text)
            assert status < 500 or status == 503, (verb, path, text)


def _context(server: Server, pem: bytes | None, folder: Path) -> ssl.SSLContext:
    """Return what somebody dials with who knows the server's CA and shows this certificate, if any."""
    context = ssl.create_default_context(cafile=str(server.folder.ca_certificate))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["h2"])
    if pem is not None:
        path = folder / "shown.pem"
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context


def _of_another_ca(server: Server, machine: Machine) -> bytes:
    """Return a certificate that says the same of the same envoy, by a CA that has the same name."""
    key = new_key()
    stranger = Authority(key, ca_certificate(key, server.clock.now(), "Vigo CA"), server.clock)
    own = ec.generate_private_key(ec.SECP256R1())
    issued = stranger.issue_envoy(own.public_key(), machine.id, "web-1", timedelta(days=1))
    pem = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return issued.pem.encode() + pem


@served
async def test_01_every_method_opens_to_its_own_envoy_alone(server: Server, tmp: Path) -> None:
    assert {path for verb, path in TABLE if verb == GRPC} == set(Methods.ALL) == set(server.app.rpc.methods)
    mine = await Machine.enrolled(server, tmp / "a", "web-1")
    other = await Machine.enrolled(server, tmp / "b", "web-2")
    revoked = await Machine.enrolled(server, tmp / "c", "web-3")
    await server.request("POST", "/api/v1/envoys/web-3/revoke")
    shown: dict[str, tuple[bytes | None, Machine]] = {
        "nobody": (None, mine),
        "a certificate of another CA": (_of_another_ca(server, mine), mine),
        "the server's own certificate": (server.folder.server_pem.read_bytes(), mine),
        "another envoy's certificate": (other.folder.tls_path.read_bytes(), mine),
        "a revoked envoy": (revoked.folder.tls_path.read_bytes(), revoked),
        "the right one": (mine.folder.tls_path.read_bytes(), mine),
    }
    await mine.greet()
    for who, (pem, machine) in shown.items():
        for method in Methods.ALL:
            await machine.connection.close()
            connection = Connection(server.grpc, _context(server, pem, tmp))
            names = {"server": ServerId(""), "session": SessionId("")} if method == Methods.HELLO else {}
            machine.connection = connection
            machine.hello = mine.hello
            problem: VigoError | None = None
            try:
                await asyncio.wait_for(machine.call(method, b"\xff", **names), 2)
            except VigoError as error:
                problem = error
            except (OSError, ssl.SSLError) as error:
                problem = UnavailableError(str(error))
            except TimeoutError:
                assert (method, who) == (Methods.AGENT_STREAM, "the right one")  # it is held open
            finally:
                await connection.close()
            kept_out = isinstance(problem, UnauthenticatedError | ForbiddenError | UnavailableError)
            assert kept_out == (who != "the right one"), (who, method, problem)
    await _lapsed(server, mine)


async def _lapsed(server: Server, machine: Machine) -> None:
    await machine.connection.close()
    machine.connection = Connection(
        server.grpc, _context(server, machine.folder.tls_path.read_bytes(), server.folder.root)
    )
    server.clock.jump(timedelta(days=31))
    for method in Methods.ALL:
        with pytest.raises(LapsedError):
            await machine.call(method)
    server.clock.jump(timedelta(days=-31))
    await machine.connection.close()


Bend = Callable[[Machine], dict[str, Any]]


@served
async def test_01_the_right_certificate_is_not_enough_without_the_right_request(server: Server, tmp: Path) -> None:
    bends: dict[str, Bend] = {
        "another envoy's id": lambda _: {"envoy": EnvoyId("6f1c0e9a-4b7d-4f0a-9a53-2f6de1c8b7a4")},
        "another server": lambda _: {"server": ServerId("another")},
        "another session": lambda _: {"session": SessionId("0" * 32)},
        "a number that was used": lambda _: {"sequence": 1},
    }
    async with await Machine.enrolled(server, tmp / "a", "web-1") as machine:
        for _ in range(3):
            await machine.check_in()
        for method in Methods.ALL:
            for what, bend in bends.items():
                if method == Methods.HELLO and what != "another envoy's id":
                    continue  # it comes before there is a session, and counts for nothing
                with pytest.raises(VigoError) as found:
                    await machine.call(method, b"", **bend(machine))
                assert found.value.code in ("forbidden", "stale-session", "replayed"), (method, what, found.value)
            key, machine.key = machine.key, SigningKey.generate()
            with pytest.raises(UnauthenticatedError, match="signature"):
                await machine.call(method)
            machine.key = key
