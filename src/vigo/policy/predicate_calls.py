"""Calls of predicates in expressions, checked where a policy is compiled: called at all, and with what they take."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from vigo.core.conditions import PREDICATES, Argument, argument_problem
from vigo.core.templates import TemplateError, Templates

QUOTED: Final = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_KEYWORD: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)")
_BRACKET: Final = re.compile(r"\s*\(")
_OPENING, _CLOSING = "([{", ")]}"
_LONGEST: Final = 80


class _Call(msgspec.Struct, frozen=True):
    """The arguments of a call as written, with the offset of each."""

    positional: tuple[tuple[str, int], ...]
    named: Mapping[str, tuple[str, int]]


def blanked(code: str) -> str:
    """Return code with spaces in place of what stands in quotes, so that only names and operators are left."""
    return QUOTED.sub(lambda match: " " * len(match[0]), code)


def call_problems(code: str, functions: frozenset[str], engine: Templates) -> Iterator[tuple[str, int]]:
    """Yield what is wrong with each use of some functions, and at which character.

    A name without brackets is true everywhere, and a wrong call would fail on every machine. Only arguments that are
    known without a machine or variables are looked at.
    """
    bare = blanked(code)
    for name in sorted(functions):
        for match in re.finditer(rf"(?<![\w.]){name}(?!\w)(?!\s*=(?!=))", bare):
            opening = _BRACKET.match(bare, match.end())
            if opening is None:
                yield f"{name}: expected a call, found the name alone; {how_to_call(name)}", match.start()
            elif name in PREDICATES and (call := _call(code, bare, opening.end())) is not None:
                yield from _problems(name, call, engine, match.start())


def how_to_call(name: str) -> str:
    """Return what to write, with an example for a predicate."""
    if name not in PREDICATES:
        return f"write {name}(...)"
    predicate = PREDICATES[name]
    return f"write {name}({', '.join(predicate.arguments)}), such as `{predicate.example}`"


def _problems(name: str, call: _Call, engine: Templates, place: int) -> Iterator[tuple[str, int]]:
    expected = PREDICATES[name].arguments
    given = dict(zip(expected, call.positional, strict=False)) | dict(call.named)
    is_in_place = len(given) == len(call.positional) + len(call.named) and given.keys() == expected.keys()
    if not is_in_place:
        found = [text for text, _ in call.positional] + [f"{key}={text}" for key, (text, _) in call.named.items()]
        shown = ", ".join(found)[:_LONGEST] or "nothing"
        yield f"{name}: expected {' and '.join(expected)}, found {shown}; {how_to_call(name)}", place
        return
    for argument, (text, offset) in given.items():
        problem = _problem(expected[argument], text, engine)
        if problem is not None:
            yield f"{name}: {argument}: expected {problem}, found {text[:_LONGEST]}", offset


def _problem(kind: Argument, text: str, engine: Templates) -> str | None:
    try:
        if engine.names_in_expression(text):
            return None
        value: Any = engine.evaluate(text, {})
    except TemplateError:
        return None  # told elsewhere
    return argument_problem(kind, value)


def _call(code: str, bare: str, start: int) -> _Call | None:
    """Return the arguments of a call whose bracket opens before `start`; None where they are not all written out."""
    positional: list[tuple[str, int]] = []
    named: dict[str, tuple[str, int]] = {}
    for begin, end in _arguments(bare, start):
        keyword = _KEYWORD.match(bare, begin, end)
        text = code[keyword.end() if keyword else begin : end]
        if text.lstrip().startswith("*"):
            return None
        offset = end - len(text.lstrip())
        if keyword:
            named[keyword[1]] = (text.strip(), offset)
        elif text.strip():
            positional.append((text.strip(), offset))
    return _Call(tuple(positional), named)


def _arguments(bare: str, start: int) -> Iterator[tuple[int, int]]:
    depth, begin = 1, start
    for index in range(start, len(bare)):
        character = bare[index]
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth == 0 or (depth == 1 and character == ","):
            yield begin, index
            begin = index + 1
        if depth == 0:
            return
