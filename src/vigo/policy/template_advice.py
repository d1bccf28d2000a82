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
    if "end of string" in message:
        return "close the quote"
    bracket = _open_bracket(bare[:offset] if is_expression else bare[max(bare.rfind("{{", 0, offset), 0) + 2 : offset])
    if bracket is not None and ("expected `)`" in message or "expected `,`" in message or "expected `]`" in message):
        return f"close the bracket {bracket}"
    return None if is_expression else _advice_on_tags(text, offset, message)


def _advice_on_tags(text: str, offset: int, message: str) -> str | None:
    if statement := _UNKNOWN_STATEMENT.search(message):
        opened = _unclosed(text[: text.rfind("{%", 0, offset)])
        if statement[1] in _STATEMENTS:
            return f"close {opened[0]} with {{% end{opened[1]} %}}" if opened else "nothing is open that this could end"
        near = nearest_name(statement[1], _STATEMENTS)
        return f"did you mean {{% {near} %}}?" if near else None
    if "unexpected `}`" in message and "end of variable block" in message:
        return "close it with }}"
    if "end of comment" in message or text[:offset].rstrip().endswith("{{"):
        return "braces that are no template: put {% raw %} before and {% endraw %} behind, or the content below files/"
    unclosed = _unclosed(text)
    if "end of input" in message and unclosed is not None:
        return f"close {unclosed[0]} with {{% end{unclosed[1]} %}}"
    return None


def _open_bracket(code: str) -> str | None:
    """Return the innermost bracket that nothing closes; `code` has no texts in quotes any more."""
    opened: list[str] = []
    for character in code:
        if character in "([{":
            opened.append(character)
        elif character in ")]}" and opened:
            opened.pop()
    return opened[-1] if opened else None


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
