"""The identity of a distribution: os-release(5), and which family it belongs to. Pure: text in, values out."""

import re
from collections.abc import Mapping

_ASSIGNMENT = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_FAMILIES = {
    "debian": ("debian", "ubuntu"),
    "redhat": ("rhel", "fedora", "centos"),
    "suse": ("suse", "opensuse", "sles"),
    "alpine": ("alpine",),
    "arch": ("arch", "archlinux"),
    "gentoo": ("gentoo",),
}
_FAMILY_OF = {name: family for family, names in _FAMILIES.items() for name in names}


def parse_os_release(text: str) -> Mapping[str, str]:
    """Return the assignments, quotes and escapes resolved; of two to one name the last counts, as in a shell."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        assignment = _ASSIGNMENT.fullmatch(line)
        if assignment is not None:
            found[assignment[1]] = _plain(assignment[2].strip())
    return found


def family_of(fields: Mapping[str, str]) -> str:
    """Return debian, redhat, suse, alpine, arch or gentoo by ID, then by ID_LIKE in its order; else the ID itself."""
    own = fields.get("ID", "linux")
    names = (own, *fields.get("ID_LIKE", "").split())
    return next((_FAMILY_OF[name] for name in names if name in _FAMILY_OF), own)


def _plain(value: str) -> str:
    quote = value[:1]
    if quote in ('"', "'") and len(value) > 1 and value.endswith(quote):
        inner = value[1:-1]
        return inner if quote == "'" else re.sub(r'\\(["$`\\])', r"\1", inner)
    return re.sub(r"\\(.)", r"\1", value)
