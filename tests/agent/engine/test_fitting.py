from vigo.agent.engine.fitting import MAX_CHARACTERS, fitting_results
from vigo.core.encoding import digest
from vigo.core.ids import GenerationNumber, ResourceId, new_run_id
from vigo.core.run import ResourceResult, Run
from vigo.core.wire.messages import run_to_bytes
from vigo.testing.clock import START

SERVERS_LIMIT_BYTES = 16 * 1024 * 1024


def _failed(count: int, text: str) -> tuple[ResourceResult, ...]:
    return tuple(
        ResourceResult(id=ResourceId(f"a/{n}"), type="exec", outcome="failed", reason=text, ops=(text,), diff=text)
        for n in range(count)
    )


def test_results_of_the_usual_size_stay_as_they_are() -> None:
    results = _failed(1000, "x" * 100)
    assert fitting_results(results) is results


def test_a_run_that_no_server_would_take_keeps_every_outcome_and_the_begin_of_each_reason() -> None:
    results = fitting_results(_failed(10_000, "\U0001f525" * 4000))
    assert [one.id for one in results] == [f"a/{n}" for n in range(10_000)]
    assert {one.outcome for one in results} == {"failed"}
    assert all(one.reason.startswith("\U0001f525" * 200) for one in results)
    assert _size(results) < SERVERS_LIMIT_BYTES


def test_the_largest_run_that_is_left_as_it_is_fits_in_any_script() -> None:
    results = _failed(1000, "\U0001f525" * (MAX_CHARACTERS // 3000))
    assert fitting_results(results) is results
    assert _size(results) < SERVERS_LIMIT_BYTES


def _size(results: tuple[ResourceResult, ...]) -> int:
    run = Run(
        id=new_run_id(),
        generation=GenerationNumber(1),
        bundle_digest=digest(b""),
        started_at=START,
        duration_ms=1.0,
        results=results,
    )
    return len(run_to_bytes(run))
