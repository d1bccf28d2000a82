"""`vigocli workflow`: steps over machines that the stacks declare."""

from typing import TYPE_CHECKING, Any

import click

from vigo.cli.client.connecting import connect, fetched, in_path
from vigo.cli.client.selecting import given_parameters, hosts_option, parameters_option
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option, limit_option, selecting_options
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.api import Api

_ID = "the id of a workflow's run; `vigocli workflow list` shows them"
_FEW = 20


@click.group("workflow", cls=Noun)
def command() -> None:
    """Go through steps over machines that the stacks declare, in workflows.vgo.

    A step runs a named task, has machines check in, waits until they are converged, checks them, waits for somebody's
    approval, or pauses. A run goes on without you, and after a start of the server.

    Examples:
      vigocli workflow run update-web -p service=nginx
      vigocli workflow show 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70
      vigocli workflow approve 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70

    Exit statuses:
      0  done; for `run` and `watch`: it succeeded
      1  failed, or refused, or it did not succeed
      2  the command line is wrong
    """


@command.command("run")
@click.argument("name")
@parameters_option
@hosts_option
@selecting_options
@click.option("--detach", is_flag=True, help="Print its id and return; `vigocli workflow watch ID` shows it.")
@click.option("--dry-run", is_flag=True, help="Show its steps and whom each would be for now; run nothing.")
@json_option
@click.pass_context
def run_workflow(
    ctx: click.Context,
    /,
    *,
    name: str,
    parameters: tuple[str, ...],
    hosts: tuple[str, ...],
    detach: bool,
    dry_run: bool,
    as_json: bool,
    **selected: Any,
) -> None:
    """Run a workflow, and show each step as it goes on. NAME is one of `vigocli workflow declared`.

    Its steps say which machines they are for; what is said here narrows that to those that are meant too. Ctrl-C ends
    the showing, not the run. With --json there is one object a step, a line each, as they end.

    Examples:
      vigocli workflow run update-web
      vigocli workflow run update-web -p service=nginx --dry-run
      vigocli workflow run update-web --target web-1.example.com
      vigocli workflow run update-web --environment staging --detach

    Exit statuses:
      0  it succeeded, or was begun with --detach
      1  it did not, or is refused, or the server could not be asked
      2  the command line is wrong
    """
    target = {"hosts": hosts, **selected}
    wanted = {
        "name": name,
        "parameters": given_parameters(parameters),
        "target": target if any(target.values()) else None,
        "dry_run": dry_run,
    }
    with connect(ctx) as api:
        created = api.post("workflow-runs", wanted)
        if dry_run or detach:
            if as_json:
                print_json(created)
            elif dry_run:
                for step in created["steps"]:
                    print_line(f"{step['position']}  {step['title']}", bold=True)
                    for hostname in step["hostnames"]:
                        print_line(f"   {hostname}")
                print_line("nothing was run", error=True)
            else:
                print_line(created["id"])
                print_line(f"begun; `vigocli workflow watch {created['id']}` shows it", error=True)
            return
        print_line(f"run {created['id']}", error=True)
        ctx.exit(_watch(api, created["id"], as_json=as_json))


@command.command("declared")
@json_option
@click.pass_context
def list_declared(ctx: click.Context, *, as_json: bool) -> None:
    """List the workflows that the stacks declare: their steps, what is given to them, and whether you may run them.

    Examples:
      vigocli workflow declared
      vigocli workflow declared --json | jq '.items[] | select(.allowed) | .name'

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    none = "the stacks declare no workflows; see workflows.vgo"
    items = fetched(ctx, "workflows", limit=None, as_json=as_json, none=none)
    if not items:
        return
    from vigo.cli.client.answers import read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.workflow_answers import DeclaredWorkflow  # noqa: PLC0415 - the same

    for item in items:
        one = read(item, DeclaredWorkflow)
        print_line(one.name + ("" if one.allowed else " (not for you)"), bold=True)
        print_line(f"  {one.description}")
        given = [parameter.told(name) for name, parameter in one.parameters.items()]
        if given:
            print_line(f"  given: {', '.join(given)}")
        for number, step in enumerate(one.steps, 1):
            print_line(f"  {number}  {step.title}")
            for place, inner in enumerate(step.steps, 1):
                print_line(f"       {number}.{place}  {inner.title}")


@command.command("list")
@limit_option(f"At most so many; where left out {_FEW}, and all with --json.")
@json_option
@click.pass_context
def list_runs(ctx: click.Context, *, limit: int | None, as_json: bool) -> None:
    """List runs of workflows, the newest first.

    Examples:
      vigocli workflow list
      vigocli workflow list --json | jq -r '.items[] | select(.state == "waiting") | .id'

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    most = limit if limit is not None or as_json else _FEW + 1
    none = "no workflow was run; `vigocli workflow run` runs one"
    items = fetched(ctx, "workflow-runs", limit=most, as_json=as_json, none=none)
    if not items:
        return
    from vigo.cli.client.answers import read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.workflow_answers import WorkflowRunItem  # noqa: PLC0415 - the same
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    shown = [read(item, WorkflowRunItem) for item in (items if limit is not None else items[:_FEW])]
    rows: list[list[Cell | str]] = []
    for one in shown:
        begun, where = relative(one.created_at, now), one.at or one.reason
        rows.append([Cell(one.id, whole=True), one.name, one.state, begun, one.created_by, where])
    print_table(("RUN", "WORKFLOW", "STATE", "BEGUN", "BY", "AT"), rows)
    if len(shown) < len(items):
        print_line(f"these are the latest {_FEW}; `--limit N` shows more", error=True)


@command.command("show")
@click.argument("run")
@json_option
@click.pass_context
def show_run(ctx: click.Context, *, run: str, as_json: bool) -> None:
    """Show a run: how far each step is, and why one failed. RUN is an id from `workflow list`.

    Examples:
      vigocli workflow show 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70
      vigocli workflow show 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70 --json | jq -r '.steps[].failed[]'

    Exit statuses:
      0  shown
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        _print_run(api.get(f"workflow-runs/{in_path(run, _ID)}"), as_json=as_json)


@command.command("watch")
@click.argument("run")
@json_option
@click.pass_context
def watch_run(ctx: click.Context, *, run: str, as_json: bool) -> None:
    """Show each step of a run until it has ended, from its begin. RUN is an id from `workflow list`.

    Examples:
      vigocli workflow watch 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70

    Exit statuses:
      0  it succeeded
      1  it did not, or there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        ctx.exit(_watch(api, in_path(run, _ID), as_json=as_json))


@command.command("approve")
@click.argument("run")
@click.option("--step", metavar="STEP", help="Approve this step, and none if the run waits at another one.")
@json_option
@click.pass_context
def approve_run(ctx: click.Context, *, run: str, step: str | None, as_json: bool) -> None:
    """Approve the step that a run waits at, so that it goes on. RUN is an id from `workflow list`.

    To refuse, end the run by `vigocli workflow abort`.

    Examples:
      vigocli workflow approve 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70
      vigocli workflow approve 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70 --step 3

    Exit statuses:
      0  approved
      1  it waits for no approval, or not for yours, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        _print_run(api.post(f"workflow-runs/{in_path(run, _ID)}/approve", {"step": step}), as_json=as_json)


@command.command("abort")
@click.argument("run")
@json_option
@click.pass_context
def abort_run(ctx: click.Context, *, run: str, as_json: bool) -> None:
    """End a run, and the task that it has under way. One that has ended stays as it is.

    What its steps have done is not undone. RUN is an id from `workflow list`.

    Examples:
      vigocli workflow abort 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70

    Exit statuses:
      0  it is ended, or had ended before
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        _print_run(api.post(f"workflow-runs/{in_path(run, _ID)}/abort"), as_json=as_json)


def _print_run(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.workflow_answers import WorkflowRunDetail  # noqa: PLC0415 - the same
    from vigo.cli.terminal.workflow_progress import print_run  # noqa: PLC0415 - the same

    print_run(read(answer, WorkflowRunDetail))


def _watch(api: "Api", run: str, *, as_json: bool) -> int:
    """Show a run until it has ended; return the exit status."""
    from vigo.cli.terminal.workflow_progress import show  # noqa: PLC0415 - so that `--help` starts at once

    try:
        return show(api.lines(f"workflow-runs/{run}/events"), run, as_json=as_json)
    except KeyboardInterrupt:
        advice = f"the run goes on: `vigocli workflow watch {run}` shows it, `vigocli workflow abort {run}` ends it"
        print_line(advice, colour="yellow", error=True)
        return 1
