"""The account files: passwd(5), group(5), shadow(5), gshadow(5). Pure: text in, entries or text out.

Lines that are no entry (comments, NIS markers, damaged ones) are passed over when read, as the C library does, and
kept as they are when the text is edited.
"""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

import msgspec

PASSWD_FIELDS, GROUP_FIELDS, SHADOW_FIELDS = 7, 4, 9
MAX_ID = 2**32 - 2
"""The largest uid or gid; 2**32 - 1 means "none" to chown(2)."""


class PasswdEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One user. The password itself stands in shadow(5)."""

    name: str
    uid: int
    gid: int
    comment: str = ""
    home: str = ""
    shell: str = ""
    password: str = "x"  # noqa: S105 - the marker for "see shadow(5)"

    def line(self) -> str:
        """Return the entry as it stands in the file, without a line feed."""
        return ":".join(
            (self.name, self.password, str(self.uid), str(self.gid), self.comment, self.home, self.shell),
        )


class GroupEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One group and the users that are members beside those whose primary group it is."""

    name: str
    gid: int
    members: tuple[str, ...] = ()
    password: str = "x"  # noqa: S105 - the marker for "see gshadow(5)"

    def line(self) -> str:
        """Return the entry as it stands in the file, without a line feed."""
        return ":".join((self.name, self.password, str(self.gid), ",".join(self.members)))


class ShadowEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One user's password. `aging` holds the fields between the hash and the expiry, as text."""

    name: str
    hash: str
    aging: tuple[str, str, str, str, str] = ("", "0", "99999", "7", "")
    expires_day: int | None = None
    """The day since 1970-01-01 from which the account is closed."""
    reserved: str = ""

    @property
    def locked(self) -> bool:
        """Whether no password can match: the hash begins with an exclamation mark."""
        return self.hash.startswith("!")

    def line(self) -> str:
        """Return the entry as it stands in the file, without a line feed."""
        expires = "" if self.expires_day is None else str(self.expires_day)
        return ":".join((self.name, self.hash, *self.aging, expires, self.reserved))


EntryT = TypeVar("EntryT", PasswdEntry, GroupEntry, ShadowEntry)


@lru_cache(maxsize=4)
def parse_passwd(text: str) -> Mapping[str, PasswdEntry]:
    """Return the users by name; of two with one name the first counts. Source: passwd(5)."""
    return _entries(text, _passwd_entry)


@lru_cache(maxsize=4)
def parse_group(text: str) -> Mapping[str, GroupEntry]:
    """Return the groups by name; of two with one name the first counts. Source: group(5)."""
    return _entries(text, _group_entry)


def parse_shadow(text: str) -> Mapping[str, ShadowEntry]:
    """Return the passwords by user name; of two with one name the first counts. Source: shadow(5)."""
    return _entries(text, _shadow_entry)


def with_line(text: str, line: str) -> str:
    """Return the text with this line in the place of the entry of the same name, or behind the last one."""
    name = line.partition(":")[0]
    lines = _lines(text)
    for index, present in enumerate(lines):
        if present.partition(":")[0] == name:
            return _joined([*lines[:index], line, *lines[index + 1 :]])
    return _joined([*lines, line])


def without_name(text: str, name: str) -> str:
    """Return the text without the entries of this name."""
    return _joined([line for line in _lines(text) if line.partition(":")[0] != name])


def gshadow_with_members(text: str, name: str, members: Collection[str]) -> str:
    """Return a gshadow(5) text in which the group is there and has these members; its password stays or is locked."""
    for line in _lines(text):
        fields = line.split(":")
        if fields[0] == name and len(fields) == GROUP_FIELDS:
            return with_line(text, ":".join((*fields[:3], ",".join(members))))
    return with_line(text, f"{name}:!::{','.join(members)}")


def free_id(taken: Collection[int], *, system: bool) -> int | None:
    """Return an id that nobody has, or None: from 1000 up, or from 999 down to 100 for system accounts.

    Source: login.defs(5), the default UID_MIN and SYS_UID_MAX, and the order of useradd(8).
    """
    candidates = range(999, 99, -1) if system else range(1000, 60001)
    return next((candidate for candidate in candidates if candidate not in taken), None)


def _entries(text: str, parse: Callable[[list[str]], EntryT | None]) -> Mapping[str, EntryT]:
    found: dict[str, EntryT] = {}
    for line in text.split("\n"):
        if line[:1] in ("", "#", "+", "-"):
            continue
        entry = parse(line.split(":"))
        if entry is not None and entry.name:
            found.setdefault(entry.name, entry)
    return MappingProxyType(found)


def _passwd_entry(fields: list[str]) -> PasswdEntry | None:
    if len(fields) != PASSWD_FIELDS:
        return None
    name, password, uid, gid, comment, home, shell = fields
    uid_number, gid_number = _number(uid), _number(gid)
    if uid_number is None or gid_number is None:
        return None
    return PasswdEntry(
        name=name, password=password, uid=uid_number, gid=gid_number, comment=comment, home=home, shell=shell
    )


def _group_entry(fields: list[str]) -> GroupEntry | None:
    if len(fields) != GROUP_FIELDS:
        return None
    gid = _number(fields[2])
    if gid is None:
        return None
    members = tuple(member for member in fields[3].split(",") if member)
    return GroupEntry(name=fields[0], password=fields[1], gid=gid, members=members)


def _shadow_entry(fields: list[str]) -> ShadowEntry | None:
    if len(fields) != SHADOW_FIELDS:
        return None
    expires = _number(fields[7])
    if fields[7] and expires is None:
        return None
    aging = (fields[2], fields[3], fields[4], fields[5], fields[6])
    return ShadowEntry(name=fields[0], hash=fields[1], aging=aging, expires_day=expires, reserved=fields[8])


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))
    return int(text) if plain and int(text) <= MAX_ID else None


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _joined(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)
