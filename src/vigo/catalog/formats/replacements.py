"""Replacing what a regular expression finds in the lines of a text, within a foreseeable time."""

import math
import re
from typing import Final

import msgspec

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError
from vigo.core.regexes import LINE_CHARACTERS, check_speed

MOST_STEPS: Final = 1_000_000_000
"""What one file may take of the engine's steps: some ten seconds."""

_ANCHORED: Final = ("^", r"\A")


class Search(msgspec.Struct, frozen=True):
    """An expression that is known to be quick, and how the time that it takes grows with a line's length."""

    pattern: re.Pattern[str]
    degree: int

    def check_lines(self, text: str) -> None:
        """Accept a text that it gets through in time.

        Raises:
            InvalidError: lines are too long for it.
        """
        if self.degree < 2:  # noqa: PLR2004 - the time grows with the text
            return
        lengths = [len(line) for line in text.split("\n")]
        if sum(length**self.degree for length in lengths) // math.factorial(self.degree) > MOST_STEPS:
            number = lengths.index(max(lengths)) + 1
            raise InvalidError(
                f"pattern: expected lines that it can be held against in time, found {max(lengths)} characters in line"
                f" {number}; begin it with `^`, or use fewer repeats such as `.*`"
            )


def search_for(expression: str) -> Search:
    """Return a regular expression as it is searched for in single lines.

    Raises:
        InvalidError: it is none, or may take very long.
    """
    try:
        pattern = re.compile(expression)
        row = check_speed(expression, LINE_CHARACTERS)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidError(
            f"pattern: expected a regular expression, found {shown(expression)}: {error}; correct it"
        ) from error
    except InvalidError as error:
        raise InvalidError(f"pattern: {error}") from error
    return Search(pattern, row + (0 if expression.startswith(_ANCHORED) else 1))


def count_in(text: str, search: Search) -> int:
    """Return how often the expression is found.

    Raises:
        InvalidError: lines are too long for it.
    """
    search.check_lines(text)
    return sum(1 for line in text.split("\n") for _ in search.pattern.finditer(line))


def replaced(text: str, search: Search, replacement: str) -> str:
    r"""Return the text with every match replaced; `\1` and `\g<name>` stand for what groups found, `\n` for a new line.

    Raises:
        InvalidError: the replacement names a group that is not there, or the expression finds its work again.
    """
    search.check_lines(text)
    try:
        after = "\n".join(search.pattern.sub(replacement, line) for line in text.split("\n"))
    except (re.error, IndexError) as error:
        raise _bad_replacement(replacement, error) from error
    left = count_in(after, search)
    if left:
        raise InvalidError(
            f"with: expected a text that the pattern does not find again, found that {left} of its matches would be"
            " left: every run would replace them anew; make the pattern narrower"
        )
    return after


def check_replacement(search: Search, replacement: str) -> None:
    """Accept a replacement whose groups are there.

    Raises:
        InvalidError: one is not.
    """
    try:
        search.pattern.sub(replacement, "")
    except (re.error, IndexError) as error:
        raise _bad_replacement(replacement, error) from error


def _bad_replacement(replacement: str, error: Exception) -> InvalidError:
    return InvalidError(
        f"with: expected a text in which `\\1` stands for a group of the pattern, found {shown(replacement)}: {error};"
        " write `\\\\` for a backslash"
    )
