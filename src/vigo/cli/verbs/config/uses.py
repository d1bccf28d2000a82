"""`vigocli config uses`."""

from pathlib import Path

import click

from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option


@click.command("uses", cls=Verb)
@click.argument("name")
@click.option(
    "--stacks",
    type=click.Path(path_type=Path),
    help="The folder of .vgo files; it needs neither server nor data folder. `stacks` in the data folder otherwise.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, *, name: str, stacks: Path | None, as_json: bool) -> None:
    """Print where a name of the stacks is declared and used, each with file, line and column.

    NAME is a configcrate, a role, an environment, a variable such as tls.days, a resource such as web/conf, a file such
    as templates/site.conf, a framework such as cis-debian-12, a control such as 5.2.1 or cis-debian-12/5.2.1, or a
    secret such as secret:db/password. What several of them are called is printed for all.

    Examples:
      vigocli config uses web --stacks ./stacks
      vigocli --data-dir ./data config uses tls.days --json

    Exit statuses:
      0  there is such a name
      1  there is none, or the stacks have errors
      2  the command line is wrong
    """
    import msgspec  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.client.studied import studied_here  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.errors import NotFoundError  # noqa: PLC0415 - the same
    from vigo.policy.uses import nearest, uses  # noqa: PLC0415 - the same

    study = studied_here(ctx, stacks, as_json=as_json)
    found = uses(study, name)
    if not found:
        near = nearest(study, name)
        meant = f"; did you mean {near!r}?" if near is not None else ""
        kinds = "configcrate, role, environment, variable, resource, file, framework, control or secret"
        raise NotFoundError(f"expected a {kinds} of the stacks, found nothing called {name[:200]!r}{meant}")
    if as_json:
        print_json({"name": name, "uses": msgspec.to_builtins(found)})
        return
    rows = [(one.subject, Cell(str(one.origin), whole=True), one.how) for one in found]
    print_table(("WHAT", "PLACE", "USE"), rows)
