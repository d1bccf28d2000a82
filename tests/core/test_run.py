from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.ids import Digest, GenerationNumber, ResourceId, RunId
from vigo.core.run import OUTCOMES, Outcome, ResourceResult, Run

ENDINGS: st.SearchStrategy[list[Outcome]] = st.lists(st.sampled_from(OUTCOMES))


def run(*outcomes: Outcome, **changes: object) -> Run:
    made = Run(
        id=RunId("r"),
        generation=GenerationNumber(1),
        bundle_digest=Digest("d"),
        started_at=datetime(2030, 1, 1, tzinfo=UTC),
        duration_ms=1.5,
        results=tuple(
            ResourceResult(id=ResourceId(f"a/{index}"), type="file", outcome=outcome)
            for index, outcome in enumerate(outcomes)
        ),
    )
    return msgspec.structs.replace(made, **changes)


@given(ENDINGS)
def test_counts_name_every_outcome_and_add_up(outcomes: list[Outcome]) -> None:
    counts = run(*outcomes).counts()
    assert tuple(counts) == OUTCOMES
    assert sum(counts.values()) == len(outcomes)


@given(ENDINGS, ENDINGS)
def test_runs_that_ended_alike_have_the_same_digest_and_no_others(left: list[Outcome], right: list[Outcome]) -> None:
    assert (run(*left).outcome_digest() == run(*right).outcome_digest()) == (left == right)


def test_when_how_long_and_why_are_not_in_the_digest() -> None:
    first = run("failed")
    result = msgspec.structs.replace(first.results[0], reason="why", diff="+a", duration_ms=9.0, ops=("write",))
    second = run(id=RunId("s"), duration_ms=7.0, offline=True, results=(result,))
    assert first.outcome_digest() == second.outcome_digest()


@pytest.mark.parametrize(
    ("outcomes", "worst"),
    [
        ((), "unchanged"),
        (("unchanged", "skipped"), "unchanged"),
        (("unchanged", "changed"), "changed"),
        (("changed", "blocked"), "blocked"),
        (("blocked", "failed", "changed"), "failed"),
    ],
)
def test_the_worst_outcome_describes_the_run(outcomes: tuple[Outcome, ...], worst: Outcome) -> None:
    assert run(*outcomes).worst() == worst
