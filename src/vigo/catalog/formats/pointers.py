"""Values at a place in a document of maps and lists, as a pointer names it. Source: RFC 6901."""

import math
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from msgspec import UNSET

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

Path = tuple[str, ...]

DEEPEST: Final = 100
"""How far maps and lists may lie in each other; settings files do not come near it."""

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_WRONG_ESCAPE: Final = re.compile(r"~(?![01])")


class Format(Protocol):
    """A format of files that hold one document; text goes in and comes out, nothing else of it changes.

    `read` gives maps, lists, texts, numbers, true, false and None; whatever else a format knows is left as an object
    that is equal to itself alone. The others are asked for places that are there, in a text that `read` accepts.
    """

    name: str

    def read(self, text: str) -> Any:
        """Return the document; raise InvalidError where it is none."""
        ...

    def check(self, value: Any) -> None:
        """Accept a value that the format can hold, or raise InvalidError."""
        ...

    def replaced(self, text: str, path: Path, value: Any) -> str:
        """Return the text with another value at the path."""
        ...

    def inserted(self, text: str, path: Path, key: str, value: Any) -> str:
        """Return the text with one more value in the map or list at the path: for a list it is the last one."""
        ...

    def removed(self, text: str, path: Path) -> str:
        """Return the text without a key of a map and its value."""
        ...

    def packed(self, value: Any) -> str:
        """Return a value, one that `read` gave, as a text from which `unpacked` makes it again."""
        ...

    def unpacked(self, text: str) -> Any:
        """Return the value of a packed one."""
        ...


def parse_pointer(pointer: str) -> Path:
    """Return the names and numbers on the way to a place; none for the whole document.

    Raises:
        InvalidError: it is no pointer.
    """
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise InvalidError(
            f"pointer: expected a path that begins with `/`, such as /server/port, found {shown(pointer)}"
        )
    if _WRONG_ESCAPE.search(pointer):
        raise InvalidError(
            f"pointer: expected `~0` for a `~` and `~1` for a `/` in a name, found another `~` in {shown(pointer)}"
        )
    path = tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))
    if len(path) > DEEPEST:
        raise InvalidError(f"pointer: expected at most {DEEPEST} names, found {len(path)}")
    return path


def check_value(value: Any, depth: int = 0) -> None:
    """Accept what every format can hold: maps with texts as keys, lists, texts, numbers, true, false and null.

    Raises:
        InvalidError: there is something else in it.
    """
    if depth > DEEPEST:
        raise InvalidError(f"value: expected at most {DEEPEST} maps and lists in each other, found more")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(key, str):
                raise InvalidError(f"value: expected texts as keys, found {shown(str(key))}; quote it")
            _check_text(key)
            check_value(one, depth + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            check_value(one, depth + 1)
    elif value is not None and not isinstance(value, bool | int | float):
        raise InvalidError(
            f"value: expected a text, number, true, false, null, list or map, found a {type(value).__name__}"
        )


def value_at(document: Any, path: Path) -> Any:
    """Return the value at a path, or UNSET where nothing is there."""
    for token in path:
        if isinstance(document, dict):
            document = document.get(token, UNSET)
        elif isinstance(document, list):
            index = int(token) if _INDEX.fullmatch(token) else len(document)
            document = document[index] if index < len(document) else UNSET
        else:
            return UNSET
    return document


def with_value(format_: Format, text: str, path: Path, value: Any) -> str:
    """Return the text with the value at the path; maps that are missing on the way are made.

    Raises:
        InvalidError: the text is no document of its format, there is something else on the way, or this layout cannot
            be edited without changing more.
    """
    document = format_.read(text)
    if same(value_at(document, path), value):
        return text
    depth = _depth(document, path)
    around = value_at(document, path[:depth])
    inner = value
    for token in reversed(path[depth + (around is not None) :] if depth < len(path) else ()):
        inner = {token: inner}
    if depth == len(path) or around is None:
        edited = format_.replaced(text, path[:depth], inner)
    else:
        edited = format_.inserted(text, path[:depth], path[depth], inner)
    place = path[:depth] if depth == len(path) or around is None else path[: depth + 1]
    return _proven(format_, edited, _put(document, place, inner))


def without_value(format_: Format, text: str, path: Path) -> str:
    """Return the text without the key at the path.

    Raises:
        InvalidError: as for `with_value`, or it is an item of a list, whose place the next one would take.
    """
    document = format_.read(text)
    if value_at(document, path) is UNSET:
        return text
    if not path or not isinstance(value_at(document, path[:-1]), dict):
        raise InvalidError(
            f"pointer: expected a key of a map to take away, found {'the whole document' if not path else 'an item'}:"
            " the item behind it would take its place; declare the list as a whole"
        )
    return _proven(format_, format_.removed(text, path), _put(document, path, UNSET))


def same(left: Any, right: Any) -> bool:
    """Return whether two values are the same to every reader: 1 is neither 1.0 nor true; the order of keys is free."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(one, right[key]) for key, one in left.items())
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    return type(left) is type(right) and bool(left == right)


def _depth(document: Any, path: Path) -> int:
    """Return how many names of a path lead to something, such that the next one can be put there."""
    for depth, token in enumerate(path):
        if document is None:
            return depth  # a key without a value, which is how an empty map is often written
        if isinstance(document, list):
            _check_index(document, path, depth)
        elif not isinstance(document, dict):
            raise InvalidError(
                f"pointer: expected a map or list at {_written(path[:depth])}, found {_called(document)};"
                " correct the pointer, or declare a value there first"
            )
        document = value_at(document, (token,))
        if document is UNSET:
            return depth
    return len(path)


def _check_index(items: Sequence[Any], path: Path, depth: int) -> None:
    token = path[depth]
    if not _INDEX.fullmatch(token) or int(token) > len(items):
        raise InvalidError(
            f"pointer: expected a number from 0 to {len(items)} behind {_written(path[:depth])}, which is a list,"
            f" found {shown(token)}; an item is named by its number"
        )


def _put(document: Any, path: Path, value: Any) -> Any:
    """Return a document with another value at a path whose parents are there, or with UNSET without it."""
    if not path:
        return value
    token, rest = path[0], path[1:]
    if isinstance(document, list):
        index = int(token)
        return [*document[:index], _put(value_at(document, (token,)), rest, value), *document[index + 1 :]]
    inner = _put(document.get(token, UNSET), rest, value)
    if inner is UNSET:
        return {key: one for key, one in document.items() if key != token}
    return {**document, token: inner}


def _proven(format_: Format, edited: str, wanted: Any) -> str:
    """Return the edited text once it is known to say what it shall, and nothing else otherwise than before."""
    try:
        found = format_.read(edited)
    except InvalidError as error:
        raise _unfit(format_) from error
    if not same(found, wanted):
        raise _unfit(format_)
    return edited


def _unfit(format_: Format) -> InvalidError:
    return InvalidError(
        f"pointer: expected a layout that can be edited in place, found {format_.name} that would come out otherwise"
        " (an anchor, an alias or several keys in one line?); nothing is changed: write this part of the file plainly"
    )


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidError(f"value: expected Unicode text, found {shown(text)}") from error


def _written(path: Path) -> str:
    tokens = (token.replace("~", "~0").replace("/", "~1") for token in path)
    return "".join(f"/{token}" for token in tokens) or "the top"


def _called(value: Any) -> str:
    if isinstance(value, str):
        return "a text"
    return "true or false" if isinstance(value, bool) else "a number or another single value"
