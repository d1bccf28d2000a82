"""Which fields of a resource are not for whoever may read a plan."""

from typing import Any, Final

CONTENTS: Final = frozenset({"content", "content_base64"})
"""Private where the file is."""

PASSWORDS: Final = frozenset({"password", "password_hash", "headers"})
"""Never shown; headers that are sent are there for credentials above all."""

HIDDEN: Final = "(not shown)"
_READABLE_BY_ALL: Final = 0o004
_LONGEST: Final = 200


def is_private_mode(mode: Any) -> bool:
    """Return whether a file with these permission bits, octal as text, is not for all to read."""
    return not int(str(mode), 8) & _READABLE_BY_ALL


def cited(field: str, value: Any) -> str:
    """Return a value as messages show it; not one that may be private, whatever its file's mode is."""
    return HIDDEN if field in CONTENTS | PASSWORDS else f"{value!r:.{_LONGEST}}"
