"""`vigocli doctor`."""

from typing import TYPE_CHECKING

import click

from vigo.cli.client.connecting import connect, invocation
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.answers import Check

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.command("doctor", cls=Verb)
@json_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Look at everything that can quietly go wrong: the way to the server, clocks, certificates, disk, lost envoys.

    Examples:
      vigocli doctor
      vigocli --data-dir ./data doctor --json

    Exit statuses:
      0  all is well, or there are warnings only
      1  a check failed
      2  the command line is wrong
    """
    import msgspec  # noqa: PLC0415 - so that `--help` starts at once

    checks = _checks(ctx)
    worst = next((status for status in ("failed", "warning") if any(one.status == status for one in checks)), "ok")
    if as_json:
        print_json({"status": worst, "checks": msgspec.to_builtins(checks)})
    else:
        _print_checks(checks)
    ctx.exit(1 if worst == "failed" else 0)


def _checks(ctx: click.Context) -> "list[Check]":
    """Return what was found here, then what the server found."""
    from vigo.cli.client.answers import Check, Health, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.local_checks import folder_check, skew_check, version_check  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same
    from vigo.core.errors import UsageError, VigoError  # noqa: PLC0415 - the same

    clock = SystemClock()
    checks: list[Check] = []
    try:
        with connect(ctx) as api:
            folder = api.target.data_dir
            begun = clock.monotonic()
            health = read(api.get("health"), Health)
            took = clock.monotonic() - begun
            skew = skew_check(api.server_time, clock.now())
    except UsageError:
        raise
    except VigoError as error:
        folder = invocation(ctx).data_dir
        if folder is not None and folder.is_dir():
            checks.append(folder_check(folder))
        checks.append(Check(name="server", status="failed", detail=str(error)))
        return checks
    if folder is not None:
        checks.append(folder_check(folder))
    reached = f"{api.target.url} answers, its certificate is of the pinned CA ({took.total_seconds() * 1000:.0f} ms)"
    checks.append(Check(name="server", status="ok", detail=reached))
    return [*checks, version_check(health.version), skew, *health.checks]


def _print_checks(checks: "list[Check]") -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        print_line(f"{check.status:<7}  {check.name:<{width}}  {check.detail}", colour=_COLOURS[check.status])
        if check.advice and check.status != "ok":
            print_line(f"{'':<7}  {'':<{width}}  {check.advice}")
    count = sum(check.status != "ok" for check in checks)
    print_line("all is well" if not count else f"{count} of {len(checks)} want a look")
