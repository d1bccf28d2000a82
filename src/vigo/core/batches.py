"""Machines in batches: so many, or a share of them."""

from typing import Final

from vigo.core.errors import InvalidError

_MOST_DIGITS: Final = 7


def batch_size(batch: str | None, machines: int) -> int:
    """Return how many machines are one batch: `5`, or `25%` of them; None is all of them."""
    if batch is None:
        return max(1, machines)
    if batch.endswith("%"):
        return max(1, machines * int(batch.removesuffix("%")) // 100)
    return int(batch)


def check_batch(batch: str | None) -> None:
    """Return where a text says how large batches are.

    Raises:
        InvalidError: it does not.
    """
    if batch is None:
        return
    number = batch.removesuffix("%")
    most = 100 if batch.endswith("%") else 1_000_000
    if not (number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS and 1 <= int(number) <= most):
        raise InvalidError(f"batch: expected a number such as 5, or a share such as 25%, found {batch[:20]!r}")
