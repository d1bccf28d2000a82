"""`vigocli envoys`: the machines that are managed."""

from typing import TYPE_CHECKING, Any

import click

from vigo.cli.client.connecting import connect, envoy_argument, fetched, in_path
from vigo.cli.client.selecting import target_of
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option, label_option, limit_option, selecting_options
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from vigo.cli.client.answers import Envoy, EnvoyDetail
    from vigo.cli.terminal.table import Cell

_NAME = "the hostname or the UUID of an envoy; `vigocli envoys list` shows them"
_MOST_SHOWN = 20
_SKEW_SECONDS = 60
_COLOURS = {"converged": "green", "degraded": "yellow", "failed": "red", "copied": "red"}


@click.group("envoys", cls=Noun)
def command() -> None:
    """Show the machines that are managed, and refuse one.

    Examples:
      vigocli envoys list
      vigocli envoys show web-1.example.com

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """


@command.command("list")
@click.option("--hostname", metavar="GLOB", help="Only those with such a name.")
@click.option("--status", type=click.Choice(["active", "revoked"]), help="Only those that may call, or may not.")
@label_option("Only those with this label. Repeat it: all have to be there.")
@limit_option("At most so many; all where left out.")
@json_option
@click.pass_context
def list_envoys(
    ctx: click.Context,
    *,
    hostname: str | None,
    status: str | None,
    labels: dict[str, str],
    limit: int | None,
    as_json: bool,
) -> None:
    """List the envoys by hostname: how their last run went, when they called, what they hold.

    STATUS is `converged` (the last run left all as the live generation declares), `degraded` (something is blocked,
    or that generation was not applied yet), `failed`, `no-data` (no run yet), `copied` (two machines have this
    identity) or `revoked`.

    Examples:
      vigocli envoys list
      vigocli envoys list --hostname 'web-*' --status active
      vigocli envoys list --label site=berlin
      vigocli envoys list --json | jq -r '.items[].hostname'

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(
        ctx,
        "envoys",
        {"hostname": hostname, "status": status, "label": tuple(f"{name}={value}" for name, value in labels.items())},
        limit=limit,
        as_json=as_json,
        none="no such envoys; `vigocli tokens create` makes a token to enrol one with",
    )
    if not items:
        return
    from vigo.cli.client.answers import Envoy, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.table import print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    heads = ("HOSTNAME", "STATUS", "LAST RUN", "LAST SEEN", "GENERATION", "ENVIRONMENT", "ROLES")
    print_table(heads, [_row(read(item, Envoy), now) for item in items])


@command.command("show")
@envoy_argument
@json_option
@click.pass_context
def show_envoy(ctx: click.Context, *, name: str, as_json: bool) -> None:
    """Show one envoy, and what is not as declared on it. ENVOY is a hostname or a UUID.

    Examples:
      vigocli envoys show web-1.example.com
      vigocli envoys show web-1.example.com --json | jq .traits.os

    Exit statuses:
      0  shown
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.get(f"envoys/{in_path(name, _NAME)}")
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import EnvoyDetail, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    _print_envoy(read(answer, EnvoyDetail), SystemClock().now())


@command.command("push")
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@selecting_options
@click.option(
    "--within",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    help="Spread their check-ins over so long. Left out it grows with their number: 800 a second.",
)
@click.option("--dry-run", is_flag=True, help="Show whom it would ask; ask nobody.")
@json_option
@click.pass_context
def push_envoys(
    ctx: click.Context,
    /,
    *,
    hosts: tuple[str, ...],
    within: float | None,
    dry_run: bool,
    as_json: bool,
    **selected: Any,
) -> None:
    """Have envoys check in now, apply what is live, and report. HOST is a hostname, a glob, `~regex` or a UUID.

    All that is said of the envoys has to hold. Those that hold no stream to the server are shown; they check in at
    their interval, as always.

    Examples:
      vigocli envoys push web-1.example.com
      vigocli envoys push 'web-*' 'db-*' --dry-run
      vigocli envoys push --all --within 60
      vigocli envoys push --where "traits.os.family == 'debian'" --environment production

    Exit statuses:
      0  asked, all of them
      1  nobody fits, or some are not connected, or the server could not be asked
      2  the command line is wrong
    """
    target = target_of(hosts, "HOST", selected)
    with connect(ctx) as api:
        answer = api.post("pushes", {"target": target, "within_seconds": within, "dry_run": dry_run})
    missing = [item for item in answer["items"] if item["state"] != "told"]
    if as_json:
        print_json(answer)
    else:
        _print_push(answer, missing, dry_run=dry_run)
    ctx.exit(1 if missing else 0)


@command.command("explain")
@envoy_argument
@click.argument("subject", metavar="[RESOURCE|VARIABLE]", default="")
@json_option
@click.pass_context
def explain_envoy(ctx: click.Context, *, name: str, subject: str, as_json: bool) -> None:
    """Say why an envoy gets what the live generation gives it: each value with its place, and the values that lost.

    `vigocli config trace` says the same of stacks that are not published.

    Examples:
      vigocli envoys explain web-1.example.com
      vigocli envoys explain web-1.example.com port
      vigocli envoys explain web-1.example.com web/conf --json

    Exit statuses:
      0  printed
      1  there is no such envoy, resource or variable, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.get(f"envoys/{in_path(name, _NAME)}/explain", {"subject": subject})
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.traces import print_host, print_resource, print_variables  # noqa: PLC0415 - the same
    from vigo.policy.explained_resources import ExplainedResource  # noqa: PLC0415 - the same
    from vigo.policy.explained_variables import ExplainedVariable  # noqa: PLC0415 - the same
    from vigo.policy.explaining import ExplainedHost  # noqa: PLC0415 - the same

    if "everything" in answer:
        print_host(read(answer["everything"], ExplainedHost))
    elif "resource" in answer:
        print_resource(read(answer["resource"], ExplainedResource))
    else:
        print_variables(tuple(read(one, ExplainedVariable) for one in answer["variable"]))


@command.command("revoke")
@envoy_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask. Where there is no terminal, nobody is asked.")
@json_option
@click.pass_context
def revoke_envoy(ctx: click.Context, *, name: str, yes: bool, as_json: bool) -> None:
    """Refuse an envoy from this moment on. Doing it twice is harmless.

    The machine keeps its state, and its identity is void: it is managed again once it is enrolled anew with a token.
    Tokens that would let it back in are named.

    Examples:
      vigocli envoys revoke web-1.example.com
      vigocli envoys revoke web-1.example.com --yes

    Exit statuses:
      0  revoked, now or before
      1  there is none, or the answer was no, or the server could not be asked
      2  the command line is wrong
    """
    import sys  # noqa: PLC0415 - to see whether someone can be asked

    from vigo.core.terminal import visible  # noqa: PLC0415 - the same

    if not yes and sys.stdin.isatty():
        question = f"{visible(name)} will be refused at once, until it is enrolled anew. Revoke it?"
        click.confirm(question, abort=True, err=True)
    with connect(ctx) as api:
        answer = api.post(f"envoys/{in_path(name, _NAME)}/revoke")
        tokens = api.items("tokens") if not as_json else []
    if as_json:
        print_json(answer)
        return
    print_line(f"revoked {answer['hostname']} ({answer['id']})")
    for note in _ways_back(answer["hostname"], tokens):
        print_line(note, colour="yellow", error=True)


def _print_push(answer: dict[str, Any], missing: list[dict[str, Any]], *, dry_run: bool) -> None:
    count, within = len(answer["items"]), answer["within_seconds"]
    told = "would be asked to check in" if dry_run else "asked to check in"
    if dry_run:
        for item in answer["items"]:
            print_line(f"{item['hostname']}  {'connected' if item['state'] == 'told' else 'not connected'}")
    spread = f" within {within:.0f} s" if within >= 1 else ""
    print_line(f"{count - len(missing)} of {count} {told}{spread}")
    if missing and not dry_run:
        for item in missing[:_MOST_SHOWN]:
            print_line(f"not connected: {item['hostname']}; it checks in at its interval", colour="yellow", error=True)
        if len(missing) > _MOST_SHOWN:
            print_line(f"and {len(missing) - _MOST_SHOWN} more", colour="yellow", error=True)


def _ways_back(hostname: str, tokens: list[dict[str, Any]]) -> "Iterator[str]":
    """Yield a line for each token with which a machine of this name, or who copied it, could enrol again."""
    from vigo.cli.client.answers import Token, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same
    from vigo.core.hostnames import matches  # noqa: PLC0415 - the same

    now = SystemClock().now()
    for token in (read(item, Token) for item in tokens):
        if token.uses_left and token.expires_at > now and matches(token.hostname, hostname):
            yield (
                f"a token for {token.hostname} would still let it enrol ({token.uses_left} uses left): "
                f"`vigocli tokens revoke {token.id}` withdraws it"
            )


def _row(envoy: "Envoy", now: "datetime") -> "list[Cell | str]":
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - for tables alone
    from vigo.cli.terminal.table import Cell  # noqa: PLC0415 - the same

    status = _status(envoy)
    return [
        Cell(envoy.hostname, whole=True),
        Cell(status, _COLOURS.get(status, "")),
        _last_run(envoy),
        relative(envoy.last_seen_at, now),
        Cell(_generation(envoy), "yellow" if _is_behind(envoy) else ""),
        envoy.environment or "-",
        ", ".join(envoy.roles) or "-",
    ]


def _status(envoy: "Envoy") -> str:
    if envoy.status == "active" and envoy.copied_at is not None:
        return "copied"
    return envoy.convergence if envoy.status == "active" else envoy.status


def _last_run(envoy: "Envoy") -> str:
    """Return the outcome that a run is remembered by, and how many resources had it."""
    if envoy.last_run is None:
        return "-"
    if envoy.last_run.failed_since is not None:
        return "failed since"
    counts: dict[Any, int] = dict(envoy.last_run.counts)
    return next((f"{counts[one]} {one}" for one in ("failed", "blocked", "changed") if counts.get(one)), "unchanged")


def _drift(envoy: "Envoy") -> str:
    """Return whether it had to be brought back, and how many runs in a row."""
    in_a_row = 0 if envoy.last_run is None else envoy.last_run.changed_in_a_row
    return f"{envoy.drift}, {in_a_row} runs in a row" if in_a_row else envoy.drift


def _is_behind(envoy: "Envoy") -> bool:
    known = envoy.generation is not None and envoy.live_generation is not None
    return known and envoy.status == "active" and envoy.generation != envoy.live_generation


def _generation(envoy: "Envoy") -> str:
    if envoy.generation is None:
        return "-"
    return f"{envoy.generation} (live: {envoy.live_generation})" if _is_behind(envoy) else str(envoy.generation)


def _print_envoy(envoy: "EnvoyDetail", now: "datetime") -> None:
    from vigo.cli.terminal.moments import told  # noqa: PLC0415 - for people alone
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.labels import told_labels  # noqa: PLC0415 - the same

    status = _status(envoy)
    print_line(f"{envoy.hostname} ({envoy.id})", bold=True)
    print_line(f"status       {status}", colour=_COLOURS.get(status))
    facts = {
        "drift": _drift(envoy),
        "reachable": envoy.reachability,
        "last seen": told(envoy.last_seen_at, now),
        "connected": "no" if envoy.connected_since is None else f"since {told(envoy.connected_since, now)}",
        "enrolled": told(envoy.enrolled_at, now),
        "certificate": f"until {told(envoy.certificate_not_after, now)}",
        "agent": envoy.agent_version or "-",
        "generation": _generation(envoy),
        "entry": envoy.entry or "-",
        "environment": envoy.environment or "-",
        "roles": ", ".join(envoy.roles) or "-",
        "labels": told_labels(envoy.labels) or "-",
    }
    for name, value in facts.items():
        print_line(f"{name:<11}  {value}")
    if abs(envoy.clock_skew_seconds or 0) > _SKEW_SECONDS:
        print_line(f"clock        off by {envoy.clock_skew_seconds:+.0f} s; check `timedatectl` there", colour="yellow")
    if envoy.copied_at is not None:
        print_line(f"copied       two machines had this identity, last {told(envoy.copied_at, now)}", colour="red")
        print_line(
            "             run `vigo enroll --force` with a token on the one that shall keep it, then on the other"
        )
    if envoy.last_run is None:
        print_line("last run     none was reported yet")
        return
    counts = ", ".join(f"{count} {outcome}" for outcome, count in envoy.last_run.counts.items() if count)
    print_line(f"last run     {told(envoy.last_run.started_at, now)}: {counts or 'no resources'}")
    print_line(f"             vigocli runs show {envoy.last_run.id}")
    if envoy.last_run.failed_since is not None:
        print_line("failed since in a repair of some resources alone:", colour="red")
        print_line(f"             vigocli runs show {envoy.last_run.failed_since}")
    wrong = [result for result in envoy.resources if result.outcome in ("failed", "blocked", "skipped")]
    if wrong:
        print_line()
        colours = {"failed": "red", "blocked": "yellow", "skipped": "yellow"}
        print_table(
            ("RESOURCE", "OUTCOME", "REASON"),
            [(Cell(one.id, whole=True), Cell(one.outcome, colours[one.outcome]), one.reason) for one in wrong],
        )
