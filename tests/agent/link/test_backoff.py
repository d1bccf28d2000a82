from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from vigo.agent.link.backoff import BASE, CAP, backoff_delay, phase_delay

shares = st.floats(0, 1, exclude_max=True)


@given(st.integers(0, 10_000), shares)
def test_a_wait_is_never_over_the_cap_nor_over_the_doubled_base(failures: int, share: float) -> None:
    delay = backoff_delay(failures, lambda: share)
    assert timedelta(0) <= delay <= min(CAP, BASE * 2 ** min(failures, 20))


@given(st.integers(0, 100))
def test_the_jitter_is_full(failures: int) -> None:
    assert backoff_delay(failures, lambda: 0.0) == timedelta(0)
    half, most = backoff_delay(failures, lambda: 0.5), backoff_delay(failures, lambda: 0.999)
    assert half < most


@given(st.floats(0, 4e9), st.integers(1, 86_400), shares)
def test_an_envoys_moment_comes_once_in_each_interval(now: float, seconds: int, share: float) -> None:
    interval = timedelta(seconds=seconds)
    delay = phase_delay(now, interval, share)
    assert timedelta(0) <= delay <= interval
    moment = (now + delay.total_seconds() - share * seconds) % seconds
    assert min(moment, seconds - moment) < 1e-3


def test_two_envoys_have_different_moments() -> None:
    interval = timedelta(minutes=5)
    assert phase_delay(0, interval, 0.25) == timedelta(seconds=75)
    assert phase_delay(0, interval, 0.5) == timedelta(seconds=150)
