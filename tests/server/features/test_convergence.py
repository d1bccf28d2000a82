"""The three axes, by table, and that a restart counts the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.harness import Machine, Server, a_run, served
from vigo.core.encoding import digest
from vigo.core.ids import Digest, GenerationNumber, ResourceId, RunId
from vigo.core.run import OUTCOMES, Outcome, ResourceResult
from vigo.server.features.envoys.convergence import convergence_of, drift_of, next_cadence, reachability_of
from vigo.server.features.runs.models import Drifting, LatestRun

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def latest(*outcomes: Outcome, bundle: str = "b", failed_since: bool = False, in_a_row: int = 0) -> LatestRun:
    return LatestRun(
        id=RunId("r"),
        started_at=NOW,
        received_at=NOW,
        generation=GenerationNumber(1),
        bundle_digest=Digest(bundle),
        counts={one: outcomes.count(one) for one in OUTCOMES},
        failed_since=RunId("s") if failed_since else None,
        changed_in_a_row=in_a_row,
    )


@pytest.mark.parametrize(
    ("run", "wanted", "convergence"),
    [
        (None, "b", "no-data"),
        (latest("unchanged", "changed", "skipped"), "b", "converged"),
        (latest(), "b", "converged"),
        (latest("unchanged"), "c", "degraded"),
        (latest("unchanged"), None, "degraded"),
        (latest("blocked"), "b", "degraded"),
        (latest("failed", "blocked"), "b", "failed"),
        (latest("failed"), "c", "failed"),
        (latest("unchanged", failed_since=True), "b", "failed"),
    ],
)
def test_convergence(run: LatestRun | None, wanted: str | None, convergence: str) -> None:
    assert convergence_of(run, None if wanted is None else Digest(wanted)) == convergence


@pytest.mark.parametrize(
    ("in_a_row", "drift"), [(0, "none"), (1, "changed"), (2, "changed"), (3, "diverged"), (9, "diverged")]
)
def test_drift(in_a_row: int, drift: str) -> None:
    assert drift_of(latest("changed", in_a_row=in_a_row), 3) == drift
    assert drift_of(None, 3) == "none"


@pytest.mark.parametrize(
    ("seen", "connected", "heard_from", "reachability"),
    [
        (None, False, NOW - timedelta(days=1), "never"),
        (None, True, NOW, "reachable"),
        (NOW - 12 * MINUTE, False, NOW - timedelta(days=1), "reachable"),
        (NOW - 13 * MINUTE, False, NOW - timedelta(days=1), "stale"),
        (NOW - 13 * MINUTE, True, NOW - timedelta(days=1), "reachable"),
        (NOW - timedelta(days=1), False, NOW - 12 * MINUTE, "reachable"),
        (NOW - timedelta(days=1), False, NOW - 13 * MINUTE, "stale"),
    ],
)
def test_reachability_at_a_cadence_of_five_minutes(
    *, seen: datetime | None, connected: bool, heard_from: datetime, reachability: str
) -> None:
    found = reachability_of(seen, 5 * MINUTE, is_connected=connected, heard_from=heard_from, now=NOW)
    assert found == reachability


@given(st.lists(st.integers(0, 10**6), max_size=30))
def test_the_cadence_is_never_quicker_than_told_nor_slower_than_a_night_off_makes_it(gaps: list[int]) -> None:
    cadence = None
    for gap in gaps:
        cadence = next_cadence(cadence, timedelta(seconds=gap), 5 * MINUTE)
        assert 5 * MINUTE <= cadence <= 25 * MINUTE


def test_pushes_in_between_do_not_make_an_envoy_stale_sooner() -> None:
    assert next_cadence(5 * MINUTE, timedelta(seconds=1), 5 * MINUTE) == 5 * MINUTE


class _Step:
    def __init__(self, policy: str, *, partial: bool, changed: bool) -> None:
        self.policy, self.partial, self.changed = policy, partial, changed


@pytest.mark.parametrize(
    ("steps", "in_a_row"),
    [
        ("A+", 0),
        ("A+ A+", 1),
        ("A+ A+ A+", 2),
        ("A+ A+ B+", 0),
        ("A+ A+ A.", 0),
        ("A+ a+", 1),
        ("A+ a+ a+", 2),
        ("A+ a+ a.", 1),
        ("A+ a+ A+ b.", 0),
        ("A. A. A+ A+", 2),
    ],
)
def test_what_counts_as_drift(tmp_path: Path, steps: str, in_a_row: int) -> None:
    """A letter is a policy, a small one a repair; + changed something. The database counts as the memory does."""
    parsed = [_Step(one[0].upper(), partial=one[0].islower(), changed=one[1] == "+") for one in steps.split()]
    counted = Drifting()

    async def check(server: Server, tmp: Path) -> None:
        nonlocal counted
        machine = await Machine.enrolled(server, tmp / "web-1", "web-1")
        async with machine:
            for step in parsed:
                outcome: Outcome = "changed" if step.changed else "unchanged"
                result = ResourceResult(id=ResourceId("a/b"), type="file", outcome=outcome)
                run = a_run(bundle_digest=digest(step.policy.encode()), partial=step.partial, results=(result,))
                counted = counted.after(run, int(step.changed))
                await machine.report(run)
        told = server.app.runs.latest(machine.id)
        assert told is not None
        assert (counted.changed_in_a_row, told.changed_in_a_row) == (in_a_row, in_a_row)
        await server.restart()
        told = server.app.runs.latest(machine.id)
        assert told is not None
        assert told.changed_in_a_row == in_a_row

    served(check)(tmp_path)
