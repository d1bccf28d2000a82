from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from vigo.agent.watching.damping import AT_ONCE, FIRST_PAUSE, LONGEST_PAUSE, Damper
from vigo.core.ids import ResourceId
from vigo.testing.clock import FakeClock

CONF = ResourceId("web/conf")


def test_a_few_turns_come_at_once_and_then_the_pauses_grow_up_to_the_longest() -> None:
    clock = FakeClock()
    damper = Damper(clock)
    for _ in range(AT_ONCE):
        assert not damper.waits(CONF)
        damper.took_turn(CONF, repaired=True)
    pauses = []
    for _ in range(8):
        pauses.append(damper.waits(CONF))
        clock.advance(pauses[-1])
        assert not damper.waits(CONF)
        damper.took_turn(CONF, repaired=True)
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_only_what_is_repaired_each_time_is_fought_over() -> None:
    damper = Damper(FakeClock())
    other = ResourceId("web/other")
    for _ in range(AT_ONCE):
        fought, touched = damper.took_turn(CONF, repaired=True), damper.took_turn(other, repaired=False)
    assert fought.is_fought_over
    assert not touched.is_fought_over
    assert damper.waits(other) == FIRST_PAUSE


def test_after_a_long_quiet_time_a_resource_is_as_one_that_never_was_repaired() -> None:
    clock = FakeClock()
    damper = Damper(clock)
    for _ in range(AT_ONCE):
        damper.took_turn(CONF, repaired=True)
    clock.advance(timedelta(hours=1))
    damper.forget_quiet()
    assert damper.turns_of(CONF) is None


def test_one_resource_does_not_slow_another_down() -> None:
    damper = Damper(FakeClock())
    for _ in range(AT_ONCE):
        damper.took_turn(CONF, repaired=True)
    assert not damper.waits(ResourceId("web/other"))


@given(st.lists(st.integers(min_value=0, max_value=600_000), max_size=300))
def test_however_a_resource_is_fought_over_its_turns_are_few(gaps: list[int]) -> None:
    clock = FakeClock()
    damper = Damper(clock)
    turns = 0
    for gap in gaps:
        clock.advance(timedelta(milliseconds=gap))
        if not damper.waits(CONF):
            damper.took_turn(CONF, repaired=True)
            turns += 1
    assert turns <= AT_ONCE + clock.monotonic() / FIRST_PAUSE + 1
