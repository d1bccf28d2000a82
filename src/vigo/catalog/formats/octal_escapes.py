r"""The escapes by which tables of one line an entry hold blanks: `\040` for a space. Source: fstab(5), getmntent(3)."""

import re

_ESCAPED = re.compile(rb"\\([0-3][0-7]{2})")
_TO_ESCAPE = re.compile(rb"[ \t\n\r\\#]")


def unescaped(word: str) -> str:
    """Return what a word of the table means; bytes that are no UTF-8 are kept as surrogates."""
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), word.encode(errors="surrogateescape"))
    return plain.decode(errors="surrogateescape")


def escaped(text: str) -> str:
    """Return a text as one word of the table, which `unescaped` reads back."""
    word = _TO_ESCAPE.sub(lambda found: b"\\%03o" % found[0][0], text.encode(errors="surrogateescape"))
    return word.decode(errors="surrogateescape")
