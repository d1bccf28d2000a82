"""Operations that start programs."""

from collections.abc import Mapping
from datetime import timedelta

from vigo.catalog.ops.base import Op


class Run(Op, frozen=True, kw_only=True):
    """Run a program as one argument list. `returns` are the statuses that mean success.

    In an image (`--root`) a program that only works on a running system is never yielded; `root_option` says how a
    tool is told of another root: its executor inserts these arguments behind the program's name, `{root}` replaced.
    `touches` names what the program may change (`packages`, `accounts`, `services`), so that it is asked anew.
    """

    argv: tuple[str, ...]
    cwd: str | None = None
    user: str | None = None
    environment: Mapping[str, str] = {}
    stdin: str | None = None
    umask: int | None = None
    timeout: timedelta = timedelta(minutes=5)
    returns: tuple[int, ...] = (0,)
    root_option: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `run` and the argument list as a person would type it."""
        return "run " + " ".join(_quoted(argument) for argument in self.argv)


def _quoted(argument: str) -> str:
    plain = argument and all(character.isalnum() or character in "@%+=:,./-_" for character in argument)
    return argument if plain else "'" + argument.replace("'", "'\"'\"'") + "'"
