"""Users and groups by their names, as the host knows them."""

import re

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.accounts import (
    MAX_ID,
    GroupEntry,
    PasswdEntry,
    parse_group,
    parse_passwd,
)
from vigo.catalog.formats.nsswitch import parse_sources
from vigo.core.errors import BlockedError, InvalidError

_ID = re.compile(r"[0-9]{1,10}")


def user_entry(host: ReadHost, name: str) -> PasswdEntry | None:
    """Return a user of `/etc/passwd`, else of the host's other sources (LDAP and the like); never those in an image."""
    entry = parse_passwd(host.read_text("/etc/passwd") or "").get(name)
    if entry is None and _has_other_sources(host, "passwd"):
        answer = host.query(("getent", "passwd", name))
        entry = parse_passwd(answer.stdout if answer is not None and answer.status == 0 else "").get(name)
    return entry


def group_entry(host: ReadHost, name: str) -> GroupEntry | None:
    """Return a group of `/etc/group`, else of the host's other sources; never those in an image."""
    entry = parse_group(host.read_text("/etc/group") or "").get(name)
    if entry is None and _has_other_sources(host, "group"):
        answer = host.query(("getent", "group", name))
        entry = parse_group(answer.stdout if answer is not None and answer.status == 0 else "").get(name)
    return entry


def _has_other_sources(host: ReadHost, database: str) -> bool:
    """Return whether a host may know accounts that are not in its files. Source: nsswitch.conf(5)."""
    return not host.is_image() and parse_sources(host.read_text("/etc/nsswitch.conf") or "", database) != ("files",)


def user_of_uid(host: ReadHost, uid: int, field: str, place: str) -> str:
    """Return the user of `/etc/passwd` with a uid, to whom what a field leads to belongs at a place.

    Raises:
        BlockedError: that uid has no name.
    """
    entries = parse_passwd(host.read_text("/etc/passwd") or "")
    name = next((name for name, entry in entries.items() if entry.uid == uid), None)
    if name is None:
        raise BlockedError(
            f"{field}: expected a user of {place} that /etc/passwd knows, found uid {uid}; give it to one"
        )
    return name


def uid_of(host: ReadHost, owner: str | None) -> int | None:
    """Return the uid of a name or number, or None for None.

    Raises:
        BlockedError: the host has no such user; an earlier resource of the same run may still make it.
        InvalidError: the number is none that a user can have.
    """
    if owner is None or _ID.fullmatch(owner):
        return _id_of("owner", owner)
    entry = user_entry(host, owner)
    if entry is None:
        raise BlockedError(
            f"owner: user {owner} does not exist yet; add a user resource for it and put it in depends_on"
        )
    return entry.uid


def gid_of(host: ReadHost, group: str | None) -> int | None:
    """Return the gid of a name or number, or None for None.

    Raises:
        BlockedError: the host has no such group; an earlier resource of the same run may still make it.
        InvalidError: the number is none that a group can have.
    """
    if group is None or _ID.fullmatch(group):
        return _id_of("group", group)
    entry = group_entry(host, group)
    if entry is None:
        raise BlockedError(
            f"group: group {group} does not exist yet; add a group resource for it and put it in depends_on"
        )
    return entry.gid


def _id_of(field: str, number: str | None) -> int | None:
    if number is not None and int(number) > MAX_ID:
        raise InvalidError(f"{field}: expected a number up to {MAX_ID}, found {number}")
    return None if number is None else int(number)


def require_tool(host: ReadHost, name: str) -> None:
    """Accept a running host that has a program of the shadow tool set.

    Raises:
        BlockedError: it has not.
    """
    if not host.has_program(name):
        raise BlockedError(
            f"expected the program {name}, found none; install the package that carries it (shadow, shadow-utils or"
            " passwd)"
        )
