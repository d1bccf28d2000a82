"""What a path and a name of an account, package or unit may be: refused here, they never reach a program.

A leading `-` would be read as an option and a line feed would add a line to a host's file.
"""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec

from vigo.catalog.formats.accounts import MAX_ID
from vigo.core.errors import InvalidError

MAX_PATH_BYTES = 4095
"""The longest path that the kernel takes. Source: path_resolution(7), PATH_MAX."""

Mode = Annotated[str, msgspec.Meta(pattern=r"^0?[0-7]{3,4}$")]
"""Permission bits as octal text, such as 0644 or 2755."""

AccountId = Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)]
"""A uid or gid."""

_SYSTEM_DIRECTORIES = """
/ /bin /boot /dev /etc /home /lib /lib32 /lib64 /libx32 /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr
/usr/bin /usr/lib /usr/lib64 /usr/local /usr/sbin /usr/share /var /var/lib /var/lib/dpkg /var/lib/rpm /var/log
/var/spool
"""
SYSTEM_DIRECTORIES = frozenset(_SYSTEM_DIRECTORIES.split())
"""Directories that no resource may empty or remove: the system, or many people's work, is in them."""

_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?")
_ID = re.compile(r"[0-9]{1,10}")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._~-]{0,200}(:[a-z0-9]{1,20})?")
_UNIT = re.compile(r"[A-Za-z0-9:_][A-Za-z0-9:_.@\\-]{0,200}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_path(field: str, path: str) -> None:
    """Accept an absolute, normalised path.

    Raises:
        InvalidError: it is relative, too long, or has `.`, `..`, `//`, a trailing `/` or a control character in it.
    """
    parts = path.split("/")[1:]
    plain = path.startswith("/") and not _CONTROL.search(path) and len(path.encode(errors="replace")) <= MAX_PATH_BYTES
    if path != "/" and not (plain and all(part not in ("", ".", "..") for part in parts)):
        raise InvalidError(
            f"{field}: expected an absolute path without `.`, `..`, `//`, a trailing `/` or control characters,"
            f" found {shown(path)}; write the path from the root"
        )


def check_account(field: str, name: str) -> None:
    """Accept the name of a user or group. Source: useradd(8), the names that it takes, capital letters too.

    Raises:
        InvalidError: it is no such name.
    """
    if not _ACCOUNT.fullmatch(name):
        raise InvalidError(
            f"{field}: expected a name of at most 32 letters, digits, `_`, `.` and `-` that begins with a letter"
            f" or `_`, found {shown(name)}; choose another name"
        )


def check_account_or_id(field: str, name: str) -> None:
    """Accept the name or the number of a user or group.

    Raises:
        InvalidError: it is neither.
    """
    if not _ID.fullmatch(name):
        check_account(field, name)


def check_package(field: str, name: str) -> None:
    """Accept the name of a package, with its architecture behind a colon where wanted.

    Raises:
        InvalidError: it is no such name.
    """
    if not _PACKAGE.fullmatch(name):
        raise InvalidError(
            f"{field}: expected a package's name of letters, digits and `+._~-` that begins with a letter or digit,"
            f" found {shown(name)}; name one package an item, its version in `version`"
        )


def check_unit(field: str, name: str) -> None:
    """Accept the name of a service or unit. Source: systemd.unit(5).

    Raises:
        InvalidError: it is no such name.
    """
    if not _UNIT.fullmatch(name):
        raise InvalidError(
            f"{field}: expected a service's name of letters, digits and `:_.@\\-`, found {shown(name)};"
            " write it as the init system lists it"
        )


def check_one_line(field: str, text: str) -> None:
    """Accept text without control characters other than a tab.

    Raises:
        InvalidError: it has some.
    """
    if _CONTROL.search(text.replace("\t", "")):
        raise InvalidError(f"{field}: expected one line without control characters, found {shown(text)}")


def check_command(field: str, argv: Sequence[str]) -> None:
    """Accept the words of a command.

    Raises:
        InvalidError: the program's name is missing or a word has a NUL.
    """
    if not argv or not argv[0]:
        raise InvalidError(f"{field}: expected a list of the program and its arguments, found no program")
    if any("\0" in word for word in argv):
        raise InvalidError(f"{field}: expected words without NUL, found one; no program can be given it")


def shown(text: str) -> str:
    """Return the text quoted and shortened, escapes visible, for a message."""
    longest = 80
    return repr(text if len(text) <= longest else text[:longest] + "...")


def mode_bits(text: str) -> int:
    """Return the permission bits of octal text."""
    return int(text, 8)
