"""How the command line is built: nouns that hold verbs, and what is said for all of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from vigo.core.command_line import Grammar, with_lists


class Invocation:
    """What was said for the whole command line, whichever noun follows."""

    def __init__(self) -> None:
        self.data_dir: Path | None = None
        self.timeout: timedelta | None = None


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


class Noun(Grammar):
    """What verbs are about: envoys, tokens, runs."""

    command_class = Verb

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.help = with_lists(self.help)


def _take_data_dir(ctx: click.Context, _option: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(Invocation).data_dir = value
