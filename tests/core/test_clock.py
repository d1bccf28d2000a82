from datetime import UTC, timedelta

from vigo.core.clock import Clock, SystemClock
from vigo.testing.clock import FakeClock


def test_the_machines_clock_is_aware_and_never_runs_back() -> None:
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is UTC
    first = clock.monotonic()
    assert clock.monotonic() >= first > timedelta(0)


def test_the_fake_clock_moves_only_when_told() -> None:
    clock = FakeClock()
    start, began = clock.now(), clock.monotonic()
    clock.advance(timedelta(hours=1))
    assert (clock.now() - start, clock.monotonic() - began) == (timedelta(hours=1), timedelta(hours=1))
    clock.jump(timedelta(days=-1))
    assert (clock.now() - start, clock.monotonic() - began) == (timedelta(hours=-23), timedelta(hours=1))
