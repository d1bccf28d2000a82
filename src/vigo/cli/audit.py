"""`vigocli audit`: who did what, and whether the trail of it holds."""

from pathlib import Path

import click

from vigo.cli.client.connecting import PATIENT, connect, fetched
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option, limit_option
from vigo.core.terminal import print_line

_LATEST = 50


@click.group("audit", cls=Noun)
def command() -> None:
    """Show who did what to what, from where, and check that nobody altered it afterwards.

    Examples:
      vigocli audit list --actor ada
      vigocli audit verify

    Exit statuses:
      0  done, or the trail holds
      1  failed, or the trail does not hold; the reason is on standard error
      2  the command line is wrong
    """


@command.command("list")
@click.option("--actor", metavar="NAME", help="What one actor did: ada, 'token ci', 'envoy web-1'.")
@click.option("--action", metavar="ACTION", help="One kind of act; with a dot at its end all that begin so: task.")
@click.option("--subject", metavar="SUBJECT", help="What was done to one thing.")
@click.option("--outcome", type=click.Choice(["done", "refused"]), help="What was done, or what was refused.")
@limit_option(f"At most so many, the newest; {_LATEST} where left out.")
@json_option
@click.pass_context
def list_acts(
    ctx: click.Context,
    *,
    actor: str | None,
    action: str | None,
    subject: str | None,
    outcome: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List acts, the newest first.

    Examples:
      vigocli audit list
      vigocli audit list --action session. --outcome refused
      vigocli audit list --actor ada --json | jq '.items[].trace_id'

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    query = {"actor": actor, "action": action, "subject": subject, "outcome": outcome}
    items = fetched(ctx, "audit", query, limit=limit or _LATEST, as_json=as_json, none="no act fits")
    if not items:
        return
    import msgspec  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.client.answers import AuditAct, read  # noqa: PLC0415 - the same
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    rows = [
        (
            str(one.number),
            relative(one.at, now),
            Cell(one.actor, whole=True),
            Cell(one.action, whole=True),
            one.subject,
            one.outcome or "",
            one.source or "",
            msgspec.json.encode(one.detail).decode() if one.detail else "",
        )
        for one in (read(item, AuditAct) for item in items)
    ]
    print_table(("NUMBER", "WHEN", "WHO", "WHAT", "TO WHAT", "OUTCOME", "FROM", "DETAIL"), rows)


@command.command("verify")
@click.option(
    "--last-hash", metavar="HASH", help="The last hash of an earlier check: also find out whether rows after it went."
)
@json_option
@click.pass_context
def verify_trail(ctx: click.Context, *, last_hash: str | None, as_json: bool) -> None:
    """Check each row against the hash before it. Keep the last hash elsewhere: it pins all rows up to it.

    Examples:
      vigocli audit verify
      vigocli audit verify --json | jq -r .last_hash

    Exit statuses:
      0  no row was altered, removed or moved
      1  one was, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx, PATIENT) as api:
        answer = api.get("audit/chain")
        has_it = last_hash is None or any(line.get("hash") == last_hash for line in api.lines("audit/export"))
    holds = answer["holds"] and has_it
    if as_json:
        print_json({**answer, "holds": holds})
    elif not answer["holds"]:
        print_line(f"vigocli: {answer['problem']}", colour="red", error=True)
    elif not has_it:
        print_line("vigocli: no row has that hash: rows at the end were removed", colour="red", error=True)
    else:
        print_line(f"{answer['rows']} rows, all in their chain", colour="green")
        print_line(f"last hash {answer['last_hash']}")
    ctx.exit(0 if holds else 1)


@command.command("export")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="A file; standard output without."
)
@click.pass_context
def export_trail(ctx: click.Context, *, output: Path | None) -> None:
    """Print every act, the oldest first, a JSON object a line, with the hashes that make the chain.

    Examples:
      vigocli audit export -o audit.ndjson
      vigocli audit export | jq 'select(.outcome == "refused")'

    Exit statuses:
      0  exported
      1  the server could not be asked, or the file not be written
      2  the command line is wrong
    """
    import msgspec  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.core.errors import UnavailableError  # noqa: PLC0415 - the same

    with connect(ctx, PATIENT) as api:
        lines = (msgspec.json.encode(line).decode() for line in api.lines("audit/export"))
        if output is None:
            for line in lines:
                print_line(line)
            return
        try:
            with output.open("w", encoding="utf-8") as file:
                count = sum(1 for line in lines if file.write(line + "\n"))
        except OSError as error:
            raise UnavailableError(f"expected to write {output}: {error.strerror}") from error
    print_line(f"{count} acts in {output}", error=True)
