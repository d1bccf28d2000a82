"""Which changes of a protobuf protocol break peers that speak an older state of it. Pure; no files, no compiler."""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

Label = Literal["singular", "optional", "repeated", "required"]
Numbers = tuple[int, int]
"""A range of numbers: the first, and the first after it."""


class Field(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message's field as it stands on the wire. `type` is a scalar's name or a message's full name."""

    name: str
    type: str
    label: Label = "singular"
    oneof: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message: its fields by number, and what may never be used again."""

    fields: Mapping[int, Field] = {}
    reserved_numbers: tuple[Numbers, ...] = ()
    reserved_names: tuple[str, ...] = ()


class Enum(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An enumeration: its values' names by number, and what may never be used again."""

    values: Mapping[int, str] = {}
    reserved_numbers: tuple[Numbers, ...] = ()
    reserved_names: tuple[str, ...] = ()


class Method(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call: what goes in, what comes out, and which side streams."""

    input: str
    output: str
    client_streaming: bool = False
    server_streaming: bool = False


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """Every message, enumeration and service of a package, by full name."""

    messages: Mapping[str, Message] = {}
    enums: Mapping[str, Enum] = {}
    services: Mapping[str, Mapping[str, Method]] = {}


def breaking_changes(before: Protocol, now: Protocol) -> list[str]:
    """Return what an older peer could not cope with, one line each with the remedy; empty when all is compatible."""
    return [*_messages(before, now), *_enums(before, now), *_services(before, now)]


def _messages(before: Protocol, now: Protocol) -> Iterator[str]:
    for name, old in before.messages.items():
        new = now.messages.get(name)
        if new is None:
            yield f"message {name} is gone; put it back"
            continue
        yield from _taken_back(f"message {name}", old, new)
        for number, field in old.fields.items():
            if number in new.fields:
                yield from _altered(f"{name}.{field.name} = {number}", field, new.fields[number])
            else:
                yield from _removed(f"field {name}", field.name, number, new)


def _altered(place: str, old: Field, new: Field) -> Iterator[str]:
    for what in ("name", "type", "label", "oneof"):
        was, found = getattr(old, what), getattr(new, what)
        if was != found:
            yield f"{place}: its {what} was {was or 'none'!r} and is {found or 'none'!r}; add a field with a new number"


def _enums(before: Protocol, now: Protocol) -> Iterator[str]:
    for name, old in before.enums.items():
        new = now.enums.get(name)
        if new is None:
            yield f"enum {name} is gone; put it back"
            continue
        yield from _taken_back(f"enum {name}", old, new)
        for number, value in old.values.items():
            found = new.values.get(number)
            if found is None:
                yield from _removed(f"value {name}", value, number, new)
            elif found != value:
                yield f"{name}.{value} = {number}: its name is {found!r} now; add a value with a new number"


def _removed(place: str, name: str, number: int, now: Message | Enum) -> Iterator[str]:
    """Accept the removal of a field or value whose number and name nobody can use again."""
    by_number = any(first <= number < after for first, after in now.reserved_numbers)
    if not (by_number and name in now.reserved_names):
        yield f'{place}.{name} = {number} is gone; put it back, or write `reserved {number}; reserved "{name}";`'


def _taken_back(place: str, old: Message | Enum, new: Message | Enum) -> Iterator[str]:
    """Refuse that a number or name once reserved becomes free: old peers still give it its old meaning."""
    for first, after in old.reserved_numbers:
        if not any(start <= first and after <= end for start, end in new.reserved_numbers):
            yield f"{place}: {first} to {after - 1} was reserved and no longer is; reserve it again"
    for name in old.reserved_names:
        if name not in new.reserved_names:
            yield f"{place}: the name {name!r} was reserved and no longer is; reserve it again"


def _services(before: Protocol, now: Protocol) -> Iterator[str]:
    for service, methods in before.services.items():
        for name, old in methods.items():
            new = now.services.get(service, {}).get(name)
            if new is None:
                yield f"rpc {service}/{name} is gone; put it back"
            elif new != old:
                yield f"rpc {service}/{name} was {_shape(old)} and is {_shape(new)}; add a new rpc"


def _shape(method: Method) -> str:
    asked = f"stream {method.input}" if method.client_streaming else method.input
    answered = f"stream {method.output}" if method.server_streaming else method.output
    return f"({asked}) returns ({answered})"
