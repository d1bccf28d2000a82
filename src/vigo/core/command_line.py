"""How all three command lines are built: help with examples, the nearest name for a wrong one."""

import inspect
import re

import click


def with_lists(text: str | None) -> str:
    """Return a help text whose examples and statuses click prints line by line: it marks such with a backspace."""
    clean = inspect.cleandoc(text or "")
    return re.sub(r"\n\n(?=(?:Examples?|Exit statuses):\n)", "\n\n\b\n", clean)


class Grammar(click.Group):
    """A group that names the nearest command for one that it has not."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            names = self.list_commands(ctx)
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=names, ctx=ctx) from error
