"""Trying a resource again that failed: how long to wait, when to give up, and what all attempts amount to."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from vigo.agent.engine.attempt import Attempt, Deadline, bounded
from vigo.core.clock import Clock
from vigo.core.plan import Retry

Sleep = Callable[[timedelta], object]
"""Lets a duration pass."""

LOOK_EVERY: Final = timedelta(milliseconds=200)
"""How often it is asked, while it is waited, whether the pass shall end."""

_LONGEST_FIRST: Final = 1_000


def sleep(duration: timedelta) -> None:
    """Let a duration pass."""
    time.sleep(duration.total_seconds())


class Retrier:
    """Tries again. `stop` is asked while it waits: the reason why the pass shall end, or an empty text.

    `look_afresh` lets the host forget what it was told before: what failed then may well be answered now.
    """

    def __init__(
        self, clock: Clock, sleep: Sleep, stop: Callable[[], str], look_afresh: Callable[[], None] = lambda: None
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._stop = stop
        self._look_afresh = look_afresh

    def tried(self, retry: Retry, deadline: Deadline, make: Callable[[], Attempt], held: Callable[[], str]) -> Attempt:
        """Return what a first attempt and those after it amount to.

        `held` is asked before each further one: why it could change nothing any more, or an empty text.
        """
        attempts = [make()]
        given_up = ""
        while attempts[-1].is_worth_another and len(attempts) <= retry.times:
            given_up = self._waited(timedelta(seconds=retry.delay_seconds), deadline) or held()
            if given_up:
                break
            self._look_afresh()
            attempts.append(make())
        return _together(attempts, retry.times + 1, given_up)

    def _waited(self, delay: timedelta, deadline: Deadline) -> str:
        """Let the delay pass; return why there shall be no further attempt, or an empty text."""
        if not deadline.leaves(delay):
            return "its `timeout` leaves no time for it"
        ends = self._clock.monotonic() + delay
        while not (reason := self._stop()) and (left := ends - self._clock.monotonic()) > timedelta(0):
            self._sleep(min(left, LOOK_EVERY))
        return reason


def _together(attempts: Sequence[Attempt], most: int, given_up: str) -> Attempt:
    """Return the last attempt, with what those before it did, and how many there were."""
    last, former = attempts[-1], attempts[:-1]
    if former:
        first = bounded(attempts[0].reason, _LONGEST_FIRST)
        has_succeeded = last.outcome in ("changed", "unchanged")
        told = f"{'succeeded at' if has_succeeded else 'that was'} attempt {len(attempts)} of {most}"
        told += "" if last.reason == attempts[0].reason else f"; the first said: {first}"
        last.reason = "; ".join(filter(None, (told, last.reason) if has_succeeded else (last.reason, told)))
        done = [op for attempt in former for op in attempt.ops[: attempt.done]]
        last.ops, last.done = (*done, *last.ops), len(done) + last.done
        last.diff = "".join(dict.fromkeys([*(one.diff for one in former if one.done), last.diff]))
        if last.outcome == "unchanged" and any(not op.only_checks for op in done):
            last.outcome = "changed"
    if given_up:
        last.reason += f"; not tried again: {given_up}"
    return last
