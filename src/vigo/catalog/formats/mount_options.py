"""The options of a mount that the kernel tells of: which of the declared ones do not hold.

Others (`nofail`, `_netdev`, `x-...`, most of a file system's own) are only of use while something is mounted, or are
told in another form; they are not compared. Source: mount(8), tmpfs(5), proc_pid_mountinfo(5).
"""

import re
from collections.abc import Iterator

from vigo.catalog.formats.mount_info import LiveMount
from vigo.catalog.formats.numbers import whole_number

BINDS = frozenset({"bind", "rbind"})

_NOT_SET = {
    "rw": "ro",
    "suid": "nosuid",
    "dev": "nodev",
    "exec": "noexec",
    "symfollow": "nosymfollow",
    "atime": "noatime",
    "diratime": "nodiratime",
    "norelatime": "relatime",
    "async": "sync",
    "nolazytime": "lazytime",
}
_SET = frozenset({*_NOT_SET.values(), "dirsync"})
_SIZES = frozenset({"size", "nr_inodes"})
_SIZE = re.compile(r"([0-9]{1,15})([kmgt]?)", re.IGNORECASE)
_LARGEST_PAGE_BYTES = 64 * 1024


def options_of(text: str) -> tuple[str, ...]:
    """Return the single options of a field of fstab(5); commas between quotation marks separate nothing."""
    return tuple(found[0] for found in re.finditer(r'(?:"[^"]*"|[^,"]|")+', text))


def is_bind(options: str) -> bool:
    """Return whether the options ask for a second place of a directory rather than for a file system."""
    return not BINDS.isdisjoint(options_of(options))


def options_that_differ(declared: str, live: LiveMount) -> tuple[str, ...]:
    """Return the declared options that do not hold, such that a remount with them makes them hold."""
    found = {*live.options, *live.of_filesystem}
    last = {_flag(option): option for option in options_of(declared)}
    if "noatime" in last and last["noatime"] == "noatime":
        last.pop("relatime", None)  # the kernel tells of one of the two
    return tuple(option for flag, option in last.items() if _differs(flag, option, found, live))


def _flag(option: str) -> str:
    """Return what an option and its opposite have in common: of two in one list the last counts."""
    return _NOT_SET.get(option, option.partition("=")[0])


def _differs(flag: str, option: str, found: set[str], live: LiveMount) -> bool:
    if option in _NOT_SET:
        return flag in found
    if option in _SET:
        return flag not in found
    if option == "strictatime":
        return not found.isdisjoint({"noatime", "relatime"})
    if live.fstype == "tmpfs" and flag in _SIZES:
        return _size_differs(option, next(_values(flag, found), None))
    return False


def _values(name: str, options: set[str]) -> Iterator[str]:
    return (option.partition("=")[2] for option in options if option.startswith(f"{name}="))


def _size_differs(option: str, found: str | None) -> bool:
    wanted = _number(option.partition("=")[2])
    if wanted is None:  # a share of the memory, in percent
        return False
    now = None if found is None else _number(found)
    slack = _LARGEST_PAGE_BYTES if option.startswith("size=") else 1
    return now is None or abs(now - wanted) >= slack


def _number(text: str) -> int | None:
    found = _SIZE.fullmatch(text)
    number = None if found is None else whole_number(found[1])
    if found is None or number is None:
        return None
    return number << 10 * " kmgt".index(found[2].lower() or " ")
