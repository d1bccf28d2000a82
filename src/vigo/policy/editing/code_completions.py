"""What may be written at a place of a template or condition: variables, traits, predicates, filters and the like."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from vigo.core.conditions import PREDICATES
from vigo.policy.editing.expressions import Code
from vigo.policy.editing.known import Known, Setting, members, settings
from vigo.policy.editing.offers import Completion
from vigo.policy.editing.trait_names import traits_below
from vigo.policy.editing.vocabulary import FILTERS, OPERATORS, PREDICATES_TOLD, STATEMENTS, TESTS, signature
from vigo.policy.editing.wording import code, plain, written
from vigo.policy.variables import Layer

_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_WHOLE: Final = re.compile(r"\s*\{\{\s*vars\.([\w.]+)\s*\}\}\s*")


def code_completions(
    known: Known, configcrates: tuple[str, ...], place: Code, loop: Mapping[str, str]
) -> Iterator[Completion]:
    """Yield what may come at a place of a template that some configcrates use.

    `loop` holds the `foreach` that is around the template, where there is one.
    """
    layers = known.layers(configcrates)
    if place.expects == "filter":
        yield from (Completion(name, "filter", place.span, "filter", text) for name, text in FILTERS.items())
    elif place.expects == "test":
        yield from (Completion(name, "operator", place.span, "test", text) for name, text in TESTS.items())
    elif place.expects == "name" and not place.owner:
        yield from _names(place, loop)
    elif place.expects == "name":
        yield from _members(layers, place, loop)


def item_members(layers: tuple[Layer, ...], foreach: str) -> dict[str, Any]:
    """Return the parts of the first item of a `foreach` over a variable; none where it has none, or is no variable."""
    whole = _WHOLE.fullmatch(foreach)
    found = None if whole is None else next(settings(layers, tuple(whole[1].split("."))), None)
    value = None if found is None else found.value
    items = list(value.values()) if isinstance(value, dict) else value
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


def _names(place: Code, loop: Mapping[str, str]) -> Iterator[Completion]:
    span = place.span
    if place.is_start:
        yield from (Completion(name, "operator", span, "statement", text) for name, text in STATEMENTS.items())
        return
    yield Completion("vars", "variable", span, "variables", "The variables that this configcrate sees.", "vars.")
    yield Completion("traits", "trait", span, "traits", "What the agent finds out about its machine.", "traits.")
    if loop:
        yield Completion("item", "variable", span, "of foreach", "The item; of a map its value.")
        yield Completion("key", "variable", span, "of foreach", "The name in a map that `foreach` goes over.")
    for name, text in PREDICATES_TOLD.items():
        example = f"{text}\n\nExample: {code(PREDICATES[name].example)}"
        yield Completion(name, "predicate", span, signature(name), example, f"{name}(")
    yield from (Completion(name, "operator", span, "", text, rank="last") for name, text in OPERATORS.items())


def _members(layers: tuple[Layer, ...], place: Code, loop: Mapping[str, str]) -> Iterator[Completion]:
    root, path = place.owner[0], place.owner[1:]
    if root == "vars":
        for name, one in members(layers, path).items():
            if _NAME.fullmatch(name):
                yield Completion(name, "variable", place.span, written(one.value), _set_at(one))
    elif root == "traits":
        for trait in traits_below(path):
            example = "" if trait.example is None else f"\n\nExample: {code(written(trait.example))}"
            yield Completion(trait.name, "trait", place.span, trait.type, f"{trait.description}{example}")
    elif root == "item" and not path:
        for name, value in item_members(layers, loop.get("foreach", "")).items():
            if _NAME.fullmatch(name):
                yield Completion(name, "variable", place.span, written(value), "A part of the first item.")


def _set_at(one: Setting) -> str:
    return plain(f"Set by {one.by}, {one.origin.file}:{one.origin.line}")
