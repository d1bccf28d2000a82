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
    parts = re.findall(r"\d+|[A-Za-z]+|~", version)
    key = tuple((0, 0, "") if part == "~" else (3, int(part), "") if part.isdigit() else (2, 0, part) for part in parts)
    return (*key, (1, 0, ""))
