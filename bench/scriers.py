"""How quick a session is while the server holds a fleet's streams: `python -m bench.scriers`.

A real `vigosrv` on loopback, an emulated fleet and one machine apart from it with the real agent's code, TLS on. It
prints how long a key takes from an operator's client to a terminal of the machine and back, how fast bytes go to a port
of the machine, and what becomes of keys and check-ins meanwhile. Beside them stand the same terminal and the same port
without Vigo. It judges nothing.
"""

import argparse
import asyncio
import hashlib
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from bench.fleet import allow_many_files, made
from bench.stream import Fleet, connected, fleet_of, in_memory, pushed
from tests.e2e.ports import Port
from tests.e2e.processes import until
from tests.e2e.world import Server
from vigo.agent.host.descriptors import readable
from vigo.agent.host.pseudo_terminal import Size, on_terminal
from vigo.cli.client.api import pinned_context
from vigo.cli.client.scrier_link import ScrierLink
from vigo.cli.client.target import find_target
from vigo.server.platform.folder.layout import DataFolder

Figures = dict[str, float]

_MB: Final = 1_000_000
_PART: Final = 256 * 1024
_RULES: Final = 'scrier: [{match: "*", users: {admin: nobody}, ports: [%d]}]\n'


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.scriers", description=__doc__)
    parser.add_argument("--streams", type=int, default=500, help="that are held beside (%(default)s)")
    parser.add_argument("--megabytes", type=int, default=100, help="that are copied (%(default)s)")
    parser.add_argument("--keys", type=int, default=500, help="that are typed (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args(argv)
    allow_many_files()
    with tempfile.TemporaryDirectory(prefix="vigo-bench-") as disk, in_memory() as memory:
        figures = _measured(Path(disk), Path(memory), asked.streams, asked.megabytes * _MB, asked.keys)
    if asked.json:
        print(json.dumps(figures))
        return 0
    print(f"{asked.streams} streams beside, {asked.megabytes} MB, {asked.keys} keys")
    for what, figure in figures.items():
        print(f"  {what:<52} {figure:.2f}", flush=True)
    return 0


def _measured(scratch: Path, machines: Path, streams: int, size_bytes: int, keys: int) -> Figures:
    made(DataFolder(scratch / "server"), machines, streams + 1)
    name = sorted(path.name for path in machines.iterdir())[streams]
    sink, figures = _Sink(), Figures()
    with Server(scratch) as server:
        server.publish({"envoys.vgo": "envoys: []\n", "scrier.vgo": _RULES % sink.number})
        with (
            fleet_of(machines, streams, server.grpc, instant=True) as fleet,
            fleet_of(machines, streams + 1, server.grpc, instant=True, first=streams) as machine,
        ):
            until("all streams", lambda: connected(server) == streams + 1, lambda: server.process.err)
            operator = _Operator(server, name)
            figures |= _percentiles("floor: a key on the terminal itself", asyncio.run(_typed_alone(keys)))
            figures |= _percentiles("a key", asyncio.run(operator.keys(keys)))
            figures["floor: bytes straight to the port, MB/s"] = _rate(size_bytes, sink.copied_to(size_bytes))
            figures["bytes through a session, MB/s"] = _rate(size_bytes, asyncio.run(operator.copied(sink, size_bytes)))
            figures["push to checked in, p99, s"] = _pushed(server, fleet, machine)
            both = asyncio.run(_both(operator.copied(sink, 2 * size_bytes), operator.keys(keys)))
            figures |= _percentiles("a key while bytes are copied", both[1])
            copying = threading.Thread(target=lambda: asyncio.run(operator.copied(sink, 2 * size_bytes)))
            copying.start()
            figures["push to checked in while bytes are copied, p99, s"] = _pushed(server, fleet, machine)
            copying.join()
    sink.close()
    return figures


async def _both(one: Coroutine[Any, Any, float], two: Coroutine[Any, Any, list[float]]) -> tuple[float, list[float]]:
    found: tuple[float, list[float]] = await asyncio.gather(one, two)
    return found


def _pushed(server: Server, fleet: Fleet, machine: Fleet) -> float:
    """Return within how many seconds 99 % had checked in."""
    found = pushed(server, fleet)
    machine.check_ins()
    return found[len(found) * 99 // 100]


def _percentiles(what: str, milliseconds: list[float]) -> Figures:
    found = sorted(milliseconds)
    return {f"{what}, p{part}, ms": found[len(found) * part // 100] for part in (50, 99)}


def _rate(size_bytes: int, seconds: float) -> float:
    return size_bytes / _MB / seconds


async def _typed_alone(keys: int) -> list[float]:
    """Return how many milliseconds each key takes on a terminal of this very process."""
    terminal, found = on_terminal(("cat",), {"PATH": os.environ["PATH"]}, Size()), []
    try:
        await asyncio.sleep(0.2)
        for _ in range(keys):
            started = time.perf_counter()
            terminal.write(b"k")
            await readable(terminal.descriptor)
            terminal.read(100)
            found.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.001)
    finally:
        await terminal.end_all()
        terminal.close()
    return found


class _Near:
    """What is on the operator's side: bytes that the benchmark puts in and takes out."""

    def __init__(self) -> None:
        self.typed: asyncio.Queue[bytes] = asyncio.Queue(4)
        self.shown: asyncio.Queue[bytes] = asyncio.Queue()

    async def read(self) -> bytes:
        return await self.typed.get()

    async def write(self, data: bytes) -> None:
        self.shown.put_nowait(data)

    async def end(self) -> None:
        return

    def size(self) -> tuple[int, int]:
        return 80, 24

    async def resized(self) -> None:
        await asyncio.Event().wait()

    def told(self, problem: str) -> None:
        print(problem, file=sys.stderr)


class _Operator:
    """An operator's client, with a session of its own for each thing."""

    def __init__(self, server: Server, name: str) -> None:
        self._server = server
        self._name = name
        self._target = find_target(server.data)
        self._context = pinned_context(self._target.ca_pem)

    async def _link(self, near: _Near, **wanted: Any) -> ScrierLink:
        body = {"envoy": self._name, **wanted}
        created = await asyncio.to_thread(self._server.post, "/api/v1/scriers", body)
        return ScrierLink(self._target, self._context, created["id"], near)

    async def keys(self, keys: int) -> list[float]:
        """Return how many milliseconds each key takes to the machine and back."""
        near, found = _Near(), []
        link = await self._link(near)
        running = asyncio.create_task(link.run())
        for number in range(keys + 20):
            started = time.perf_counter()
            near.typed.put_nowait(b"k")
            await near.shown.get()
            if number >= 20:  # noqa: PLR2004 - what is warmed up counts
                found.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.001)
        link.leave()
        await running
        return found

    async def copied(self, sink: "_Sink", size_bytes: int) -> float:
        """Return how many seconds it takes until so many bytes have come to a port of the machine."""
        near, started = _Near(), time.monotonic()
        link = await self._link(near, kind="forward", port=sink.number)
        running = asyncio.create_task(link.run())
        for part in _parts(size_bytes):
            await near.typed.put(part)
        await near.typed.put(b"")
        await running
        digest = b"".join(near.shown.get_nowait() for _ in range(near.shown.qsize()))
        assert digest == _digest(size_bytes), "what came is not what was sent"
        return time.monotonic() - started


class _Sink(Port):
    """A port that takes bytes to their end, and then says what their digest is."""

    def __init__(self) -> None:
        super().__init__(_take)

    def copied_to(self, size_bytes: int) -> float:
        """Return how many seconds so many bytes take straight to the port."""
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.number)) as straight:
            for part in _parts(size_bytes):
                straight.sendall(part)
            straight.shutdown(socket.SHUT_WR)
            assert straight.recv(100) == _digest(size_bytes)
        return time.monotonic() - started


def _take(connected: socket.socket) -> None:
    digest = hashlib.sha256()
    while data := connected.recv(_PART):
        digest.update(data)
    connected.sendall(digest.digest())


def _parts(size_bytes: int) -> list[bytes]:
    part = bytes(range(256)) * (_PART // 256)
    return [part[: min(_PART, size_bytes - start)] for start in range(0, size_bytes, _PART)]


def _digest(size_bytes: int) -> bytes:
    digest = hashlib.sha256()
    for part in _parts(size_bytes):
        digest.update(part)
    return digest.digest()


if __name__ == "__main__":
    sys.exit(main())
