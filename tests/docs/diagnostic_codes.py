"""The codes of diagnostics, read from the compiler's source: what stands in the place of a parameter called `code`."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.gates.tree import files, text

POLICY = Path("src/vigo/policy")
PARAMETER = "code"


class Place(NamedTuple):
    """Where a function takes a code: its position among the arguments of a call, and what stands for one left out."""

    position: int
    default: ast.expr | None


class Codes(NamedTuple):
    """The codes that were found, and the places where one could not be read."""

    found: frozenset[str]
    unclear: tuple[str, ...]


def codes_in_source() -> Codes:
    """Return every code that the compiler may give to a diagnostic."""
    sources = [path for path in files() if path.is_relative_to(POLICY) and path.suffix == ".py"]
    return codes_in({str(path): ast.parse(text(path)) for path in sources})


def codes_in(trees: dict[str, ast.Module]) -> Codes:
    """Return the codes in some modules. A call that passes its own parameter `code` on has none of its own.

    A code that is built, such as `f"unknown-{what}"`, stands for all that have the words `unknown-` before them in a
    literal of the modules that is one of their codes.
    """
    takers = {name: place for tree in trees.values() for name, place in _functions(tree) if place is not None}
    found: set[str] = set()
    unclear: list[str] = []
    for file, tree in trees.items():
        # A module's own function goes before one of the same name elsewhere.
        known = takers | dict(_functions(tree))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            given = _given(call, known)
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                found.add(given.value)
            elif isinstance(given, ast.JoinedStr) and (built := _built(given, trees)):
                found |= built
            elif given is not None and not _is_passed_on(given):
                unclear.append(f"{file}:{given.lineno}: {ast.unparse(given)}")
    return Codes(frozenset(found), tuple(unclear))


def _functions(tree: ast.Module) -> Iterator[tuple[str, Place | None]]:
    """Yield each function by its name, with the place of its code where it takes one beside a message."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        names = [one.arg for one in function.args.args if one.arg != "self"]
        if PARAMETER in names and "message" in names:
            defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
            yield function.name, Place(names.index(PARAMETER), defaults.get(PARAMETER))
        else:
            yield function.name, None


def _given(call: ast.Call, takers: Mapping[str, Place | None]) -> ast.expr | None:
    """Return what a call gives as code; None where it calls something that takes none."""
    for keyword in call.keywords:
        if keyword.arg == PARAMETER:
            return keyword.value
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    place = takers.get(name)
    if place is None:
        return None
    return call.args[place.position] if len(call.args) > place.position else place.default


def _is_passed_on(given: ast.expr) -> bool:
    name = given.attr if isinstance(given, ast.Attribute) else getattr(given, "id", "")
    return name == PARAMETER


def _built(joined: ast.JoinedStr, trees: dict[str, ast.Module]) -> set[str]:
    first = joined.values[0]
    start = str(first.value) if isinstance(first, ast.Constant) else ""
    literals = (node.value for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {one for one in literals if isinstance(one, str) and start and one.startswith(start) and one != start}
