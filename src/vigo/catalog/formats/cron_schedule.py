"""The five fields that say when a cron job runs, and the file in `/etc/cron.d` that holds one. Source: crontab(5)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from vigo.core.errors import InvalidError

NICKNAMES = frozenset({"@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?:\*|([0-9a-z]{1,3})(?:-([0-9a-z]{1,3}))?)(?:/([0-9]{1,2}))?", re.ASCII)
_VARIABLE = re.compile(r"[ \t]*[A-Za-z_][A-Za-z0-9_]*[ \t]*=")
_HEADER = "# Vigo keeps this file; changes made here are taken back.\n"


class _Field(NamedTuple):
    name: str
    lowest: int
    highest: int
    names: Mapping[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Field("day of the week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)


def check_schedule(text: str) -> None:
    """Accept a nickname such as `@daily`, or five fields of numbers, names, ranges, lists and steps.

    Raises:
        InvalidError: with the field that is wrong and what it may hold.
    """
    if text.startswith("@"):
        if text not in NICKNAMES:
            raise InvalidError(f"schedule: expected one of {', '.join(sorted(NICKNAMES))}, found {text!r}")
        return
    parts = re.split(r"[ \t]+", text.strip(" \t"))
    if len(parts) != len(_FIELDS):
        raise InvalidError(
            "schedule: expected five fields (minute, hour, day of the month, month, day of the week) or a name such as"
            f" @daily, found {text[:80]!r}; write for example '30 4 * * *'"
        )
    for part, rule in zip(parts, _FIELDS, strict=True):
        for item in part.split(","):
            _check_item(item, rule)


def cron_file(schedule: str, user: str, command: str, environment: Mapping[str, str]) -> str:
    """Return the text of a file for `/etc/cron.d` with one job.

    A percent sign in the command is escaped where it is not: to cron a bare one is a line feed.

    Raises:
        InvalidError: a value of the environment has both sorts of quotes, which crontab(5) cannot hold.
    """
    variables = "".join(f"{name}={_quoted(name, value)}\n" for name, value in sorted(environment.items()))
    escaped = re.sub(r"(?<!\\)%", r"\\%", command)
    return f"{_HEADER}{variables}{schedule} {user} {escaped}\n"


class CronJob(NamedTuple):
    """The parts of a file with one job, as they are written there."""

    schedule: str
    user: str
    command: str
    environment: tuple[str, ...]


def parse_cron_file(text: str) -> CronJob | None:
    """Return the one job of a file in `/etc/cron.d`, or None where there is none or more than one."""
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    jobs = [line for line in lines if not _VARIABLE.match(line)]
    if len(jobs) != 1:
        return None
    fields = 1 if jobs[0].startswith("@") else len(_FIELDS)
    words = re.split(r"[ \t]+", jobs[0], maxsplit=fields + 1)
    if len(words) != fields + 2:
        return None
    variables = tuple(line for line in lines if line is not jobs[0])
    return CronJob(" ".join(words[:fields]), words[fields], words[fields + 1], variables)


def _check_item(item: str, rule: _Field) -> None:
    found = _PART.fullmatch(item.lower())
    if found is None:
        raise _refused(item, rule)
    low, high, step = found.groups()
    if low is None:
        numbers = (rule.lowest, rule.highest)
    else:
        first = _number(low, item, rule)
        numbers = (first, first if high is None else _number(high, item, rule))
    if numbers[0] > numbers[1] or (step is not None and (int(step) == 0 or (low is not None and high is None))):
        raise _refused(item, rule)


def _number(text: str, item: str, rule: _Field) -> int:
    number = rule.names.get(text, -1) if not text.isdigit() else int(text)
    if not rule.lowest <= number <= rule.highest:
        raise _refused(item, rule)
    return number


def _refused(item: str, rule: _Field) -> InvalidError:
    names = f" or {next(iter(rule.names))} to {list(rule.names)[-1]}" if rule.names else ""
    return InvalidError(
        f"schedule: expected a {rule.name} of {rule.lowest} to {rule.highest}{names}, `*`, a rising range `a-b`,"
        f" or one of these two with a step `/n`, found {item[:40]!r}"
    )


def _quoted(name: str, value: str) -> str:
    quote = "'" if '"' in value else '"'
    if quote in value:
        raise InvalidError(
            f"environment: expected at most one sort of quotes in {name}, found both; cron cannot hold it"
        )
    return f"{quote}{value}{quote}"
