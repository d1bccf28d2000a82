"""Options that several commands share."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from vigo.core.durations import format_duration, parse_duration
from vigo.core.errors import InvalidError

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


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
        try:
            duration = parse_duration(str(value))
        except InvalidError as error:
            self.fail(str(error), param, ctx)
        if not self._shortest <= duration <= self._longest:
            bounds = f"{format_duration(self._shortest)} to {format_duration(self._longest)}"
            self.fail(f"expected a duration of {bounds}, found {value!r}", param, ctx)
        return duration


def json_option(function: FunctionT) -> FunctionT:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document for programs.")(function)


def limit_option(text: str) -> Callable[[FunctionT], FunctionT]:
    """Return what adds `--limit`; the text says what happens without it."""

    def add(function: FunctionT) -> FunctionT:
        return click.option("--limit", type=click.IntRange(min=1), metavar="N", help=text)(function)

    return add


def label_option(text: str) -> Callable[[FunctionT], FunctionT]:
    """Return what adds `--label`, which may be repeated; the command gets the values by name."""

    def add(function: FunctionT) -> FunctionT:
        option = click.option(
            "--label", "labels", multiple=True, metavar="NAME=VALUE", callback=_labels_said, help=text
        )
        return option(function)

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


def _labels_said(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    from vigo.core.labels import labels_of  # noqa: PLC0415 - so that `--help` starts at once

    try:
        return labels_of(pairs)
    except InvalidError as error:
        raise click.BadParameter(str(error), ctx, param) from error
