"""Options that several commands share."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeVar

import click

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_DURATION: Final = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class DurationType(click.ParamType[timedelta]):
    """A duration as people write it: `90s`, `30m`, `12h`, `7d`."""

    name = "duration"

    def __init__(self, shortest: timedelta, longest: timedelta) -> None:
        self._shortest = shortest
        self._longest = longest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the duration, or fail with what was expected."""
        if isinstance(value, timedelta):
            return value
        found = _DURATION.fullmatch(str(value))
        if found is None:
            self.fail(f"expected a number with its unit, such as 90s, 30m, 12h or 7d, found {value!r}", param, ctx)
        duration = timedelta(seconds=int(found["number"]) * _SECONDS[found["unit"]])
        if not self._shortest <= duration <= self._longest:
            bounds = f"{_written(self._shortest)} to {_written(self._longest)}"
            self.fail(f"expected a duration of {bounds}, found {value!r}", param, ctx)
        return duration


def _written(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def json_option(function: FunctionT) -> FunctionT:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document for programs.")(function)


def limit_option(text: str) -> Callable[[FunctionT], FunctionT]:
    """Return what adds `--limit`; the text says what happens without it."""

    def add(function: FunctionT) -> FunctionT:
        return click.option("--limit", type=click.IntRange(min=1), metavar="N", help=text)(function)

    return add


def selecting_options(function: FunctionT) -> FunctionT:
    """Add what selects envoys beside their names; `client.selecting.target_of` makes a target of it."""
    added = (
        click.option("--all", "everyone", is_flag=True, help="All envoys."),
        click.option(
            "--where", metavar="EXPR", default="", help="Only those of which this is true, by what they last told."
        ),
        click.option("--environment", metavar="NAME", help="Only those that the stacks give this environment."),
        click.option("--role", metavar="NAME", help="Only those that the stacks give this role."),
    )
    for option in reversed(added):
        function = option(function)
    return function
