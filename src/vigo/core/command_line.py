"""How all three command lines are built: help with examples, the nearest name for a wrong one."""

import inspect
import re
from typing import Any

import click


def with_lists(text: str | None) -> str:
    """Return a help text whose examples and statuses click prints line by line: it marks such with a backspace."""
    clean = inspect.cleandoc(text or "")
    return re.sub(r"\n\n(?=(?:Examples?|Exit statuses):\n)", "\n\n\b\n", clean)


class Grammar(click.Group):
    """A group that names the nearest command for one that it has not, and the extra that an installation lacks."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            names = self.list_commands(ctx)
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=names, ctx=ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. The agent's packages alone do not carry the server and `vigocli`."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            missing = str(error.name).partition(".")[0]
            if missing == "vigo":
                raise
            raise click.ClickException(
                f"expected the package {missing!r}, found none: this installation has the agent's packages alone;"
                " install the server's as well (`pip install 'vigo[server]'`, or requirements/server.txt)"
            ) from error
