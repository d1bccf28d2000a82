"""Where the C library looks names up. Pure: text in, words out. Source: nsswitch.conf(5)."""

import re

_WORD = re.compile(r"\[[^\]\n]{0,100}\]|[^\s\[\]]+")
_MOST, _LONGEST = 20, 200


def parse_sources(text: str, database: str) -> tuple[str, ...]:
    """Return the words of a database's lines (`hosts:`, `passwd:`), a reaction in brackets as one; at most 20."""
    words: list[str] = []
    for line in text.split("\n"):
        name, colon, rest = line.partition("#")[0].partition(":")
        if colon and name.strip() == database:
            words += _WORD.findall(rest)
    return tuple(word[:_LONGEST] for word in words[:_MOST])
