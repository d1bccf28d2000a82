"""Running the tests of stacks side by side, on all processors."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final, NamedTuple

from vigo.catalog.scan import resource_kinds
from vigo.policy.compiling import CompiledPolicy
from vigo.policy.documents.tests import PolicyTest
from vigo.policy.expectations import Difference, Verdict, judge

# A process more costs about as much as this many tests.
_WORTH_A_PROCESS: Final = 25


class Judged(NamedTuple):
    """A test's verdict, and how long it took in seconds."""

    verdict: Verdict
    seconds: float


class _Work(NamedTuple):
    policy: CompiledPolicy
    tests: Sequence[PolicyTest]


# The processes are forked from this one, so they find here what a policy is too large to be handed over for.
_work: _Work | None = None


def judged(policy: CompiledPolicy, tests: Sequence[PolicyTest], jobs: int | None = None) -> list[Judged]:
    """Return the verdict on each test in the order of the tests, with `jobs` processes, by default one a processor."""
    global _work  # noqa: PLW0603 - see there
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = min(jobs or processors, max(1, len(tests) // _WORTH_A_PROCESS))
    _work = _Work(policy, tests)
    try:
        if count == 1:
            found = [_judged(number) for number in range(len(tests))]
        else:
            chunk = max(1, len(tests) // (count * 4))
            with ProcessPoolExecutor(count, mp_context=get_context("fork")) as pool:
                found = list(pool.map(_judged, range(len(tests)), chunksize=chunk))
    finally:
        _work = None
    return [Judged(Verdict(test, one), seconds) for test, (one, seconds) in zip(tests, found, strict=True)]


def _judged(number: int) -> tuple[tuple[Difference, ...], float]:
    if _work is None:
        raise RuntimeError("expected the policy of the process that this one was forked from, found none")
    started = time.perf_counter()
    verdict = judge(_work.policy, _work.tests[number], resource_kinds())
    return verdict.differences, time.perf_counter() - started
