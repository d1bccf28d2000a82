"""Commands in shell text, held against the grammar of the programs: nothing is run."""

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePath

import click

from vigo.agent.main import main as vigo
from vigo.cli.main import main as vigocli
from vigo.server.main import cli as vigosrv

PROGRAMS: dict[str, click.Group] = {"vigo": vigo, "vigocli": vigocli, "vigosrv": vigosrv}
_HERE_DOCUMENT = re.compile(r"<<-?\s*'?(?P<end>\w+)'?[^\n]*\n.*?^(?P=end)$", re.MULTILINE | re.DOTALL)
_CONTINUED = re.compile(r"\\\n\s*")
_SEPARATORS = set("|&;()<>")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_-]*|\.\.\.")


def commands_in(script: str) -> Iterator[list[str]]:
    """Yield the words of each command of one of the programs, the program first."""
    for line in _CONTINUED.sub(" ", _HERE_DOCUMENT.sub("", script)).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="".join(sorted(_SEPARATORS)))
        lexer.commenters, lexer.whitespace_split = "#", True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if not set(word) <= _SEPARATORS:
                words.append(word)
                continue
            yield from _command(words)
            words = []


def problem_of(words: list[str], *, is_whole: bool) -> str | None:
    """Return what is wrong with a command, or None.

    Of one that is not whole, as prose names it, options and arguments may be missing. A placeholder such as `FILE` is
    a value of any type.
    """
    command: click.Command = PROGRAMS[words[0]]
    rest = words[1:]
    # As the program itself makes it: a command keeps the names of its option for help from the first one that asks.
    context = click.Context(command, info_name=words[0], **command.context_settings)
    try:
        while True:
            context = click.Context(command, info_name=command.name, parent=context)
            values, rest, _ = command.make_parser(context).parse_args(rest)
            if not isinstance(command, click.Group):
                break
            if not rest:
                return "expected a verb behind it, found none" if is_whole else None
            _, found, rest = command.resolve_command(context, rest)
            assert found is not None
            command = found
        if rest:
            return f"expected no argument {rest[0]!r}"
        for parameter in command.get_params(context):
            _check(context, parameter, values.get(parameter.name or ""), is_whole=is_whole)
    except click.UsageError as error:
        return error.format_message()
    return None


def _command(words: list[str]) -> Iterator[list[str]]:
    # `VIGO_DATA_DIR=x vigocli ...`, `exec vigo ...` and `/opt/vigo/bin/vigosrv ...` are commands too.
    for index, word in enumerate(words):
        name = PurePath(word).name
        if name in PROGRAMS and all("=" in one or one in {"exec", "sudo"} for one in words[:index]):
            yield [name, *words[index + 1 :]]
            return


def _check(context: click.Context, parameter: click.Parameter, value: object, *, is_whole: bool) -> None:
    """Check what was given for an option or argument, but for paths, which need not be there."""
    given = [one for one in (value if isinstance(value, list | tuple) else [value]) if isinstance(one, str)]
    if is_whole and parameter.required and not given:
        raise click.MissingParameter(ctx=context, param=parameter)
    for one in given:
        if not isinstance(parameter.type, click.Path) and not _PLACEHOLDER.fullmatch(one):
            parameter.type.convert(one, parameter, context)
