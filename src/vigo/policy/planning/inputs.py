"""What a template or condition takes in: the traits and variables without which it would say the same."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from vigo.core.conditions import PREDICATE_NAMES
from vigo.core.template_names import taken_in, texts_in
from vigo.core.templates import TemplateError, Templates

Path = tuple[str, ...]
"""Names below `traits`, from the outside in; the empty one stands for all traits."""

_TRAITS_OF_PREDICATES: Final[Mapping[str, tuple[Path, ...]]] = {
    "os_family": (("os", "family"),),
    "os_id": (("os", "id"),),
    "hostname_matches": (("network", "fqdn"), ("network", "hostname")),
}
_ENCODER: Final = msgspec.msgpack.Encoder()


class Inputs(msgspec.Struct, frozen=True):
    """The traits by path and the variables by name that something takes in; `all_variables` says that it may be any."""

    traits: frozenset[Path] = frozenset()
    variables: frozenset[str] = frozenset()
    all_variables: bool = False

    def __or__(self, other: "Inputs") -> "Inputs":
        """Return what either of two takes in."""
        return Inputs(
            self.traits | other.traits,
            self.variables | other.variables,
            self.all_variables or other.all_variables,
        )

    def of_scope(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of some variables that are taken in, in their order."""
        return {name: value for name, value in scope.items() if self.all_variables or name in self.variables}

    def of_traits(self, traits: Mapping[str, Any]) -> bytes:
        """Return what tells two machines apart: equal bytes stand for traits that this cannot tell from each other."""
        return exact([taken_in(traits, path) for path in sorted(self.traits)])


class InputBook:
    """Reads each text once."""

    def __init__(self) -> None:
        self._templates = Templates()
        self._read: dict[tuple[str, bool], Inputs] = {}

    def of_condition(self, expression: str) -> Inputs:
        """Return what a `when:` expression takes in."""
        return self._of(expression, is_expression=True)

    def of_source(self, source: Any) -> Inputs:
        """Return what a templated value takes in: a text, or a list or map with texts in it."""
        return together(self._of(text, is_expression=False) for text in texts_in(source))

    def _of(self, text: str, *, is_expression: bool) -> Inputs:
        known = self._read.get((text, is_expression))
        if known is None:
            try:
                names = self._templates.names_in_expression(text) if is_expression else self._templates.names_in(text)
                known = _inputs(names)
            except TemplateError:
                # Nobody can tell what it takes in, so it may be anything.
                known = Inputs(frozenset({()}), frozenset(), all_variables=True)
            self._read[text, is_expression] = known
        return known


def together(parts: Iterable[Inputs]) -> Inputs:
    """Return what any of several takes in."""
    found = Inputs()
    for part in parts:
        found |= part
    return found


def exact(value: Any) -> bytes:
    """Return bytes that only values of the same types in the same order have: 1 is not true, and maps keep theirs."""
    return _ENCODER.encode(value)


def _inputs(names: Iterable[str]) -> Inputs:
    traits: set[Path] = set()
    variables: set[str] = set()
    all_variables = False
    for name in names:
        root, *path = name.split(".")
        if root == "traits":
            traits.add(tuple(path))
        elif root == "vars":
            # `vars.items()` goes through them all, unless one has that name.
            all_variables = all_variables or not path or hasattr(dict, path[0])
            variables.update(path[:1])
        elif root in PREDICATE_NAMES:
            traits.update(_TRAITS_OF_PREDICATES.get(root, ()))
    return Inputs(frozenset(traits), frozenset(variables), all_variables)
