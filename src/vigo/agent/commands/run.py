"""`vigo run`."""

from pathlib import Path

import click

from vigo.agent.options import json_option, print_json, state_dir_option, verbose_option


@click.command("run")
@click.option("--once", is_flag=True, help="Run one cycle and end. This is also what happens without it.")
@click.option("--dry-run", is_flag=True, help="Show what would be changed, with diffs; change and report nothing.")
@click.option(
    "--outside-window",
    is_flag=True,
    help="Change things although no maintenance window is open: for a repair that cannot wait. It holds for this run;"
    " `noop` is not undone by it.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Look at every resource. Else one whose files did not change since it was found as declared, an hour ago or"
    " less, is passed over.",
)
@click.option("--wait", default=30, show_default=True, help="Seconds to wait for another run to end.")
@state_dir_option
@json_option
@verbose_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    once: bool,
    dry_run: bool,
    outside_window: bool,
    full: bool,
    wait: int,
    state_dir: Path,
    as_json: bool,
    verbose: bool,
) -> None:
    """Check in, bring this machine into its declared state, and report; without a server apply the held policy.

    A dry run checks in too and takes the current policy, but changes nothing on the machine and reports nothing.
    Outside of a maintenance window that the policy sets, nothing is changed either: what would be is reported.

    Examples:
      vigo run --once
      vigo run --dry-run
      vigo run --once --outside-window
      vigo run --once --full
      vigo run --once --json --state-dir ./s

    Exit statuses:
      0  nothing to do, or all was done; with --dry-run: nothing would fail
      1  something failed, or there is no policy to apply, or this envoy was revoked
      2  the command line is wrong
      3  this machine is not enrolled
    """
    del once
    import logging  # noqa: PLC0415 - imported where used, so that `vigo version` starts at once

    from vigo.agent.logs import log_to_stderr  # noqa: PLC0415 - the same
    from vigo.agent.once import run_once  # noqa: PLC0415 - the same
    from vigo.agent.terminal import print_report  # noqa: PLC0415 - the same
    from vigo.core.errors import ExitStatus  # noqa: PLC0415 - the same

    log_to_stderr(logging.INFO if verbose else logging.ERROR)
    report = run_once(
        state_dir.absolute(), dry_run=dry_run, wait_seconds=wait, outside_window=outside_window, looks_at_all=full
    )
    if as_json:
        print_json(report.as_json())
    else:
        print_report(report)
    ctx.exit(int(ExitStatus.FAILED if report.has_failed else ExitStatus.OK))
