"""How the settings of two plans as a whole differ, in words."""

from collections.abc import Iterator
from datetime import time
from typing import Final

from msgspec import UNSET

from vigo.core.plan import Plan
from vigo.core.windows import DAYS, Window
from vigo.policy.planning.answer import SettingChange

_MIDNIGHT: Final = time(0)


def setting_changes(before: Plan, after: Plan) -> Iterator[SettingChange]:
    """Yield the settings that differ; where `noop` stands is no difference."""
    sides = [(_noop(one), _window(one), _reconverge(one)) for one in (before, after)]
    for name, was, will_be in zip(("noop", "window", "reconverge"), *sides, strict=True):
        if was != will_be:
            yield SettingChange(name=name, before=was, after=will_be)


def in_words(window: Window) -> str:
    """Return a window as people read it.

    >>> in_words(Window(days=("mon", "tue", "wed", "sat"), timezone="UTC"))
    'mon-wed, sat, the whole day, UTC'
    """
    end = f"{window.end:%H:%M}" if window.end != _MIDNIGHT else "24:00"
    hours = f"{window.start:%H:%M} to {end}" if window.start != window.end else "the whole day"
    days = [] if window.days == DAYS else [", ".join(_spans(window))]
    return ", ".join([*days, hours, *([window.timezone] if window.timezone else [])])


def _spans(window: Window) -> Iterator[str]:
    numbers = [DAYS.index(day) for day in window.days]
    while numbers:
        length = next((at for at, number in enumerate(numbers) if number != numbers[0] + at), len(numbers))
        span, numbers = numbers[:length], numbers[length:]
        yield DAYS[span[0]] if length == 1 else f"{DAYS[span[0]]}-{DAYS[span[-1]]}"


def _noop(plan: Plan) -> str | None:
    return None if plan.noop is UNSET else "true"


def _window(plan: Plan) -> str | None:
    return None if plan.windows is UNSET else "; ".join(map(in_words, plan.windows))


def _reconverge(plan: Plan) -> str | None:
    return None if plan.reconverge is UNSET else plan.reconverge
