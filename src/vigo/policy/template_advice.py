"""What to do about a template that cannot be read, where the mistake is a common one."""

import re
from typing import Final

from vigo.core.conditions import PREDICATE_NAMES
from vigo.core.nearest import nearest_name
from vigo.policy.predicate_calls import blanked, how_to_call

_ASSIGNMENT: Final = re.compile(r"(?P<name>\w*)\s*(?<![=!<>])=(?!=).?$")
_NEAR: Final = 200
_FOREIGN: Final = (("&&", "write `and`"), ("||", "write `or`"), ("!", "write `not`"))
_UNKNOWN_STATEMENT: Final = re.compile(r"unknown statement (\w+)")
_STATEMENT: Final = re.compile(r"\{%[-+]?\s*+(\w++)[^%]*+%\}")
_BLOCKS: Final = ("if", "for", "filter", "macro", "raw", "autoescape", "with", "call", "block")
_STATEMENTS: Final = ("set", "elif", "else", "do", *_BLOCKS, *(f"end{block}" for block in _BLOCKS))


def advice(text: str, offset: int, message: str, *, is_expression: bool) -> str | None:
    """Return what to do about a syntax error at a character, given what the engine says of it."""
    bare = blanked(text)
    # Only what is near: the search takes the square of the length of a text that is one long word.
    found = _ASSIGNMENT.search(bare[max(offset - _NEAR, 0) : offset + 2])
    if found is not None:
        return how_to_call(found["name"]) if found["name"] in PREDICATE_NAMES else "write == to compare"
    for sign, instead in _FOREIGN:
        # The engine takes the first of two bars for a filter and stumbles over the second.
        if bare.startswith(sign, offset) or bare.startswith(sign, max(offset - 1, 0)):
            return instead
    if is_expression:
        return None
    if statement := _UNKNOWN_STATEMENT.search(message):
        near = nearest_name(statement[1], _STATEMENTS)
        return f"did you mean {{% {near} %}}?" if near else None
    unclosed = _unclosed(text)
    if "end of input" in message and unclosed is not None:
        return f"close {unclosed[0]} with {{% end{unclosed[1]} %}}"
    return None


def _unclosed(text: str) -> tuple[str, str] | None:
    """Return the innermost block that nothing ends, as written, and its word."""
    opened: list[tuple[str, str]] = []
    for found in _STATEMENT.finditer(text):
        word = found[1]
        if word in _BLOCKS:
            opened.append((found[0], word))
        elif opened and word == f"end{opened[-1][1]}":
            opened.pop()
    return opened[-1] if opened else None
