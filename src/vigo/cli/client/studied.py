"""The stacks that a question is about, compiled here; no server is asked."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigo.cli.client.local_policy import folder_here
from vigo.cli.client.stacks import Validated
from vigo.cli.terminal.findings import counted, print_findings
from vigo.cli.terminal.json_text import print_json
from vigo.core.terminal import print_line
from vigo.policy.sources import read_sources
from vigo.policy.study import study

if TYPE_CHECKING:
    from vigo.policy.study import Study


def studied_here(ctx: click.Context, stacks: Path | None, *, as_json: bool) -> "Study":
    """Return what can be asked of the stacks in a folder; those with errors end the command with their findings.

    Raises what `folder_here` raises.
    """
    folder = folder_here(ctx, stacks)
    found = study(read_sources(folder))
    if found.study is None:
        if as_json:
            print_json(Validated(str(folder), found.diagnostics).as_json())
        else:
            print_findings(one for one in found.diagnostics if one.severity == "error")
            print_line(f"{folder}: {counted(found.diagnostics)}; correct them first", colour="red", error=True)
        ctx.exit(1)
    return found.study
