"""Lists in pages: how many, and where to go on."""

from typing import Annotated

from litestar.params import QueryParameter

from vigo.core.errors import InvalidError

Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many items to return at most.")]

_MOST_DIGITS = 18


def number_cursor(text: str | None) -> int | None:
    """Return the number in a cursor that a former page gave out.

    Raises:
        InvalidError: no page gave this out.
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise InvalidError(f"expected the next_cursor of a former page, found {text[:40]!r}")
    return int(text)
