"""Floods of connections and streams by one machine, or by nobody: another one is served meanwhile and afterwards."""

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import H2Error

from tests.server.harness import Machine, Server, served
from vigo.agent.link.channel import client_context
from vigo.core.wire.messages import Methods

RESETS = 3_000
RECONNECTS = 150
SLOW = 200


def _connected(server: Server, machine: Machine) -> ssl.SSLSocket:
    plain = socket.create_connection((server.grpc.host, server.grpc.port), timeout=10)
    return client_context(machine.folder).wrap_socket(plain, server_hostname=server.grpc.host)


def _reset_streams(server: Server, machine: Machine) -> int:
    """Open streams and reset each at once; return how many until the server had enough. Source: CVE-2023-44487."""
    with _connected(server, machine) as connection:
        http = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        http.initiate_connection()
        connection.sendall(http.data_to_send())
        headers = [
            (":method", "POST"),
            (":scheme", "https"),
            (":path", Methods.CHECK_IN),
            (":authority", "localhost"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
        for number in range(RESETS):
            try:
                stream = http.get_next_available_stream_id()
                http.send_headers(stream, headers)
                http.reset_stream(stream)
                connection.sendall(http.data_to_send())
            except (OSError, H2Error):
                return number
    return RESETS


def _reconnect(server: Server, machine: Machine) -> int:
    done = 0
    for _ in range(RECONNECTS):
        with contextlib.suppress(OSError), _connected(server, machine):
            done += 1
    return done


async def _is_served(machine: Machine, while_it_lasts: "asyncio.Future[int]") -> int:
    """Return how often a machine was answered while something else went on, and once more behind it."""
    answered = 0
    while not while_it_lasts.done():
        await machine.check_in()
        answered += 1
        await asyncio.sleep(0.05)
    await machine.check_in()
    return answered + 1


@served
async def test_22_streams_that_are_reset_at_once_keep_nobody_out(server: Server, tmp: Path) -> None:
    attacker = await Machine.enrolled(server, tmp / "a", "web-1")
    async with await Machine.enrolled(server, tmp / "b", "web-2") as other:
        flood = asyncio.ensure_future(asyncio.to_thread(_reset_streams, server, attacker))
        assert await _is_served(other, flood) >= 1
        await flood


@served
async def test_22_a_machine_that_connects_again_and_again_keeps_nobody_out(server: Server, tmp: Path) -> None:
    attacker = await Machine.enrolled(server, tmp / "a", "web-1")
    async with await Machine.enrolled(server, tmp / "b", "web-2") as other:
        flood = asyncio.ensure_future(asyncio.to_thread(_reconnect, server, attacker))
        assert await _is_served(other, flood) >= 1
        assert await flood > RECONNECTS // 2  # it is a flood: nearly all of it got through


@served
async def test_22_connections_that_never_say_what_they_want_keep_nobody_out(server: Server, tmp: Path) -> None:
    """Half of them stop within TLS, half within a request's head; at both ports."""
    with contextlib.ExitStack() as stack:
        for number in range(SLOW):
            port = server.grpc.port if number % 2 else int(server.url.rpartition(":")[2])
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            if number % 4 < 2:
                plain.sendall(b"\x16\x03\x01")
                continue
            context = ssl.create_default_context(cafile=str(server.folder.ca_certificate))
            with contextlib.suppress(OSError):
                secured = await asyncio.to_thread(context.wrap_socket, plain, server_hostname="127.0.0.1")
                stack.enter_context(secured)
                secured.sendall(b"POST /bootstrap/v1/enroll HTTP/1.1\r\nHost: x\r\nX-")
        async with await Machine.enrolled(server, tmp / "a", "web-1") as machine:
            await machine.check_in()
        assert (await server.request("GET", "/api/v1/envoys")).status_code == 200
