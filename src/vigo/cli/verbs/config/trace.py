"""`vigocli config trace`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.secret_marker import to_reference

if TYPE_CHECKING:
    from vigo.policy.explaining import HostTrace


@click.command("trace", cls=Verb)
@click.argument("host")
@click.argument("subject", required=False, metavar="[VARIABLE|RESOURCE]")
@click.option(
    "--stacks",
    type=click.Path(path_type=Path),
    help="The folder of .vgo files; it needs neither server nor data folder. `stacks` in the data folder otherwise.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, *, host: str, subject: str | None, stacks: Path | None, as_json: bool) -> None:
    """Print why a host gets what it gets, each part with file, line and column.

    HOST alone prints the entry that matches and those behind it that would, the roles, the configcrates with what gives
    or excludes them, and every variable with the place it comes from. With VARIABLE, such as tls.days, it prints what
    each layer says of it, the strongest first. With RESOURCE, such as web/conf, it prints the fields, conditions and
    dependencies of it. The host need not exist.

    Examples:
      vigocli config trace web-1.example.com --stacks ./stacks
      vigocli config trace web-1.example.com tls.days --stacks ./stacks
      vigocli --data-dir ./data config trace web-1.example.com web/conf --json

    Exit statuses:
      0  printed
      1  no entry matches, there is no such variable or resource, or the stacks have errors
      2  the command line is wrong
    """
    from vigo.cli.client.studied import studied_here  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.core.errors import NotFoundError  # noqa: PLC0415 - the same
    from vigo.core.hostnames import canonical_hostname  # noqa: PLC0415 - the same
    from vigo.policy.explaining import trace  # noqa: PLC0415 - the same

    hostname = canonical_hostname(host)
    study = studied_here(ctx, stacks, as_json=as_json)
    found = trace(study, hostname)
    if found is None:
        raise NotFoundError(
            f"expected an entry that matches {hostname}, found none among {len(study.entries)}: such a host gets no"
            " policy; add a `match` for it"
        )
    answer = _everything(found, as_json=as_json) if subject is None else _one(found, subject, as_json=as_json)
    if as_json:
        print_json(answer)


def _everything(found: "HostTrace", *, as_json: bool) -> Any:
    import msgspec  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.terminal.traces import print_host  # noqa: PLC0415 - the same

    told = found.everything()
    if not as_json:
        print_host(told)
    return msgspec.to_builtins(told, enc_hook=to_reference)


def _one(found: "HostTrace", subject: str, *, as_json: bool) -> Any:
    """Print a resource or a variable; a name of both is the resource's."""
    import msgspec  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.terminal.traces import print_resource, print_variables  # noqa: PLC0415 - the same
    from vigo.core.errors import NotFoundError  # noqa: PLC0415 - the same
    from vigo.core.nearest import did_you_mean  # noqa: PLC0415 - the same
    from vigo.policy.explained_resources import explained_resource, resource_names  # noqa: PLC0415 - the same

    resource = explained_resource(found, subject)
    if resource is not None:
        if not as_json:
            print_resource(resource)
        return {"host": found.host, "resource": msgspec.to_builtins(resource, enc_hook=to_reference)}
    variables = found.variable(subject)
    if not variables:
        near = did_you_mean(subject, {*resource_names(found), *found.variable_names()})
        raise NotFoundError(f"expected a variable or resource of {found.host}, found no {subject[:200]!r}{near}")
    if not as_json:
        print_variables(variables)
    return {"host": found.host, "variable": msgspec.to_builtins(variables, enc_hook=to_reference)}
