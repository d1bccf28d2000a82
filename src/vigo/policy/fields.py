"""The fields of a kind, and the values that the stacks give to them: each in its type, or an error at its place."""

import json
import re
from collections.abc import Callable
from collections.abc import Mapping as Map
from functools import cache
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

from vigo.catalog.api import Resource, Spec
from vigo.core.errors import InvalidError
from vigo.core.nearest import did_you_mean
from vigo.core.plan import Origin
from vigo.core.secret_marker import is_reference, marker_of
from vigo.core.templates import is_template
from vigo.core.typed_templates import ANYTHING, LIST_TYPES, alternatives, item_type, value_type
from vigo.policy.scalars import boolean, described, integer, is_null, number, untyped
from vigo.policy.template_places import texts_in
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

Refuse = Callable[[Origin, str], None]
"""Takes what is wrong with a value, and where."""

# What msgspec expected -> the same in words.
_BOUNDS: Final = (
    (re.compile(r"matching regex '(.*)'$"), "a text that matches {0}"),
    (re.compile(r"of length >= 1$"), "at least one character or item"),
    (re.compile(r"of length (.*)$"), "a length {0}"),
    (re.compile(r"`int` >= (.*)$"), "at least {0}"),
    (re.compile(r"`int` <= (.*)$"), "at most {0}"),
)


class Field(msgspec.Struct, frozen=True):
    """A field of a kind. `hint` is its annotation; `content_field` receives the file that this one names.

    `may_be_secret` says that a secret's value may stand there.
    """

    name: str
    type: inspect.Type
    hint: Any
    required: bool
    description: str
    example: Any
    content_field: str | None
    may_be_secret: bool = False

    @property
    def explanation(self) -> str:
        """What the field says, with an example."""
        if self.example is None:
            return f"{self.name}: {self.description}"
        written = repr(self.example) if isinstance(self.example, str) else json.dumps(self.example, ensure_ascii=False)
        return f"{self.name}: {self.description} Example: {written}"


def fields_of(kind: Resource[Any, Any]) -> Map[str, Field]:
    """Return the fields of a kind by name."""
    return _fields_of(kind.spec)


def typed_value(node: Node, field: Field, refuse: Refuse) -> Any:
    """Return the value of a field as its type asks for: a text keeps its written form. Wrong values are refused.

    Templates stay as they are, whatever type their value will have; so do references to secrets, as markers.
    """
    refused: list[Origin] = []

    def refuse_one(place: Origin, message: str) -> None:
        refused.append(place)
        refuse(place, f"{field.name}: {message}")

    value = _typed(node, field.type, refuse_one)
    if not refused and not any(is_template(one.text) or is_reference(one.text) for one in texts_in(node)):
        problem = bound_problem(value, field)
        if problem:
            refuse(node.origin, f"{field.name}: {problem}, found {described(node)}")
    return value


def bound_problem(value: Any, field: Field) -> str:
    """Return what is expected of a field's final value where it does not fit, else an empty text."""
    try:
        msgspec.convert(value, field.hint, strict=False)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        for pattern, words in _BOUNDS:
            if match := pattern.search(text):
                return "expected " + words.format(*match.groups())
        if not place.strip("`") and text.startswith(("Expected", "Invalid enum value")):
            return f"expected {_called(alternatives(field.type))}"
        return text[:1].lower() + text[1:].replace("`", "").replace(", got ", ", found ")
    return ""


def _typed(node: Node, expected: inspect.Type, refuse: Refuse) -> Any:
    accepted = alternatives(expected)
    if isinstance(node, Scalar):
        return _typed_scalar(node, accepted, refuse)
    if any(isinstance(one, inspect.AnyType) for one in accepted):
        return _untyped(node, refuse)
    if isinstance(node, Sequence) and any(isinstance(one, LIST_TYPES) for one in accepted):
        item = item_type(expected)
        return [_typed(one, item, refuse) for one in node.items]
    if isinstance(node, Mapping) and any(isinstance(one, inspect.DictType) for one in accepted):
        value = value_type(expected)
        return {name: _typed(entry.value, value, refuse) for name, entry in node.entries.items()}
    refuse(node.origin, f"expected {_called(accepted)}, found {described(node)}")
    return None


def _typed_scalar(node: Scalar, accepted: tuple[inspect.Type, ...], refuse: Refuse) -> Any:
    if is_reference(node.text):
        try:
            return marker_of(node.text)
        except InvalidError as error:
            refuse(node.origin, str(error))
            return None
    takes_nothing = any(isinstance(one, inspect.NoneType | inspect.AnyType) for one in accepted)
    if is_null(node) and (takes_nothing or not node.text):
        if not takes_nothing:
            refuse(node.origin, f"expected {_called(accepted)}, found nothing")
        return None
    words = [str(value) for one in accepted if isinstance(one, inspect.LiteralType) for value in one.values]
    takes_text = any(isinstance(one, inspect.StrType) for one in accepted)
    if takes_text or is_template(node.text) or node.text in words:
        return node.text
    try:
        return _converted(node, accepted)
    except InvalidError as error:
        message = str(error)
        if words:
            message = f"expected one of {', '.join(words)}, found {described(node)}{did_you_mean(node.text, words)}"
        refuse(node.origin, message)
        return None


def _converted(node: Scalar, accepted: tuple[inspect.Type, ...]) -> Any:
    problem = InvalidError(f"expected {_called(accepted)}, found {described(node)}")
    for one in accepted:
        try:
            if isinstance(one, inspect.BoolType):
                return boolean(node.text)
            if isinstance(one, inspect.IntType):
                return integer(node.text)
            if isinstance(one, inspect.FloatType):
                return number(node.text)
            if isinstance(one, inspect.AnyType):
                return untyped(node)
        except InvalidError as error:
            problem = error
    raise problem


def _untyped(node: Node, refuse: Refuse) -> Any:
    if isinstance(node, Sequence):
        return [_untyped(item, refuse) for item in node.items]
    if isinstance(node, Mapping):
        return {name: _untyped(entry.value, refuse) for name, entry in node.entries.items()}
    return _typed_scalar(node, (ANYTHING,), refuse)


def _called(accepted: tuple[inspect.Type, ...]) -> str:
    names: list[str] = []
    for one in accepted:
        if isinstance(one, inspect.StrType):
            names.append("a text")
        elif isinstance(one, inspect.BoolType):
            names.append("true or false")
        elif isinstance(one, inspect.IntType | inspect.FloatType):
            names.append("a number")
        elif isinstance(one, LIST_TYPES):
            names.append("a list")
        elif isinstance(one, inspect.DictType):
            names.append("a map")
        elif isinstance(one, inspect.LiteralType):
            names.append("one of " + ", ".join(str(value) for value in one.values))
    return " or ".join(names) or "another value"


@cache
def _fields_of(spec: type[Spec]) -> Map[str, Field]:
    info = inspect.type_info(spec)
    hints = get_type_hints(spec, include_extras=True)
    found = {}
    for field in info.fields if isinstance(info, inspect.StructType) else ():
        extra = field.type.extra or {} if isinstance(field.type, inspect.Metadata) else {}
        meta = next((one for one in hints[field.name].__metadata__ if isinstance(one, msgspec.Meta)), msgspec.Meta())
        found[field.encode_name] = Field(
            name=field.encode_name,
            type=_in_order(field.type, _words(hints[field.name], field.default)),
            hint=hints[field.name],
            required=field.required,
            description=meta.description or "",
            example=meta.examples[0] if meta.examples else None,
            content_field=extra.get("stacks_file"),
            may_be_secret=extra.get("may_be_secret", False),
        )
    return found


def _words(hint: Any, default: Any) -> tuple[Any, ...]:
    """Return the words that a field may have as they are declared, the default first; msgspec sorts them."""
    found = [default]
    pending = [hint]
    while pending:
        one = pending.pop(0)
        found += get_args(one) if get_origin(one) is Literal else ()
        pending += get_args(one) if get_origin(one) is not Literal else ()
    return tuple(dict.fromkeys(word for word in found if isinstance(word, str | int)))


def _in_order(one: inspect.Type, words: tuple[Any, ...]) -> inspect.Type:
    if isinstance(one, inspect.LiteralType):
        return msgspec.structs.replace(one, values=tuple(sorted(one.values, key=words.index)))
    if isinstance(one, inspect.Metadata):
        return msgspec.structs.replace(one, type=_in_order(one.type, words))
    if isinstance(one, inspect.UnionType):
        return msgspec.structs.replace(one, types=tuple(_in_order(part, words) for part in one.types))
    return one
