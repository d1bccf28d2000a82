"""Whether an answer of a web server is the one that is expected."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

MAX_PATTERN: Final = 1_000

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")
_MAX_HEADERS: Final = 16 * 1024
_OF_THE_CONNECTION: Final = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that say how a message is sent, which is not the policy's to say. Source: RFC 9110 7.6.1, 8.6, 10.1.1."""

Search = Callable[[str, str], bool]
"""Says whether a regular expression is found in a text."""


class ExpectedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer must have: one of the statuses, and what the regular expressions find."""

    status: tuple[int, ...]
    body: str | None = None
    headers: Mapping[str, str] = {}


class WebAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answered; `is_cut` says that its body goes on behind what was read."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: str = ""
    is_cut: bool = False


def unmet(expected: ExpectedAnswer, answer: WebAnswer, search: Search) -> str:
    """Return what was expected and found instead, or an empty text. Nothing of what the server wrote is in it."""
    if answer.status not in expected.status:
        return f"expected status {_statuses(expected.status)}, found {answer.status}"
    for name, pattern in expected.headers.items():
        values = [value for header, value in answer.headers if header.lower() == name.lower()]
        if not values:
            return f"expected the header {name}, found none of this name"
        if not any(search(pattern, value) for value in values):
            return f"expected the header {name} as in expect_headers, found another value"
    if expected.body is not None and not search(expected.body, answer.body):
        more = ", and the body goes on" if answer.is_cut else ""
        return f"expected expect_body in the body, found it nowhere in {len(answer.body)} characters{more}"
    return ""


def check_pattern(field: str, text: str) -> None:
    """Accept a regular expression.

    Raises:
        InvalidError: it is none, or too long.
    """
    if len(text) > MAX_PATTERN:
        raise InvalidError(f"{field}: expected at most {MAX_PATTERN} characters, found {len(text)}; shorten it")
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidError(f"{field}: expected a regular expression, found none: {error}; correct it") from error


def check_headers(field: str, headers: Mapping[str, str], *, are_sent: bool) -> None:
    """Accept the names of headers, and where they are sent their values, which are never shown.

    Raises:
        InvalidError: a name or value is none, comes twice, or is the connection's.
    """
    names = [name.lower() for name in headers]
    for name in headers:
        if not _TOKEN.fullmatch(name):
            raise InvalidError(f"{field}: expected a header's name such as Accept, found {shown(name)}")
        if names.count(name.lower()) > 1:
            raise InvalidError(f"{field}: expected each name once, found {shown(name)} again; keep one")
    if not are_sent:
        return
    for name, value in headers.items():
        if name.lower() in _OF_THE_CONNECTION:
            raise InvalidError(f"{field}: expected what Vigo does not send by itself, found {name}; leave it out")
        if not _VALUE.fullmatch(value):
            raise InvalidError(
                f"{field}: expected ASCII without line feeds and control characters in {name}, found others"
            )
    if sum(len(name) + len(value) for name, value in headers.items()) > _MAX_HEADERS:
        raise InvalidError(f"{field}: expected at most {_MAX_HEADERS} characters in all, found more; shorten them")


def _statuses(expected: tuple[int, ...]) -> str:
    """Return statuses as people say them, a range as one."""
    first, last = expected[0], expected[-1]
    if len(expected) > 1 and expected == tuple(range(first, last + 1)):
        return f"{first} to {last}"
    return " or ".join(map(str, expected))
