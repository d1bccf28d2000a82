"""An emulated fleet: the agent's own code for identity, TLS, signatures, streams and tasks, many times in one process.

`python -m bench.fleet FOLDER ADDRESS` holds the streams of all envoys of a folder that `made` wrote, and prints a line
for each check-in that it was asked for. What is emulated is the machine alone: it has no policy, and with
`--instant` a task is over without a program being started.
"""

import argparse
import asyncio
import os
import random
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from vigo.agent.host.output import BoundedOutput
from vigo.agent.host.process import Ending, Sink
from vigo.agent.host.pseudo_terminal import Size, on_terminal
from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.identity.tls import new_key, signing_request
from vigo.agent.link.link import Link
from vigo.agent.reachability import Reachability
from vigo.agent.scrier.desk import ScrierDesk
from vigo.agent.scrier.open_far import open_far
from vigo.agent.scrier.opened import Far
from vigo.agent.tasks.desk import TaskDesk
from vigo.agent.tasks.run_order import run_order
from vigo.core.clock import SystemClock
from vigo.core.ids import Digest, new_envoy_id
from vigo.core.scrier import ScrierOrder
from vigo.core.signing import SigningKey
from vigo.core.task import TaskOrder
from vigo.core.wire.messages import CheckIn, Fingerprint
from vigo.server.features.envoys import store
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.platform.db.database import Database
from vigo.server.platform.folder.initialise import initialise, make_root, server_id
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.pki.authority import Authority
from vigo.server.platform.pki.requests import requested_key

OPEN_FILES: Final = 100_000
_AT_ONCE: Final = 200
_LIFE: Final = timedelta(days=7)
_NOTHING: Final = Fingerprint(bundle_digest=Digest(""), traits_digest=Digest(""), outcome_digest=Digest(""))


def made(data: DataFolder, fleet: Path, size: int) -> None:
    """Make a server's data folder that knows so many envoys, and the state folder of each. They share a TLS key."""
    clock = SystemClock()
    make_root(data)
    initialise(data, clock)
    authority = Authority.load(data.ca_key, data.ca_certificate, clock)
    policy_key = SigningKey.load(data.policy_key).public.hex()
    tls_key = new_key()
    public, now = requested_key(signing_request(tls_key, "envoy")), clock.now()
    database = Database(data.database)
    with database.writing.begin() as connection:
        for number in range(size):
            envoy, key, hostname = new_envoy_id(), SigningKey.generate(), f"web-{number}"
            issued = authority.issue_envoy(public, envoy, hostname, _LIFE)
            store.add(connection, EnvoyRecord(envoy, hostname, key.public, now, now + _LIFE))
            identity = Identity(
                envoy=envoy,
                hostname=hostname,
                server_url="https://127.0.0.1",
                server=server_id(data),
                ca_sha256=authority.sha256,
                grpc_addresses=(),
                policy_keys=(policy_key,),
                interval_seconds=300,
                enrolled_at=now,
                certificate_expires_at=now + _LIFE,
                certificate_renew_at=now + _LIFE,
            )
            place = fleet / hostname / "identity"
            place.mkdir(parents=True)
            for name, content in (
                ("identity.json", msgspec.json.encode(identity)),
                ("signing.key", key.to_hex().encode()),
                ("tls.pem", issued.pem.encode() + tls_key),
                ("ca.pem", authority.pem.encode()),
            ):
                (place / name).write_bytes(content)
    database.close()


class Numbers:
    """Sequence numbers that no disk remembers."""

    def __init__(self) -> None:
        self._last = 0

    def reserve_sequence(self, count: int, above: int = 0) -> range:
        """Return fresh numbers."""
        first = max(self._last, above) + 1
        self._last = first + count - 1
        return range(first, first + count)

    def sequence(self) -> int:
        """Return the highest one."""
        return self._last


class EmulatedEnvoy:
    """One envoy: it holds its stream, runs tasks, and checks in when it is asked."""

    def __init__(self, folder: IdentityFolder, address: str, *, instant: bool) -> None:
        clock = SystemClock()
        self.identity = msgspec.structs.replace(folder.load(), grpc_addresses=(address,))
        self._link = Link(self.identity, folder, clock)
        self._link.use(Numbers())
        self._desk = TaskDesk(folder, _instantly if instant else run_order, clock)
        self._asked: set[asyncio.Task[None]] = set()
        self._scriers = ScrierDesk(folder, _open_far, clock)
        self._reachability = Reachability(
            self._link.stream, nullcontext, self._check_in, self._desk, self._scriers, random.random
        )

    async def begin(self) -> None:
        """Connect, say who it is, check in as a daemon does at its start, and hold the stream from then on."""
        await self._link.connect()
        await self._checked_in()
        self._reachability.is_server_there(is_there=True)
        self._reachability.start()

    async def end(self) -> None:
        """Let go of everything."""
        await self._reachability.end()
        await self._desk.end()
        await self._scriers.end()
        await self._link.close()

    def _check_in(self, within: timedelta) -> None:
        async def later() -> None:
            await asyncio.sleep(random.uniform(0, within.total_seconds()))  # noqa: S311 - no secret
            await self._checked_in()
            print("checked-in", time.time(), flush=True)

        asked = asyncio.create_task(later())
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)

    async def _checked_in(self) -> None:
        await self._link.check_in(CheckIn(fingerprint=_NOTHING, agent_version="bench"))


async def _open_far(order: ScrierOrder, root: str | None) -> Far:
    """Open a program that says what it is told instead of a shell, which is not for root."""
    if order.kind == "forward":
        return await open_far(order, root)
    environment = {"PATH": os.environ["PATH"], "TERM": order.terminal}
    return on_terminal(("cat",), environment, Size(order.columns, order.rows))


def _instantly(order: TaskOrder, root: str | None, sink: Sink, stop: int) -> Ending:
    del order, root, stop
    sink.add(b"ok\n")
    return Ending(0, BoundedOutput(0), BoundedOutput(0))


async def _hold(folders: Sequence[Path], address: str, *, instant: bool) -> None:
    envoys = [EmulatedEnvoy(IdentityFolder(path), address, instant=instant) for path in folders]
    started = time.monotonic()
    for first in range(0, len(envoys), _AT_ONCE):
        await asyncio.gather(*(envoy.begin() for envoy in envoys[first : first + _AT_ONCE]))
    print("holding", len(envoys), time.monotonic() - started, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.gather(*(envoy.end() for envoy in envoys))


def main(argv: Sequence[str] | None = None) -> int:
    """Hold the streams until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("fleet", type=Path, help="the folder with the envoys' state folders")
    parser.add_argument("address", help="where the server listens for agents")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first of them (%(default)s)")
    parser.add_argument("--to", dest="last", type=int, default=None, help="the one behind the last (all)")
    parser.add_argument("--instant", action="store_true", help="start no programs for tasks")
    asked = parser.parse_args(argv)
    allow_many_files()
    folders = sorted(asked.fleet.iterdir())[asked.first : asked.last]
    uvloop.run(_hold(folders, asked.address, instant=asked.instant))
    return 0


def allow_many_files() -> None:
    """Let this process and those that it starts hold a connection for each envoy."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else max(hard, OPEN_FILES)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
