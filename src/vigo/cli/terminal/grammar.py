"""How the command line is built: nouns that hold verbs, and what is said for all of it."""

import importlib
import pkgutil
from datetime import timedelta
from pathlib import Path
from types import ModuleType
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
                type=click.Path(path_type=Path, readable=False),
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


class VerbFolder(Noun):
    """A noun with many verbs: each is a module of a package, by its name, with its command in `command`."""

    def __init__(self, *arguments: Any, package: ModuleType, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, sorted."""
        del ctx
        return sorted(module.name for module in pkgutil.iter_modules(self._package.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb, importing its module alone."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{self._package.__name__}.{cmd_name}").command
        return command


def _take_data_dir(ctx: click.Context, _option: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(Invocation).data_dir = value
