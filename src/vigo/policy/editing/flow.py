"""Lists and maps in brackets, as far as they are written: what a place inside of them belongs to."""

import re
from typing import Final

import msgspec

_TEMPLATE_ENDS: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
_SPACE: Final = " \t\r\n"
_DOUBLE: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SINGLE: Final = re.compile(r"'[^']*+(?:''[^']*+)*+'")
_RUN: Final = re.compile(r"[^\s{}\[\],:#'\"]+")
_FURTHEST: Final = 20_000
"""How far behind the place its brackets are followed, to know the keys that come later."""


class Bracket(msgspec.Struct):
    """A bracket that is open: the keys of the map so far with their values, and the key whose value is being read."""

    is_map: bool
    key: str | None = None
    entries: dict[str, str] = {}


class Opened(msgspec.Struct, frozen=True):
    """The brackets around a place, the outermost first, and the text that the place is in.

    `start` is where that text begins, the place itself where there is none. `quote` is the sign that opened it, if any.
    `key` of each bracket as it was at the place.
    """

    brackets: tuple[Bracket, ...]
    keys: tuple[str | None, ...]
    start: int
    quote: str
    is_comment: bool = False


def opened_at(content: str, start: int, offset: int, base: int) -> Opened | None:
    """Return what is open at an offset of the value that begins at `start`; None where its brackets are closed there.

    `base` is the indentation of the line in which the value begins: what stands no further to the right is no part
    of it, whether or not its brackets were closed.
    """
    return _Scan(content, start, offset, base).run()


def quote_end(content: str, start: int, limit: int) -> int | None:
    """Return the offset of the sign that closes a quoted text, or None."""
    found = (_DOUBLE if content[start] == '"' else _SINGLE).match(content, start, limit)
    return None if found is None else found.end() - 1


class _Scan:
    def __init__(self, content: str, start: int, offset: int, base: int) -> None:
        self._content = content
        self._place = start
        self._offset = offset
        furthest = min(len(content), offset + _FURTHEST)
        behind = re.compile(rf"\n {{0,{base}}}(?:- |[\w.-]++:(?:\s|$))").search(content, offset, furthest)
        self._limit = behind.start() if behind else furthest
        self._brackets: list[Bracket] = []
        self._token: int | None = None
        self._token_end = start
        self._found: Opened | None = None

    def run(self) -> Opened | None:
        while self._place < self._limit:
            if self._place >= self._offset:
                self._look("")
            self._step()
            if not self._brackets:
                return self._found
        self._look("")
        self._end_of_entry()
        return self._found

    def _look(self, quote: str, start: int | None = None, *, is_comment: bool = False) -> None:
        """Note what is open at the place that was asked for, once."""
        if self._found is not None or not self._brackets:
            return
        begin = start if start is not None else self._token
        self._found = Opened(
            tuple(self._brackets),
            tuple(one.key for one in self._brackets),
            self._offset if begin is None else begin,
            quote,
            is_comment,
        )

    def _step(self) -> None:
        content, place = self._content, self._place
        sign = content[place]
        if self._token is None and content[place : place + 2] in _TEMPLATE_ENDS and self._brackets:
            self._token = place
            self._skip_to(_TEMPLATE_ENDS[content[place : place + 2]])
        elif self._token is None and sign in "'\"":
            self._quoted()
        elif self._token is None and sign in "{[":
            self._brackets.append(Bracket(is_map=sign == "{", entries={}))
            self._place += 1
        elif sign in "}]":
            self._close()
        elif sign == "," and self._brackets:
            self._end_of_entry()
            self._place += 1
        elif sign == ":" and self._ends_a_key():
            self._brackets[-1].key = self._text()
            self._token = None
            self._place += 1
        elif sign == "#" and (place == 0 or content[place - 1] in _SPACE):
            end = content.find("\n", place)
            end = len(content) if end < 0 else end
            if place < self._offset <= end:
                self._look("", is_comment=True)
            self._place = end
        else:
            if sign not in _SPACE:
                self._token = place if self._token is None else self._token
                run = _RUN.match(content, place, self._offset if place < self._offset else self._limit)
                self._token_end = self._place = place + 1 if run is None else run.end()
                return
            self._place += 1

    def _quoted(self) -> None:
        start = self._place
        end = quote_end(self._content, start, self._limit)
        stop = self._limit if end is None else end
        if start < self._offset <= stop:
            self._look(self._content[start], start + 1)
        self._token = start
        self._token_end = self._place = min(stop + 1, len(self._content))

    def _skip_to(self, ending: str) -> None:
        """Go behind a template without quotes; one that is not closed ends with its line."""
        line = self._content.find("\n", self._place)
        line = self._limit if line < 0 else min(line, self._limit)
        end = self._content.find(ending, self._place, line)
        stop = line if end < 0 else end + len(ending)
        if self._place < self._offset < stop or (end < 0 and self._place < self._offset <= stop):
            self._look("")
        self._token_end = self._place = max(stop, self._place + 1)

    def _close(self) -> None:
        self._end_of_entry()
        if self._brackets:
            self._brackets.pop()
        self._token = self._place
        self._token_end = self._place = self._place + 1

    def _ends_a_key(self) -> bool:
        if not self._brackets or not self._brackets[-1].is_map or self._brackets[-1].key is not None:
            return False
        following = self._content[self._place + 1 : self._place + 2]
        is_quoted = self._token is not None and self._content[self._token] in "'\""
        return self._token is not None and (is_quoted or not following or following in _SPACE + ",}]")

    def _end_of_entry(self) -> None:
        if not self._brackets:
            return
        inner = self._brackets[-1]
        if inner.is_map and inner.key is not None:
            inner.entries.setdefault(inner.key, self._text())
        elif inner.is_map and self._token is not None:
            inner.entries.setdefault(self._text(), "")
        inner.key = None
        self._token = None

    def _text(self) -> str:
        if self._token is None:
            return ""
        text = self._content[self._token : self._token_end]
        return text[1:].removesuffix(text[0]) if text[:1] in ("'", '"') else text
