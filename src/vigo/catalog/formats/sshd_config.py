"""The settings of SSH's daemon. Pure: the text of a file in, its lines out; of those, what holds for every connection.

Source: sshd_config(5).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

_LINE = re.compile(r"""[ \t]*(?P<keyword>[A-Za-z][A-Za-z0-9]*)(?:[ \t]*=[ \t]*|[ \t]+)(?P<rest>\S.*)""")
_WORD = re.compile(r"""\s*(?:"(?P<quoted>[^"]*)"|(?P<comment>#.*)|(?P<plain>[^\s"]+))""")
_MOST_WORDS, _LONGEST_WORD, _MOST_LINES = 100, 500, 5000

LISTS = frozenset(
    {
        *("port", "listenaddress", "allowusers", "allowgroups", "denyusers", "denygroups", "hostkey", "acceptenv"),
    }
)
"""Keywords, in lower case, of which each line adds to those before it. Of every other one the first line counts."""

_OF_ONE_WORD = frozenset({"port", "listenaddress", "hostkey"})
"""Those of which a line adds its first word alone; what follows an address is the domain of its routes."""

_FORMER_NAMES = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
    "dsaauthentication": "pubkeyauthentication",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
}
MATCH, INCLUDE, _ALL = "match", "include", "all"


class SshdLine(msgspec.Struct, frozen=True):
    """One setting: its keyword in lower case, by its present name, and its words without their quotes."""

    keyword: str
    words: tuple[str, ...]


class SshdSettings(msgspec.Struct, frozen=True):
    """What holds for every connection, by keyword in lower case; and how many blocks are for some connections alone."""

    values: Mapping[str, tuple[str, ...]]
    match_blocks: int


def parse_sshd_config(text: str) -> tuple[SshdLine, ...]:
    """Return the settings of a file in their order, `Match` and `Include` among them; all else is left out."""
    return tuple(_lines(text))


def settings_of(lines: Iterable[SshdLine], included: Callable[[str], Iterable[tuple[SshdLine, ...]]]) -> SshdSettings:
    """Return what holds for every connection. `included` gives the files that a pattern of an `Include` names.

    A block of `Match` ends with its file, and an `Include` in one belongs to it. One that matches `all` is no block.
    """
    values: dict[str, list[str]] = {}
    match_blocks = _gather(lines, included, values)
    return SshdSettings({keyword: tuple(words) for keyword, words in values.items()}, match_blocks)


def _gather(
    lines: Iterable[SshdLine],
    included: Callable[[str], Iterable[tuple[SshdLine, ...]]],
    values: dict[str, list[str]],
) -> int:
    is_for_all, match_blocks = True, 0
    for line in lines:
        if line.keyword == MATCH:
            is_for_all = [word.lower() for word in line.words] == [_ALL]
            match_blocks += not is_for_all
        elif not is_for_all:
            continue
        elif line.keyword == INCLUDE:
            match_blocks += sum(
                _gather(inner, included, values) for pattern in line.words for inner in included(pattern)
            )
        elif line.keyword in LISTS:
            words = line.words[:1] if line.keyword in _OF_ONE_WORD else line.words
            values.setdefault(line.keyword, []).extend(words)
        else:
            values.setdefault(line.keyword, list(line.words))
    return match_blocks


def _lines(text: str) -> Iterator[SshdLine]:
    for raw in text.split("\n", _MOST_LINES)[:_MOST_LINES]:
        found = _LINE.match(raw)
        words = () if found is None else _words(found["rest"])
        if found is not None and words:
            keyword = found["keyword"].lower()
            yield SshdLine(_FORMER_NAMES.get(keyword, keyword), words)


def _words(text: str) -> tuple[str, ...]:
    words: list[str] = []
    for found in _WORD.finditer(text):
        if found["comment"] is not None or len(words) == _MOST_WORDS:
            break
        words.append((found["plain"] if found["quoted"] is None else found["quoted"])[:_LONGEST_WORD])
    return tuple(words)
