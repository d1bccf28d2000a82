"""Calendar events of systemd in the forms that people write. Source: systemd.time(7), calendar events."""

import re
from typing import NamedTuple

from vigo.core.errors import InvalidError

SHORTHANDS = frozenset(
    ("minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "yearly", "annually")
)

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER_OF = {name: number for names in (_DAYS, _LONG_DAYS) for number, name in enumerate(names)}
_ZONE = re.compile(r"UTC|[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*){1,3}")
_DATE = re.compile(r"(?:([^-~]+)-)?([^-~]+)([-~])([^-~]+)")
_PART = re.compile(r"([0-9]{1,4})(?:\.\.([0-9]{1,4}))?(?:/([0-9]{1,4}))?", re.ASCII)
_FRACTION = re.compile(r"\.[0-9]{1,6}(?=$|[,/])|\.[0-9]{1,6}(?=\.\.)", re.ASCII)


class _Field(NamedTuple):
    name: str
    lowest: int
    highest: int


_YEAR = _Field("year", 1970, 2199)
_MONTH, _DAY = _Field("month", 1, 12), _Field("day of the month", 1, 31)
_DAY_FROM_END = _Field("day from the end of the month", 1, 28)
_CLOCK = (_Field("hour", 0, 23), _Field("minute", 0, 59), _Field("second", 0, 59))


def check_calendar(field: str, text: str) -> None:
    """Accept `daily` and the like, or days of the week, a date and a time, each of which may be left out.

    Raises:
        InvalidError: with the part that is wrong and what it may be.
    """
    words = text.split(" ")
    if zone_in(text):
        words = words[:-1]
    if len(words) == 1 and words[0].lower() in SHORTHANDS:
        return
    rest = list(words)
    if rest and rest[0][:1].isalpha():
        _check_days(field, rest.pop(0))
    if rest and ":" not in rest[0] and _DATE.fullmatch(rest[0]):
        _check_date(field, rest.pop(0))
    if rest and ":" in rest[0]:
        _check_time(field, rest.pop(0))
    if rest or not text:
        raise InvalidError(
            f"{field}: expected a calendar event such as daily, Mon..Fri 08:30 or *-*-1 00:00:00 UTC (days of the week,"
            f" date, time and zone, one blank between them), found {text[:80]!r}; try it with systemd-analyze calendar"
        )


def zone_in(text: str) -> str:
    """Return the time zone behind a calendar event, or an empty text; whether the host knows it is not said."""
    last = text.rpartition(" ")[2]
    return last if last != text and _ZONE.fullmatch(last) else ""


def _check_days(field: str, text: str) -> None:
    for item in text.lower().split(","):
        first, dots, last = item.partition("..")
        numbers = [_NUMBER_OF.get(name, -1) for name in ((first, last) if dots else (first,))]
        if -1 in numbers or numbers != sorted(numbers):
            raise InvalidError(
                f"{field}: expected days of the week such as Mon, Mon,Thu or Mon..Fri, from Monday on, or one of"
                f" {', '.join(sorted(SHORTHANDS))}, found {text[:40]!r}"
            )


def _check_date(field: str, text: str) -> None:
    found = _DATE.fullmatch(text)
    year, month, separator, day = found.groups() if found else (None, "", "-", "")
    if year is not None:
        _check_part(field, year, _YEAR)
    _check_part(field, month, _MONTH)
    from_end = separator == "~"
    _check_part(field, day, _DAY_FROM_END if from_end else _DAY, from_end=from_end)


def _check_time(field: str, text: str) -> None:
    parts = text.split(":")
    if len(parts) > len(_CLOCK):
        raise InvalidError(f"{field}: expected a time such as 08:30 or *:0/15, found {text[:40]!r}")
    for part, rule in zip(parts, _CLOCK, strict=False):
        _check_part(field, _FRACTION.sub("", part) if rule is _CLOCK[-1] else part, rule)


def _check_part(field: str, text: str, rule: _Field, *, from_end: bool = False) -> None:
    """Accept `*`, or numbers with ranges and steps in which each step has room for one repetition."""
    for item in [] if text == "*" else text.split(","):
        found = _PART.fullmatch(item)
        first, last, step = (None if one is None else int(one) for one in found.groups()) if found else (None,) * 3
        is_range = last is not None
        end = last if last is not None else rule.highest
        is_right = (
            first is not None
            and step != 0
            and rule.lowest <= first <= end <= rule.highest
            and not (from_end and is_range)
            and (step is None or (first - step >= rule.lowest if from_end else first + step <= end))
        )
        if not is_right:
            raise InvalidError(
                f"{field}: expected a {rule.name} of {rule.lowest} to {rule.highest}, `*`, a rising range a..b, or one"
                f" of these numbers with a step /n that stays below, found {item[:40]!r} in {text[:40]!r}"
            )
