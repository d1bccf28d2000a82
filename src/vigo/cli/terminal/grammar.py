"""How the command line is built: nouns that hold verbs, help with examples, the nearest name for a wrong one."""

import inspect
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import click


class Invocation:
    """What was said for the whole command line, whichever noun follows."""

    def __init__(self) -> None:
        self.data_dir: Path | None = None
        self.timeout: timedelta | None = None


def with_lists(text: str | None) -> str:
    """Return a help text whose examples and statuses click prints line by line: it marks such with a backspace."""
    clean = inspect.cleandoc(text or "")
    return re.sub(r"\n\n(?=(?:Examples?|Exit statuses):\n)", "\n\n\b\n", clean)


class Verb(click.Command):
    """A command that does something. `--data-dir` may stand behind it as well as before its noun."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.help = with_lists(self.help)
        self.params.append(
            click.Option(
                ["--data-dir"],
                type=click.Path(path_type=Path),
                hidden=True,
                expose_value=False,
                callback=_take_data_dir,
            )
        )


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


class Noun(Grammar):
    """What verbs are about: envoys, tokens, runs."""

    command_class = Verb

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.help = with_lists(self.help)


def _take_data_dir(ctx: click.Context, _option: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(Invocation).data_dir = value
