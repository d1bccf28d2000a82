"""`vigocli config lsp`."""

import logging
import os
import sys
from pathlib import Path

import click

from vigo.cli.terminal.grammar import Verb


@click.command("lsp", cls=Verb)
@click.option(
    "--stacks",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The only folder of stacks to serve. Without it each file's own is found: the nearest folder above it that has"
    " configcrates/, environments.vgo or roles.vgo.",
)
@click.pass_context
def command(ctx: click.Context, *, stacks: Path | None) -> None:
    """Serve an editor: findings while you write, completion, explanations, going to declarations.

    An editor starts it and speaks the Language Server Protocol on standard input and output; standard error has what
    goes wrong. It needs no server of Vigo. docs/guide/editors.md says how to set up VS Code, Neovim, Helix and Emacs.

    Examples:
      vigocli config lsp
      vigocli config lsp --stacks ./stacks

    Exit statuses:
      0  the editor ended it
      1  the editor went away without a word
      2  the command line is wrong, or no editor is at the other end
    """
    if sys.stdin.isatty():
        raise click.UsageError(
            "expected an editor at the other end, found a terminal; set up your editor to start this command"
        )
    from vigo.cli.lsp.server import language_server  # noqa: PLC0415 - so that `--help` starts at once

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="vigocli config lsp: %(message)s")
    logging.getLogger("pygls").setLevel(logging.ERROR)
    # Whatever else should print would be taken for the protocol, so that it goes to standard error from here on.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server = language_server(None if stacks is None else stacks.absolute())
    server.start_io(sys.stdin.buffer, output)
    ctx.exit(0 if server.was_shut_down else 1)
