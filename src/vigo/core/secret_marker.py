"""What stands for the value of a secret wherever a policy is kept or sent: its name, and never the value."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from vigo.core.errors import InvalidError

PREFIX: Final = "secret:"
WHOLE: Final = "value"
"""The field that `secret:PATH` stands for where it names none."""

MOST_CHARACTERS: Final = 200
EXTENSION: Final = 1
"""The MessagePack extension type of a marker; its data is the name, so no text of a policy or machine can be one."""

_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_FIELD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class SecretMarker:
    """A secret by its path, and the field of it that is meant. Equal names are equal; it holds no value."""

    __slots__ = ("field", "path")

    def __init__(self, path: str, field: str = WHOLE) -> None:
        self.path: Final = checked_path(path)
        self.field: Final = checked_field(field)

    @property
    def name(self) -> str:
        """The name of the marker: its path, and its field unless that is the usual one."""
        return self.path if self.field == WHOLE else f"{self.path}#{self.field}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretMarker) and (self.path, self.field) == (other.path, other.field)

    def __hash__(self) -> int:
        return hash((self.path, self.field))

    def __repr__(self) -> str:
        return f"SecretMarker({self.name!r})"

    def __str__(self) -> str:
        return PREFIX + self.name


def checked_path(path: str) -> str:
    """Return the path of a secret: names parted by `/`, none of which begins with a dot or a dash.

    Raises:
        InvalidError: it is something else.
    """
    if len(path) > MOST_CHARACTERS or not _PATH.fullmatch(path):
        raise InvalidError(
            f"expected the path of a secret, names of letters, digits, `_`, `-` and `.` parted by `/` such as"
            f" web/db-password, found {path[:60]!r}"
        )
    return path


def checked_field(field: str) -> str:
    """Return the name of a secret's field.

    Raises:
        InvalidError: it is something else.
    """
    if len(field) > MOST_CHARACTERS or not _FIELD.fullmatch(field):
        raise InvalidError(
            f"expected the name of a secret's field of letters, digits, `_`, `-` and `.`, found {field[:60]!r}"
        )
    return field


def is_reference(text: str) -> bool:
    """Return whether a whole text is meant as a reference to a secret, well-formed or not."""
    return text.startswith(PREFIX) and not any(map(str.isspace, text)) and len(text) > len(PREFIX)


def marker_of(reference: str) -> SecretMarker:
    """Return the marker of `secret:PATH` or `secret:PATH#field`.

    Raises:
        InvalidError: it is no such text.
    """
    return marker_named(reference.removeprefix(PREFIX))


def marker_named(name: str) -> SecretMarker:
    """Return the marker of a name, `PATH` or `PATH#field`.

    Raises:
        InvalidError: it is no such text.
    """
    path, has_field, field = name.partition("#")
    return SecretMarker(path, field if has_field else WHOLE)


def markers_in(value: Any) -> Iterator[SecretMarker]:
    """Yield each marker in a value, those in lists and maps included."""
    if isinstance(value, SecretMarker):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from markers_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from markers_in(one)


def revealed(value: Any, values: Mapping[SecretMarker, Any]) -> Any:
    """Return a value with its markers replaced; one that is not among the values stays a marker."""
    if isinstance(value, SecretMarker):
        return values.get(value, value)
    if isinstance(value, Mapping):
        return {key: revealed(one, values) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [revealed(one, values) for one in value]
    return value


def written(value: Any) -> Any:
    """Return a value as it is shown to people: its markers as the references that they are written as."""
    if isinstance(value, SecretMarker):
        return str(value)
    if isinstance(value, Mapping):
        return {key: written(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [written(one) for one in value]
    return value


def to_extension(value: Any) -> msgspec.msgpack.Ext:
    """Return what stands for a marker in MessagePack; a hook of encoders."""
    if isinstance(value, SecretMarker):
        return msgspec.msgpack.Ext(EXTENSION, value.name.encode())
    raise TypeError(f"no encoding for {type(value).__name__}")


def from_extension(code: int, data: memoryview) -> Any:
    """Return the marker of a MessagePack extension; a hook of decoders.

    Raises:
        ValueError: it is of another type, or no name.
    """
    if code != EXTENSION:
        raise ValueError(f"expected a marker of a secret, found a MessagePack extension of the type {code}")
    try:
        return marker_named(bytes(data).decode())
    except InvalidError as error:
        raise ValueError(str(error)) from error


def to_reference(value: Any) -> str:
    """Return what stands for a marker in JSON: the reference as it is written; a hook of encoders."""
    if isinstance(value, SecretMarker):
        return str(value)
    raise TypeError(f"no encoding for {type(value).__name__}")
