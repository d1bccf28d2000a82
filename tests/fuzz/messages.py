"""Every kind of message on the wire, each with all of its fields set, by reflection: a new one is there by itself."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire import (
    attach_messages,
    certificate_messages,
    messages,
    scrier_messages,
    secret_messages,
    stream_messages,
)

_MODULES = (messages, stream_messages, secret_messages, certificate_messages, scrier_messages, attach_messages)
_DEEPEST = 4


def readers() -> Iterator[tuple[str, Callable[[bytes], Any]]]:
    """Yield everything that reads a message from bytes alone, by name."""
    for module in _MODULES:
        for name, found in vars(module).items():
            if getattr(found, "__module__", "") != module.__name__:
                continue
            if (
                inspect.isfunction(found)
                and name.endswith("from_bytes")
                and len(inspect.signature(found).parameters) == 1
            ):
                yield name, found
            elif inspect.isclass(found):
                for method_name, _ in inspect.getmembers(found, inspect.ismethod):
                    method = getattr(found, method_name)
                    if method_name.endswith("_bytes") and len(inspect.signature(method).parameters) == 1:
                        yield f"{name}.{method_name}", method


def samples() -> list[bytes]:
    """Return every message of the protocol with all of its fields set."""
    kinds = [kind for kind in vars(pb).values() if inspect.isclass(kind) and issubclass(kind, Message)]
    return [_filled(kind()).SerializeToString() for kind in kinds]


def _filled(message: Message, depth: int = 0) -> Message:
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None:
            if depth < _DEEPEST:
                inner = getattr(message, field.name)
                target = inner.add() if field.is_repeated else inner
                target.SetInParent()
                _filled(target, depth + 1)
        elif field.is_repeated:
            getattr(message, field.name).append(_value(field))
        else:
            setattr(message, field.name, _value(field))
    return message


def _value(field: FieldDescriptor) -> Any:
    values = {
        FieldDescriptor.TYPE_STRING: "9d61b19d",
        FieldDescriptor.TYPE_BYTES: b"\x82\xa1a\x01\xa1b\x90",
        FieldDescriptor.TYPE_DOUBLE: 1.5,
    }
    if field.type in values:
        return values[field.type]
    return True if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else 1
