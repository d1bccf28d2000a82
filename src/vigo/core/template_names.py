"""The texts of a templated value, and what the dotted names in them stand for (`traits.os.family`, `vars.port`)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

ABSENT: Final = b""
"""What stands for a name that leads nowhere. No value of a policy or a trait is bytes."""


def texts_in(source: Any) -> Iterator[str]:
    """Yield each text of a templated value: itself, or those in a list or map, the keys of one included."""
    if isinstance(source, str):
        yield source
    elif isinstance(source, Mapping):
        for key, value in source.items():
            yield from texts_in(key)
            yield from texts_in(value)
    elif isinstance(source, list | tuple):
        for item in source:
            yield from texts_in(item)


def taken_in(values: Any, path: Sequence[str]) -> list[Any] | bytes:
    """Return, in a list, the value that a name stands for, or ABSENT.

    Where the name goes on to what a value can do (`traits.os.items`), it stands for that value; a map can do so even
    where it has a key of that name.
    """
    found = values
    for name in path:
        if not isinstance(found, Mapping) or hasattr(found, name):
            break
        if name not in found:
            return ABSENT
        found = found[name]
    return [found]
