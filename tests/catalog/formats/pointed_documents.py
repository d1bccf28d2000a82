"""What holds for an edit of a document at a pointer, whatever its format."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec import UNSET

from vigo.catalog.formats.pointers import Format, Path, same, value_at, with_value, without_value
from vigo.core.errors import InvalidError

NAMES = ("a", "b", "port", "with space", "8080", "true", "é", "x.y", "~/")
TEXTS = st.sampled_from(["", "x", "yes", "0755", "a: b", "# no", "two\nlines", " blanks ", "é", '"', "'", "{", "- x"])
SINGLE = TEXTS | st.booleans() | st.integers(-(2**40), 2**40) | st.sampled_from([0.5, -1.25, 1e20, 1.0])
VALUES = st.recursive(
    SINGLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
MAPS = st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=5)


def paths_in(document: Any, path: Path = ()) -> list[Path]:
    """Return every place in a document, and in each map and list the one where a value can be added."""
    found = [path]
    if isinstance(document, dict):
        for name, value in document.items():
            found += paths_in(value, (*path, name))
        found.append((*path, "new"))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            found += paths_in(value, (*path, str(index)))
        found.append((*path, str(len(document))))
    return found


def edited(format_: Format, text: str, path: Path, value: Any) -> str | None:
    """Return the text with a value, checked to say so and to stay so; None where the edit is refused."""
    try:
        after = with_value(format_, text, path, value)
    except InvalidError:
        return None
    assert same(value_at(format_.read(after), path), value)
    assert with_value(format_, after, path, value) == after
    return after


def taken_out(format_: Format, text: str, path: Path) -> str | None:
    """Return the text without a key, checked to be without it; None where that is refused."""
    try:
        after = without_value(format_, text, path)
    except InvalidError:
        return None
    assert value_at(format_.read(after), path) is UNSET
    assert without_value(format_, after, path) == after
    return after


def stand_in_order(pieces: Sequence[str], text: str) -> bool:
    """Return whether all pieces stand in a text as they are, one behind the other."""
    place = 0
    for piece in pieces:
        place = text.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return True
