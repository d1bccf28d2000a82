"""From what was said on the command line to an open connection."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from vigo.cli.terminal.grammar import Invocation
from vigo.cli.terminal.json_text import print_json
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.api import Api, Parameters

TIMEOUT: Final = timedelta(seconds=30)
# Compiling large stacks takes its time, and a publication goes on when nobody waits for it.
PATIENT: Final = timedelta(minutes=10)
_IMPATIENT: Final = timedelta(seconds=2)


def invocation(ctx: click.Context) -> Invocation:
    """Return what was said for the whole command line."""
    return ctx.ensure_object(Invocation)


def connect(ctx: click.Context, timeout: timedelta = TIMEOUT) -> "Api":
    """Return the API of the server that was chosen; what was said as --timeout goes before the given one."""
    from vigo.cli.client.api import Api  # noqa: PLC0415 - `--help` needs no HTTP client
    from vigo.cli.client.target import find_target  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    said = invocation(ctx)
    return Api(find_target(said.data_dir), said.timeout or timeout, SystemClock())


def fetched(
    ctx: click.Context,
    path: str,
    query: "Parameters | None" = None,
    *,
    limit: int | None,
    as_json: bool,
    none: str,
) -> list[dict[str, Any]]:
    """Return what a list holds, to show it as a table. Nothing is left to show after `--json`, or where it is empty.

    `none` is what is said of an empty list.
    """
    with connect(ctx) as api:
        items = api.items(path, query, limit)
    if as_json:
        print_json({"items": items})
        return []
    if not items:
        print_line(none, error=True)
    return items


def in_path(text: str, expected: str) -> str:
    """Return a name or an id as one part of a path.

    Raises:
        InvalidError: it would name another path: `..`, or something with a slash.
    """
    from urllib.parse import quote  # noqa: PLC0415 - `--help` needs none

    from vigo.core.errors import InvalidError  # noqa: PLC0415 - the same

    if not text.strip(".") or "/" in text:
        what, _, advice = expected.partition("; ")
        raise InvalidError(f"expected {what}, found {text[:80]!r}; {advice}")
    return quote(text, safe="")


def complete_envoys(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the hostnames that begin so, for the shell; none where the server cannot be asked in a moment."""
    from vigo.core.errors import VigoError  # noqa: PLC0415 - the shell asks only when someone presses tab

    said = invocation(ctx)
    said.data_dir = said.data_dir or ctx.find_root().params.get("data_dir")
    try:
        with connect(ctx, _IMPATIENT) as api:
            found = api.items("envoys", {"hostname": f"{incomplete}*"})
    except VigoError:
        return []
    return sorted({str(item["hostname"]) for item in found})


envoy_argument = click.argument("name", metavar="ENVOY", shell_complete=complete_envoys)
"""An envoy by its hostname or UUID."""
