"""Taking the values of secrets out of texts: whole or in part, and in the forms in which programs print them.

This is the second line. What is made of a secret by its declaration is not told in the first place; but a program may
print what it read from a file, and another resource may show it.
"""

import base64
import html
import json
import logging
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import msgspec

from vigo.core.run import ResourceResult

CONCEALED: Final = "(secret)"
LEAST_CHARACTERS: Final = 4
"""A shorter value is not looked for: it would be found everywhere."""

_PART: Final = 8
_LEAST_DIFFERENT: Final = 4
_LINE: Final = re.compile(r"[^\r\n]+")


class Concealer:
    """Takes some values out of texts. A part of eight characters gives a value away as the whole does."""

    def __init__(self, values: Mapping[str, str]) -> None:
        forms = {form for value in values.values() for form in forms_of(value) if len(form) >= LEAST_CHARACTERS}
        self._parts = frozenset(
            form[start : start + _PART]
            for form in forms
            for start in range(len(form) - _PART + 1)
            if len(set(form[start : start + _PART])) >= _LEAST_DIFFERENT
        )
        whole = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._whole = re.compile("|".join(whole)) if whole else None

    def concealed(self, text: str) -> str:
        """Return a text without anything of the values."""
        if self._whole is None or not text:
            return text
        marked = bytearray(len(text))
        for found in self._whole.finditer(text):
            marked[found.start() : found.end()] = b"\1" * (found.end() - found.start())
        for start in range(len(text) - _PART + 1):
            if text[start : start + _PART] in self._parts:
                marked[start : start + _PART] = b"\1" * _PART
        if not any(marked):
            return text
        parts, position = [], 0
        for run in re.finditer(rb"\x01+", bytes(marked)):
            parts += [text[position : run.start()], CONCEALED]
            position = run.end()
        return "".join((*parts, text[position:]))

    def result(self, result: ResourceResult) -> ResourceResult:
        """Return a result without anything of the values."""
        if not (result.ops or result.diff or result.reason):
            return result
        return msgspec.structs.replace(
            result,
            ops=tuple(map(self.concealed, result.ops)),
            diff=self.concealed(result.diff),
            reason=self.concealed(result.reason),
        )


def forms_of(value: str) -> Iterator[str]:
    """Yield a value and its lines, as they are and as base64, hexadecimal, URLs, JSON, HTML and shells have them."""
    for text in dict.fromkeys((value, *_LINE.findall(value))):
        yield text
        yield urllib.parse.quote(text, safe="")
        yield urllib.parse.quote_plus(text)
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield html.escape(text)
        yield repr(text)[1:-1]
        yield text.replace("'", "'\"'\"'")
        yield text.replace("'", "'\\''")
        data = text.encode(errors="surrogateescape")
        yield data.hex()
        yield data.hex().upper()
        # Inside of a longer text base64 begins anywhere in a group of three bytes; its ends depend on what is around.
        for shift in range(3):
            inner = base64.b64encode(b"\0" * shift + data).decode().rstrip("=")
            sure = inner[(0, 2, 3)[shift] : None if (len(data) + shift) % 3 == 0 else -1]
            yield sure
            yield sure.replace("+", "-").replace("/", "_")


@contextmanager
def logs_concealed(concealer: Callable[[], Concealer | None]) -> Iterator[None]:
    """Take the values out of everything that is logged meanwhile, by whichever part of the agent."""
    found = _LogFilter(concealer)
    handlers = list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(found)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(found)


class _LogFilter(logging.Filter):
    def __init__(self, concealer: Callable[[], Concealer | None]) -> None:
        super().__init__()
        self._concealer = concealer

    def filter(self, record: logging.LogRecord) -> bool:
        concealer = self._concealer()
        if concealer is not None:
            record.msg, record.args = concealer.concealed(record.getMessage()), ()
            if record.exc_info:
                # A trace shows lines of code and the error's own text, which may quote a value.
                record.exc_text = concealer.concealed(logging.Formatter().formatException(record.exc_info))
                record.exc_info = None
        return True
