"""`vigocli completion`."""

import click

from vigo.cli.terminal.grammar import Verb

_NAME = "vigocli"


@click.command("completion", cls=Verb)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    """Print what makes a shell complete commands, options and the names of envoys.

    Examples:
      vigocli completion bash > /etc/bash_completion.d/vigocli
      vigocli completion zsh > ~/.zfunc/_vigocli
      vigocli completion fish > ~/.config/fish/completions/vigocli.fish

    Exit statuses:
      0  printed
      2  the command line is wrong
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - for this command alone

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has the three that may be chosen
    completing = kind(ctx.find_root().command, {}, _NAME, f"_{_NAME.upper()}_COMPLETE")
    click.echo(completing.source_template % completing.source_vars())
