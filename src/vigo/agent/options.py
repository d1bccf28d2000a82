"""Options that several commands share."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

DEFAULT_STATE_DIR = "/var/lib/vigo-agent"
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhd]?)")
_LONGEST = timedelta(days=7)
_SHORTEST = timedelta(seconds=1)


class DurationType(click.ParamType[timedelta]):
    """A duration as people write it: `5s`, `10m`, `1h`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the duration, or fail with what was expected."""
        if isinstance(value, timedelta):
            return value
        found = _DURATION.fullmatch(str(value))
        seconds = float(found["number"]) * _SECONDS[found["unit"]] if found and len(str(value)) < 12 else 0.0  # noqa: PLR2004 - no sensible duration is longer
        duration = timedelta(seconds=seconds)
        if not _SHORTEST <= duration <= _LONGEST:
            self.fail(f"expected a duration from 1s to 7d, such as 30s, 5m or 1h, found {value!r}", param, ctx)
        return duration


def state_dir_option(function: FunctionT) -> FunctionT:
    """Add `--state-dir`."""
    return click.option(
        "--state-dir",
        type=click.Path(path_type=Path, file_okay=False, readable=False),
        default=DEFAULT_STATE_DIR,
        envvar="VIGO_STATE_DIR",
        show_default=True,
        show_envvar=True,
        help="Where the agent keeps its identity and its journal.",
    )(function)


def json_option(function: FunctionT) -> FunctionT:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object for programs.")(function)


def verbose_option(function: FunctionT) -> FunctionT:
    """Add `--verbose`."""
    return click.option("-v", "--verbose", is_flag=True, help="Log more to standard error.")(function)


def print_json(value: object) -> None:
    """Print one JSON object."""
    import msgspec  # noqa: PLC0415 - people's output needs no encoder

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
