"""What is printed for people. What comes from elsewhere cannot move their cursor or hide what it says."""

import os
import re
import sys
from typing import Final

import click

# C0 and C1 controls less tab, and the characters that reorder text. Source: ECMA-48; UAX #9.
_HIDDEN: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Return the text with control characters written out, on one line."""
    return _HIDDEN.sub(_written_out, text)


def print_line(text: str = "", *, colour: str | None = None, bold: bool = False, error: bool = False) -> None:
    """Print one line; a colour only on a terminal, and nowhere when NO_COLOR is set."""
    styled = may_colour(error=error)
    click.secho(visible(text), fg=colour, bold=bold or None, err=error, color=None if styled else False)


def may_colour(*, error: bool = False) -> bool:
    """Return whether escape sequences for colours may be printed. Source: no-color.org."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and is_terminal(error=error)


def is_terminal(*, error: bool = False) -> bool:
    """Return whether a person sees what is printed."""
    return (sys.stderr if error else sys.stdout).isatty()


def _written_out(found: re.Match[str]) -> str:
    character = found[0]
    return "\\n" if character == "\n" else ascii(character)[1:-1]
