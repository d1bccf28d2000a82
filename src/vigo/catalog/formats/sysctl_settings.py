"""Kernel parameters: their names, the files in `/proc/sys` that they are, and the files that set them at boot.

Source: sysctl.d(5), sysctl(8), sysctl.conf(5).
"""

import re
from collections.abc import Mapping

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

LIVE_FOLDER = "/proc/sys"

_PART = re.compile(r"[A-Za-z0-9_+@.-]{1,255}")
_SWAPPED = str.maketrans("./", "/.")
_LINE = re.compile(r"[ \t]*-?[ \t]*([^ \t=#;][^ \t=]*)[ \t]*=[ \t]*(.*?)[ \t\r]*")


def check_key(field: str, key: str) -> None:
    """Accept the name of a parameter, in dotted form or with slashes.

    Raises:
        InvalidError: it is none.
    """
    parts = _slashed(key).split("/")
    plain = len(parts) > 1 and all(_PART.fullmatch(part) and part.strip(".") for part in parts)
    if not plain or key.startswith("-"):
        raise InvalidError(
            f"{field}: expected a parameter such as vm.swappiness, found {shown(key)}; where a name in it has a dot,"
            " write slashes: net/ipv4/conf/eth0.5/forwarding"
        )


def live_path(key: str) -> str:
    """Return the file that holds the value now."""
    return f"{LIVE_FOLDER}/{_slashed(key)}"


def canonical_key(key: str) -> str:
    """Return the one form of a name: dotted, or with slashes where a name in it has a dot."""
    slashed = _slashed(key)
    return slashed if "." in slashed else slashed.replace("/", ".")


def boot_file_name(key: str) -> str:
    """Return the name of the file that sets it at boot; a colon, which no interface has, stands for a dot."""
    return f"90-vigo-{_slashed(key).replace('.', ':').replace('/', '.')}.conf"


def boot_text(key: str, value: str) -> str:
    """Return the content of that file."""
    return f"{canonical_key(key)} = {value}\n"


def same_value(value: str, other: str) -> bool:
    """Return whether two values are one to the kernel: it prints a tab between columns that may be written apart."""
    return value.split() == other.split()


def parse_sysctl_file(text: str) -> Mapping[str, str]:
    """Return what a file sets, by the file in `/proc/sys`; patterns (`net.ipv4.conf.*.x`) not: any name beats them."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        assignment = _LINE.fullmatch(line)
        if assignment is not None and not set("*?[") & set(assignment[1]):
            found[live_path(assignment[1])] = assignment[2]
    return found


def _slashed(key: str) -> str:
    """Return the name with slashes; the first separator says which form it is written in."""
    first = next((one for one in key if one in "./"), "")
    return key.translate(_SWAPPED) if first == "." else key
