"""Numbers in the text of a host, of which no line may make the reader fail or grow."""

_MOST_DIGITS = 18
"""What surely fits into 64 bits, as every encoding of Vigo wants it."""


def whole_number(text: str) -> int | None:
    """Return the number that plain decimal digits write, or None for anything else or over 18 digits."""
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= _MOST_DIGITS else None
