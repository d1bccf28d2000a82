"""How quick the pages are for a large fleet with a long past: `python -m bench.ui`.

A real `vigosrv` on loopback, TLS on, over a database with as many envoys and runs as asked for. It prints how long the
first byte of a page takes at p50 and p95, and as a floor what `/healthz` takes on the same connection in the same run;
then what memory the server has, and how long its start took. It judges nothing.
"""

import argparse
import json
import random
import re
import ssl
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert

from tests.e2e.world import Server
from vigo.core.clock import SystemClock
from vigo.core.encoding import digest, encode_as_written
from vigo.core.ids import ResourceId
from vigo.core.run import OUTCOMES, Outcome, ResourceResult
from vigo.core.traits import pack_traits
from vigo.server.features.generations.compiler import FolderCompiler
from vigo.server.features.runs.store import pack_results
from vigo.server.platform.db.database import Database
from vigo.server.platform.db.tables import envoys, results, runs, traits
from vigo.server.platform.folder.layout import DataFolder

Figures = dict[str, float]

_PASSWORD: Final = "a few words do well"  # noqa: S105 - of a server that is there for a minute
_KINDS: Final = ("web", "db", "app", "log")
_STACKS: Final = {
    "envoys.vgo": "envoys:\n"
    + "".join(f'  - {{match: ["{kind}-*"], environment: {kind}, configcrates: [base]}}\n' for kind in _KINDS),
    "environments.vgo": "environments: {web: {}, db: {}, app: {}, log: {}}\n",
    "configcrates/base.vgo": "configcrate: base\nresources:\n"
    + "".join(f"  - {{name: r{n}, type: file, path: /tmp/r{n}, content: x}}\n" for n in range(100)),
}
_AT_ONCE: Final = 20_000
_TRIES: Final = 60


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.ui", description=__doc__)
    parser.add_argument("--envoys", type=int, default=10_000, help="envoys (%(default)s)")
    parser.add_argument("--runs", type=int, default=1_000_000, help="runs that are stored (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="vigo-bench-") as scratch:
        figures = _measured(Path(scratch), asked.envoys, asked.runs)
    if asked.json:
        print(json.dumps(figures))
        return 0
    print(f"{asked.envoys} envoys, {asked.runs} runs")
    for what, figure in figures.items():
        print(f"  {what:<44} {figure:.2f}")
    return 0


def _measured(scratch: Path, size: int, past: int) -> Figures:
    with Server(scratch) as server:
        server.publish(_STACKS)
        body = {"name": "ada", "roles": ["admin"], "password": _PASSWORD}
        server.post("/api/v1/users", body)
    _filled(DataFolder(scratch / "server"), size, past)
    figures: Figures = {}
    began = time.perf_counter()
    with Server(scratch) as server:
        figures["start over that past, s"] = time.perf_counter() - began
        client = _Client(server)
        floor = _times(lambda: client.first_byte("/healthz"))
        figures["floor: /healthz, p95, ms"] = floor[1]
        for what, path in _pages(size):
            p50, p95 = _times(partial(client.first_byte, path))
            figures[f"{what}, p50, ms"] = p50
            figures[f"{what}, p95, ms"] = p95
            figures[f"{what}, p95 in floors"] = p95 / floor[1]
        figures["server's memory, MiB"] = _rss_kib(server.process.pid) / 1024
        figures["database, MiB"] = (scratch / "server" / "vigo.db").stat().st_size / (1 << 20)
    return figures


def _pages(size: int) -> Iterator[tuple[str, str]]:
    yield "fleet page", "/fleet"
    yield "fleet filtered by state", "/fleet?part=rows&filter=convergence:failed"
    yield "fleet filtered by name and environment", "/fleet?part=rows&filter=environment:db%20-drift:none%205"
    yield "fleet, far down", f"/fleet?part=rows&offset={max(0, size - 100)}"
    yield "envoy page", f"/envoys/web-{size // 8:05}"
    yield "runs page", "/runs"
    yield "runs of an envoy that failed", f"/runs?outcome=failed&envoy=web-{size // 8:05}"
    yield "failed runs of all", "/runs?outcome=failed"
    yield "charts", "/fleet?part=charts"
    yield "audit page", "/audit"


class _Client:
    """Somebody who is signed in, on one connection."""

    def __init__(self, server: Server) -> None:
        context = ssl.create_default_context(cafile=str(server.data / "keys/ca.pem"))
        host, _, port = server.api.rpartition(":")
        self._connection = HTTPSConnection(host, int(port), context=context, timeout=60)
        form = f"name=ada&password={_PASSWORD.replace(' ', '+')}"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{server.api}"}
        self._connection.request("POST", "/sign-in", form, headers)
        answer = self._connection.getresponse()
        answer.read()
        found = re.match(r"[^;]+", answer.headers["Set-Cookie"])
        assert found is not None
        self._headers = {"Cookie": found.group()}

    def first_byte(self, path: str) -> float:
        """Return how long the head of an answer took, in ms."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        took = (time.perf_counter() - began) * 1000
        content = answer.read()
        assert answer.status == 200, (path, answer.status, content[:300])  # noqa: PLR2004 - what a page answers
        return took


def _times(measure: Callable[[], float]) -> tuple[float, float]:
    """Return the p50 and the p95 of a few tries, the first one left out."""
    measure()
    found = sorted(measure() for _ in range(_TRIES))
    return found[_TRIES // 2], found[_TRIES * 95 // 100]


def _rss_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(text.partition("VmRSS:")[2].split()[0])


def _filled(folder: DataFolder, size: int, past: int) -> None:
    """Write envoys and their past into the database, as a server would have over the months."""
    chance = random.Random(7)  # noqa: S311 - the same fleet each time, no secret
    now = datetime.now(UTC)
    digests = _bundle_digests(folder)
    packed = {outcome: pack_results(_results(outcome)) for outcome in OUTCOMES}
    database = Database(folder.database)
    names = [f"{_KINDS[n % 4]}-{n // 4:05}" for n in range(size)]
    ids = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in names]
    traits_packed = pack_traits({"os": {"family": "debian", "version": "12"}})
    with database.writing.begin() as connection:
        for start in range(0, size, _AT_ONCE):
            connection.execute(
                insert(envoys),
                [_envoy(ids[n], names[n], digests, now, chance) for n in range(start, min(size, start + _AT_ONCE))],
            )
        connection.execute(
            insert(traits),
            [{"envoy_id": one, "digest": "0" * 64, "packed": traits_packed, "received_at": now} for one in ids],
        )
        number, step = 0, timedelta(seconds=90 * 86_400 / max(1, past))
        while number < past:
            rows, kept = [], []
            for _ in range(min(_AT_ONCE, past - number)):
                number += 1
                place = number % size
                outcome = chance.choices(OUTCOMES, (90, 7, 1, 0, 2))[0]
                rows.append(
                    _run(number, ids[place], names[place], outcome, digests, now - (past - number) * step, chance)
                )
                kept.append({"run_number": number, "packed": packed[outcome]})
            connection.execute(insert(runs), rows)
            connection.execute(insert(results), kept)
    database.close()


def _bundle_digests(folder: DataFolder) -> dict[str, str]:
    """Return what each environment's envoys hold, so that most of them are converged."""
    compiled = FolderCompiler(SystemClock())(folder.stacks)
    assert compiled.policy is not None, compiled.findings
    policy = compiled.policy
    return {kind: digest(encode_as_written(policy.plan(policy.match(f"{kind}-1")))) for kind in _KINDS}


def _envoy(envoy: str, name: str, digests: dict[str, str], now: datetime, chance: random.Random) -> dict[str, Any]:
    return {
        "id": envoy,
        "hostname": name,
        "status": "active",
        "signing_key": chance.randbytes(32),
        "enrolled_at": now - timedelta(days=90),
        "certificate_not_after": now + timedelta(days=20),
        "last_seen_at": now - timedelta(seconds=chance.randrange(900)),
        "sequence": 1000,
        "agent_version": "0.1.0",
        "bundle_digest": digests[name.partition("-")[0]],
        "outcome_digest": "0" * 64,
        "generation": 1,
    }


def _run(
    number: int, envoy: str, name: str, outcome: str, digests: dict[str, str], at: datetime, chance: random.Random
) -> dict[str, Any]:
    counts = dict.fromkeys(OUTCOMES, 0) | {"unchanged": 99, outcome: 1}
    return {
        "number": number,
        "id": str(uuid.UUID(int=number)),
        "envoy_id": envoy,
        "hostname": name,
        "generation": 1,
        "bundle_digest": digests[name.partition("-")[0]],
        "started_at": at,
        "received_at": at,
        "duration_ms": chance.random() * 1000,
        "offline": False,
        "dropped_runs": 0,
        "outcome": outcome,
        "cause": "interval",
        "partial": False,
        **counts,
    }


def _results(outcome: Outcome) -> tuple[ResourceResult, ...]:
    first = ResourceResult(id=ResourceId("base/r0"), type="file", outcome=outcome, reason="because")
    others = (ResourceResult(id=ResourceId(f"base/r{n}"), type="file", outcome="unchanged") for n in range(1, 100))
    return (first, *others)


if __name__ == "__main__":
    raise SystemExit(main())
