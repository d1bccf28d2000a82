"""`vigocli task`: commands that run on machines now."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from vigo.cli.client.connecting import connect, fetched, in_path
from vigo.cli.client.selecting import given_parameters, hosts_option, parameters_option, target_of
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import DurationType, json_option, limit_option, selecting_options
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.answers import TaskItem
    from vigo.cli.client.api import Api

_ID = "the id of a task; `vigocli task list` shows them"
_FEW = 20
_TIMEOUT = timedelta(minutes=5)


@click.group("task", cls=Noun)
def command() -> None:
    """Run commands on machines now, and see how they went.

    A task reaches a machine over the connection that its agent holds. It has exactly one final state on each:
    `succeeded`, `failed`, `timed-out`, `cancelled`, `expired` (never started, the machine was not connected), `refused`
    (by the agent), or `lost` (the agent was gone in the middle; nobody knows how it went). It is never run twice.

    Examples:
      vigocli task run 'systemctl is-active nginx' --target 'web-*'
      vigocli task list
      vigocli task rerun 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70 --failed

    Exit statuses:
      0  done; for `run`, `watch` and `rerun`: it succeeded everywhere
      1  failed, or refused, or it did not succeed everywhere
      2  the command line is wrong
    """


@command.command("run")
@click.argument("text", metavar="[COMMAND]", required=False)
@click.option("--named", metavar="TASK", help="Run a task that the stacks declare; `vigocli task named` lists them.")
@parameters_option
@hosts_option
@selecting_options
@click.option("--batch", metavar="N|N%", help="So many at a time, the next when they have ended.")
@click.option("--concurrency", metavar="N", type=click.IntRange(min=1), help="At most so many at a time.")
@click.option(
    "--max-failures",
    metavar="N",
    type=click.IntRange(min=0),
    help="Start no other once more than so many did not succeed.",
)
@click.option(
    "--health-check",
    metavar="URL|COMMAND",
    help="With --batch: what has to do well on each batch before the next begins. A URL is asked by the machines.",
)
@click.option(
    "--health-within",
    metavar="DURATION",
    type=DurationType(timedelta(seconds=1), timedelta(days=1)),
    help="How long that is tried before the task ends, by default 1m.",
)
@click.option(
    "--timeout",
    "run_for",
    metavar="DURATION",
    type=DurationType(timedelta(seconds=1), timedelta(days=1)),
    help="How long it may take on a machine, by default 5m; then it is ended there with all that it started.",
)
@click.option("--user", metavar="NAME", help="Whom it runs as; the agent's own user, root, where left out.")
@click.option("--nice", type=click.IntRange(-20, 19), help="Its niceness, by default 0; see nice(1).")
@click.option(
    "--queue-offline",
    metavar="DURATION",
    type=DurationType(timedelta(seconds=1), timedelta(days=7)),
    help="Keep it for so long for machines that are not connected.",
)
@click.option("--detach", is_flag=True, help="Print its id and return; `vigocli task watch ID` shows it.")
@click.option("--dry-run", is_flag=True, help="Show whom it would run on; run nothing.")
@json_option
@click.pass_context
def run_task(
    ctx: click.Context,
    /,
    *,
    text: str | None,
    named: str | None,
    parameters: tuple[str, ...],
    hosts: tuple[str, ...],
    batch: str | None,
    concurrency: int | None,
    max_failures: int | None,
    health_check: str | None,
    health_within: timedelta | None,
    run_for: timedelta | None,
    user: str | None,
    nice: int | None,
    queue_offline: timedelta | None,
    detach: bool,
    dry_run: bool,
    as_json: bool,
    **selected: Any,
) -> None:
    """Run a command of the shell on machines, and show what it prints as it comes. COMMAND is for `/bin/sh -c`.

    All that is said of the machines has to hold. Ctrl-C ends the showing, not the task. With --json there is one
    object a machine, a line each, as they end.

    Examples:
      vigocli task run 'uname -r' --all
      vigocli task run 'apt-get -y upgrade' --role webserver --batch 25% --max-failures 2 --timeout 30m
      vigocli task run 'systemctl restart app' --role app --batch 1 --health-check http://127.0.0.1:8080/health
      vigocli task run 'id' -t web-1.example.com --user www-data
      vigocli task run 'df -h /' --where "traits.memory.total_bytes < 4e9" --dry-run
      vigocli task run 'reboot' -t 'edge-*' --queue-offline 24h --detach
      vigocli task run --named restart-web -p service=nginx --role webserver --batch 1

    Exit statuses:
      0  it succeeded on all of them, or was begun with --detach
      1  it did not, or nobody fits, or the server could not be asked
      2  the command line is wrong
    """
    wanted = {
        "target": target_of(hosts, "--target", selected),
        "batch": batch,
        "concurrency": concurrency,
        "max_failures": max_failures,
        "queue_offline_seconds": 0.0 if queue_offline is None else queue_offline.total_seconds(),
        "dry_run": dry_run,
    }
    if (text is None) == (named is None):
        raise click.UsageError("expected a COMMAND or --named TASK, found " + ("neither" if text is None else "both"))
    if named is not None:
        path = "named-tasks"
        if any(one is not None for one in (user, nice, run_for, health_check, health_within)):
            raise click.UsageError(
                "--user, --nice, --timeout, --health-check, --health-within: expected none with --named; tasks.vgo says"
                " that"
            )
        wanted |= {"name": named, "parameters": given_parameters(parameters)}
    else:
        path = "tasks"
        if parameters:
            raise click.UsageError("--param: expected --named with it, found a COMMAND")
        timeout = _TIMEOUT if run_for is None else run_for
        wanted |= {"command": text, "user": user, "nice": nice or 0, "timeout_seconds": timeout.total_seconds()}
        wanted |= _health(health_check, health_within, batch)
    with connect(ctx) as api:
        created = api.post(path, wanted)
        if dry_run:
            _print_meant(created, as_json=as_json)
        elif detach:
            _print_begun(created, as_json=as_json)
        else:
            ctx.exit(_watch(api, created["id"], as_json=as_json))


@command.command("named")
@json_option
@click.pass_context
def list_named(ctx: click.Context, *, as_json: bool) -> None:
    """List the tasks that the stacks declare, in tasks.vgo: what is given to them, and whether you may run them.

    Examples:
      vigocli task named
      vigocli task named --json | jq '.items[] | select(.allowed) | .name'

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(ctx, "named-tasks", limit=None, as_json=as_json, none="the stacks declare no tasks; see tasks.vgo")
    if not items:
        return
    from vigo.cli.client.answers import DeclaredTask, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.table import print_table  # noqa: PLC0415 - the same

    found = [read(item, DeclaredTask) for item in items]
    rows = [[one.name, one.parameters_told(), "yes" if one.allowed else "no", one.description] for one in found]
    print_table(("TASK", "PARAMETERS", "ALLOWED", "WHAT IT IS FOR"), rows)


@command.command("list")
@limit_option(f"At most so many; where left out {_FEW}, and all with --json.")
@json_option
@click.pass_context
def list_tasks(ctx: click.Context, *, limit: int | None, as_json: bool) -> None:
    """List tasks, the newest first.

    Examples:
      vigocli task list
      vigocli task list --json | jq -r '.items[] | select(.ended_at == null) | .id'

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    most = limit if limit is not None or as_json else _FEW + 1
    items = fetched(ctx, "tasks", limit=most, as_json=as_json, none="no tasks; `vigocli task run` runs one")
    if not items:
        return
    from vigo.cli.client.answers import TaskItem, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    shown = [read(item, TaskItem) for item in (items if limit is not None else items[:_FEW])]
    rows = [
        [
            Cell(task.id, whole=True),
            relative(task.created_at, now),
            task.created_by,
            "goes on" if task.ended_at is None else "ended",
            _counted(task),
            task.command,
        ]
        for task in shown
    ]
    print_table(("TASK", "BEGUN", "BY", "STATUS", "MACHINES", "COMMAND"), rows)
    if len(shown) < len(items):
        print_line(f"these are the latest {_FEW}; `--limit N` shows more", error=True)


@command.command("show")
@click.argument("task")
@json_option
@click.pass_context
def show_task(ctx: click.Context, *, task: str, as_json: bool) -> None:
    """Show a task: its state on each machine, and what it printed there. TASK is an id from `task list`.

    Examples:
      vigocli task show 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70
      vigocli task show 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70 --json | jq '.targets[] | select(.state != "succeeded")'

    Exit statuses:
      0  shown
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.get(f"tasks/{in_path(task, _ID)}")
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import TaskDetail, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import told  # noqa: PLC0415 - the same
    from vigo.cli.terminal.task_progress import print_target  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    found, now = read(answer, TaskDetail), SystemClock().now()
    print_line(found.command, bold=True)
    print_line(f"begun   {told(found.created_at, now)} by {found.created_by}, for {found.target}")
    if found.health_check:
        print_line(f"health  {found.health_check}, after each batch")
    print_line(f"ended   {'it goes on' if found.ended_at is None else told(found.ended_at, now)}: {_counted(found)}")
    for target in found.targets:
        print_line()
        for line in target.output.splitlines():
            print_line(f"{target.hostname} | {line}")
        print_target(target)


@command.command("watch")
@click.argument("task")
@json_option
@click.pass_context
def watch_task(ctx: click.Context, *, task: str, as_json: bool) -> None:
    """Show what a task does until it has ended, from its begin. TASK is an id from `task list`.

    Examples:
      vigocli task watch 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70

    Exit statuses:
      0  it succeeded on all machines
      1  it did not, or there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        ctx.exit(_watch(api, in_path(task, _ID), as_json=as_json))


@command.command("cancel")
@click.argument("task")
@json_option
@click.pass_context
def cancel_task(ctx: click.Context, *, task: str, as_json: bool) -> None:
    """End a task wherever it runs, and start it nowhere else. One that has ended stays as it is.

    Examples:
      vigocli task cancel 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70

    Exit statuses:
      0  it is being ended, or had ended before
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.post(f"tasks/{in_path(task, _ID)}/cancel")
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import TaskDetail, read  # noqa: PLC0415 - so that `--help` starts at once

    found = read(answer, TaskDetail)
    done = "it is being ended" if found.ended_at is None else "it had ended before"
    print_line(f"{done}: {_counted(found)}")


@command.command("rerun")
@click.argument("task")
@click.option("--failed", is_flag=True, help="Only where it did not succeed.")
@json_option
@click.pass_context
def rerun_task(ctx: click.Context, *, task: str, failed: bool, as_json: bool) -> None:
    """Run a task that has ended once more, as a task of its own. TASK is an id from `task list`.

    Examples:
      vigocli task rerun 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70 --failed

    Exit statuses:
      0  it succeeded on all of them
      1  it did not, or there is none, or it succeeded everywhere before, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        created = api.post(f"tasks/{in_path(task, _ID)}/rerun", {"failed": failed})
        ctx.exit(_watch(api, created["id"], as_json=as_json))


def _health(check: str | None, within: timedelta | None, batch: str | None) -> dict[str, Any]:
    """Return what is looked for between batches."""
    if check is None and within is None:
        return {}
    if check is None:
        raise click.UsageError("--health-within: expected --health-check with it, found none")
    if batch is None:
        raise click.UsageError("--health-check: expected --batch with it, since it is made between two; found none")
    return {"health_check": check} | ({} if within is None else {"health_within_seconds": within.total_seconds()})


def _watch(api: "Api", task: str, *, as_json: bool) -> int:
    """Show a task until it has ended; return the exit status."""
    from vigo.cli.terminal.task_progress import show  # noqa: PLC0415 - so that `--help` starts at once

    try:
        return show(api.lines(f"tasks/{task}/events"), as_json=as_json)
    except KeyboardInterrupt:
        advice = f"the task goes on: `vigocli task watch {task}` shows it, `vigocli task cancel {task}` ends it"
        print_line(advice, colour="yellow", error=True)
        return 1


def _print_meant(created: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(created)
        return
    from vigo.cli.terminal.task_progress import print_meant  # noqa: PLC0415 - so that `--help` starts at once

    print_meant(created["items"])
    print_line(f"it would run on {len(created['items'])}; nothing was run")


def _print_begun(created: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(created)
        return
    print_line(created["id"])
    print_line(f"begun for {len(created['items'])}; `vigocli task watch {created['id']}` shows it", error=True)


def _counted(task: "TaskItem") -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(task.counts.items()))
