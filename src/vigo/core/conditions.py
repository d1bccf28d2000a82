"""The named predicates of `when:` expressions: what they are called with, and how versions compare.

The server checks calls by this when it compiles, the agent binds the names to its host.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.hostnames import check_pattern

Argument = Literal["text", "path", "version", "port", "pattern", "time"]
"""What an argument has to be; `argument_problem` says it of a value."""


class Predicate(msgspec.Struct, frozen=True):
    """A function that a condition may call: the names of its arguments in their order, and a call that is right."""

    arguments: Mapping[str, Argument]
    example: str


PREDICATES: Final[Mapping[str, Predicate]] = {
    "os_family": Predicate({"name": "text"}, "os_family('debian')"),
    "os_id": Predicate({"name": "text"}, "os_id('ubuntu')"),
    "version_ge": Predicate({"version": "version", "than": "version"}, "version_ge(traits.os.version, '12')"),
    "version_lt": Predicate({"version": "version", "than": "version"}, "version_lt(traits.os.version, '13')"),
    "file_exists": Predicate({"path": "path"}, "file_exists('/etc/nologin')"),
    "directory_exists": Predicate({"path": "path"}, "directory_exists('/srv/www')"),
    "package_installed": Predicate({"package": "text"}, "package_installed('nginx')"),
    "port_listening": Predicate({"port": "port"}, "port_listening(80)"),
    "program_exists": Predicate({"program": "text"}, "program_exists('docker')"),
    "hostname_matches": Predicate({"pattern": "pattern"}, "hostname_matches('web-*')"),
    "local_time": Predicate({"start": "time", "end": "time"}, "local_time('22:00', '04:00')"),
}
PREDICATE_NAMES: Final = frozenset(PREDICATES)
"""Every function that an expression or template may call, beside MiniJinja's own."""

_HIGHEST_PORT: Final = 65_535
_PORT: Final = re.compile(r"[0-9]{1,5}")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def argument_problem(kind: Argument, value: object) -> str | None:
    """Return what is expected of an argument where its value is known and wrong, else None."""
    if kind == "port":
        number = int(value) if isinstance(value, str) and _PORT.fullmatch(value) else value
        is_port = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= _HIGHEST_PORT
        return None if is_port else f"a port from 1 to {_HIGHEST_PORT}"
    if kind == "version" and isinstance(value, int | float) and not isinstance(value, bool):
        # 1.10 is the number 1.1: whoever writes it means another version.
        return "a version as text, in quotes" if isinstance(value, float) else None
    if not isinstance(value, str) or not value:
        return "a text"
    return _text_problem(kind, value)


def _text_problem(kind: Argument, text: str) -> str | None:
    if kind == "path" and not text.startswith("/"):
        return "an absolute path"
    if kind == "time" and not _TIME.fullmatch(text):
        return "a time of day such as '02:00'"
    if kind == "pattern":
        try:
            check_pattern(text)
        except InvalidError as error:
            return f"a pattern that can be read ({error})"
    return None


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that orders versions by their runs of digits and letters.

    9 comes before 10, 1.0~rc1 before 1.0, 1.0 before 1.0.1.
    """
    parts = re.findall(r"[0-9]+|[A-Za-z]+|~", version)
    return (*(_part_key(part) for part in parts), (1, 0, ""))


def _part_key(part: str) -> tuple[int, int, str]:
    if part == "~":
        return (0, 0, "")
    # Numbers compare by their length and then as text: a version has no limit that a number has.
    digits = part.lstrip("0")
    return (3, len(digits), digits) if part.isdigit() else (2, 0, part)
