"""Hostnames and the patterns that match them: exact names, globs and `~regex`."""

import re
import warnings
from functools import lru_cache

from vigo.core.errors import InvalidError

_MAX_HOSTNAME = 253
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST_SHOWN = 80
_GLOB_CHARACTERS = frozenset("*?[")


def canonical_hostname(text: str) -> str:
    """Return a hostname in lower case without a trailing dot.

    Raises:
        InvalidError: it is no hostname. Source: RFC 1123 section 2.1, with the underscore that real fleets use.
    """
    # Some letters of other scripts have a plain one as their lower case: the Kelvin sign becomes a k.
    name = text.removesuffix(".").lower() if text.isascii() else ""
    if not name or len(name) > _MAX_HOSTNAME or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise InvalidError(
            f"expected a hostname (letters, digits, hyphens, dots; at most {_MAX_HOSTNAME} of them),"
            f" found {text[:80]!r}"
        )
    return name


def matches(pattern: str, hostname: str) -> bool:
    """Return whether a pattern covers a hostname; both compare in lower case without a trailing dot.

    Raises:
        InvalidError: the pattern is no valid `~regex`.
    """
    return _compiled(pattern).fullmatch(hostname.removesuffix(".").lower()) is not None


def is_exact(pattern: str) -> bool:
    """Return whether the pattern can match one hostname only."""
    return not pattern.startswith("~") and not _GLOB_CHARACTERS.intersection(pattern)


def check_pattern(pattern: str) -> None:
    """Accept a pattern that `matches` can use.

    Raises:
        InvalidError: it is empty or an invalid regular expression.
    """
    if not pattern.strip():
        raise InvalidError(
            "expected a hostname, a glob such as 'web-*', or '~' and a regular expression; found an empty pattern"
        )
    if pattern.startswith("~"):
        _compiled(pattern)  # any text is a glob


@lru_cache(maxsize=65_536)
def _compiled(pattern: str) -> re.Pattern[str]:
    if pattern.startswith("~"):
        from vigo.core.regexes import check_speed  # noqa: PLC0415 - most patterns are names and globs

        shown = repr(pattern if len(pattern) <= _LONGEST_SHOWN else pattern[:_LONGEST_SHOWN] + "...")
        try:
            with warnings.catch_warnings():
                # Python warns that some sets will mean something else in a later version.
                warnings.simplefilter("error", FutureWarning)
                compiled = re.compile(pattern[1:], re.IGNORECASE)
            check_speed(pattern[1:])
        except (re.error, OverflowError, RecursionError, FutureWarning) as error:
            raise InvalidError(f"expected a regular expression after '~', found {shown}: {error}") from error
        except InvalidError as error:
            raise InvalidError(f"{shown}: {error}") from error
        return compiled
    return re.compile(_translate(pattern.removesuffix(".").lower()))


def _translate(glob: str) -> str:
    import fnmatch  # noqa: PLC0415 - the agent checks one pattern; it need not pay for this at start

    return fnmatch.translate(glob)
