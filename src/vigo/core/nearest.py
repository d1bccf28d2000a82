"""The nearest valid name, for errors that say what was probably meant."""

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 120


def nearest_name(found: str, valid: Iterable[str]) -> str | None:
    """Return the valid name closest to the one found, or None where nothing is close.

    Very long names are not looked at: to compare them takes the square of their length.
    """
    if len(found) > _LONGEST:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - most runs know every name

    by_fold = {name.casefold(): name for name in sorted(valid, reverse=True) if len(name) <= _LONGEST}
    close = get_close_matches(found.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def did_you_mean(found: str, valid: Iterable[str]) -> str:
    """Return `; did you mean 'NAME'?`, or an empty text where nothing is close."""
    name = nearest_name(found, valid)
    return f"; did you mean {name!r}?" if name is not None else ""
