"""`vigocli config freeze`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from vigo.cli.client.connecting import connect
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import DurationType, json_option
from vigo.core.terminal import print_line


class _EndType(click.ParamType[timedelta | datetime]):
    """How long from now, or until which moment."""

    name = "time|duration"
    _duration = DurationType(shortest=timedelta(seconds=1), longest=timedelta(days=365))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | datetime:
        """Return the end, or fail with what was expected. A moment without an offset is this machine's time."""
        if isinstance(value, timedelta | datetime):
            return value
        text = str(value)
        if text[-1:] in set("smhd"):
            return self._duration.convert(text, param, ctx)
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                "expected a time such as 2027-01-03, 2027-01-03T08:00 or 2027-01-03T08:00Z, or a duration such as 12h"
                f" or 7d, found {text!r}",
                param,
                ctx,
            )


@click.command("freeze", cls=Verb)
@click.option(
    "--until",
    type=_EndType(),
    required=True,
    help="When it ends by itself: a time, in this machine's zone unless it names one, or a duration from now.",
)
@click.option("-m", "--message", required=True, help="Why; whoever wants to publish is told.")
@json_option
@click.pass_context
def command(ctx: click.Context, *, until: timedelta | datetime, message: str, as_json: bool) -> None:
    """Keep the live generation as it is: until then nothing is published and nobody goes back.

    Envoys go on converging. A freeze that is in force already is replaced by the new one.

    Examples:
      vigocli config freeze --until 12h -m "the sale is on"
      vigocli config freeze --until 2027-01-03T08:00Z -m "nobody is in over the holidays"

    Exit statuses:
      0  frozen
      1  refused, or the server could not be asked
      2  the command line is wrong
    """
    # A duration counts from the server's now, so that this machine's clock does not matter.
    if isinstance(until, timedelta):
        end: dict[str, Any] = {"ttl_seconds": int(until.total_seconds())}
    else:
        end = {"until": until.isoformat()}
    with connect(ctx) as api:
        answer = api.post("generations/freeze", {"reason": message, **end})
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import Freeze, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import told  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    freeze = read(answer, Freeze)
    print_line(f"nothing is published until {told(freeze.until, SystemClock().now())}")
    print_line("`vigocli config unfreeze` ends it before")
