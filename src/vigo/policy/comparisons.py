"""Comparisons of a variable or trait with a value of another type: the engine answers, and it means nothing."""

import re
from typing import Any, Final, Literal

import msgspec
from msgspec import inspect

from vigo.core.typed_templates import alternatives
from vigo.policy.predicate_calls import QUOTED

Type = Literal["number", "text", "boolean"]

_NUMBERS: Final = (inspect.IntType, inspect.FloatType)
_OPERATOR: Final = r"\s*(?:==|!=|<=|>=|<|>)\s*"
_PATH: Final = r"(?P<root{0}>vars|traits)\.(?P<path{0}>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
_LITERAL: Final = r"(?P<literal{0}>'_*'|-?[0-9]+(?:\.[0-9]+)?)"
# Both sides alone: an operator, filter or bracket beside them could make another value of them.
_COMPARISON: Final = re.compile(
    r"(?:^|[(,]|\b(?:and|or|not|if|elif)\b)\s*(?:"
    + (_PATH + _OPERATOR + _LITERAL).replace("{0}", "1")
    + "|"
    + (_LITERAL + _OPERATOR + _PATH).replace("{0}", "2")
    + r")(?=\s*(?:$|[),]|-?$|\b(?:and|or|else)\b))"
)


class Comparison(msgspec.Struct, frozen=True):
    """A name below `vars` or `traits`, what it is compared with, and where in the template the name stands."""

    root: str
    path: tuple[str, ...]
    literal: str
    offset: int

    @property
    def literal_type(self) -> Type:
        """The type of what it is compared with."""
        return "text" if self.literal[0] in "'\"" else "number"


def comparisons_in(code: str, start: int) -> list[Comparison]:
    """Return the comparisons in an expression that begins at `start` of its template."""
    masked = QUOTED.sub(lambda quoted: "'" + "_" * (len(quoted[0]) - 2) + "'", code)
    found = []
    for match in _COMPARISON.finditer(masked):
        side = "1" if match["root1"] else "2"
        literal = code[match.start(f"literal{side}") : match.end(f"literal{side}")]
        path = tuple(match[f"path{side}"].split("."))
        found.append(Comparison(match[f"root{side}"], path, literal, start + match.start(f"root{side}")))
    return found


def comparison_problem(comparison: Comparison, found: Type | None) -> str | None:
    """Return why a comparison means nothing, given the type of what is compared; None where it may mean something."""
    if found is None or found == comparison.literal_type or (found, comparison.literal_type) == ("boolean", "number"):
        return None
    name = ".".join((comparison.root, *comparison.path))
    return (
        f"{name} is a {found} and {comparison.literal[:60]} a {comparison.literal_type}:"
        " the two are never equal, and which is greater means nothing"
    )


def type_of_value(value: Any) -> Type | None:
    """Return the type of a variable's value; None for null, lists and maps."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else None


def type_of_trait(expected: inspect.Type) -> Type | None:
    """Return the one type that a trait's values have by its schema, null aside; None where there are several."""
    types = [one for one in alternatives(expected) if not isinstance(one, inspect.NoneType)]
    found = {_type_of_schema(one) for one in types}
    return found.pop() if len(found) == 1 else None


def _type_of_schema(one: inspect.Type) -> Type | None:
    if isinstance(one, _NUMBERS):
        return "number"
    if isinstance(one, inspect.BoolType):
        return "boolean"
    return "text" if isinstance(one, inspect.StrType) else None
