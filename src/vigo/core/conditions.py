"""The named predicates of `when:` expressions. The server checks their names, the agent binds them to its host."""

import re

PREDICATE_NAMES = frozenset(
    {
        "os_family",
        "os_id",
        "version_ge",
        "version_lt",
        "file_exists",
        "directory_exists",
        "package_installed",
        "port_listening",
        "program_exists",
        "hostname_matches",
        "local_time",
    }
)
"""Every function that an expression or template may call, beside MiniJinja's own."""


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
