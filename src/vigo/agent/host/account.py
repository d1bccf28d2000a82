"""Running as another user of the machine."""

import os
import pwd
from typing import NamedTuple

from vigo.core.errors import BlockedError, UnavailableError


class Account(NamedTuple):
    """Who a program runs as. `groups` is None where it stays the agent's own user."""

    name: str
    home: str
    uid: int
    gid: int
    groups: tuple[int, ...] | None


def own_account() -> Account:
    """Return the agent's own user."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), "/", uid, gid, None)
    return Account(entry.pw_name, entry.pw_dir, uid, gid, None)


def account_of(name: str | None) -> Account:
    """Return the user of a name, with its groups; the agent's own for None.

    Raises:
        BlockedError: the machine has no such user; an earlier resource of the same run may still make it.
        UnavailableError: only root may run programs as another user, and the agent is not root.
    """
    if name is None:
        return own_account()
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise BlockedError(
            f"user: user {name} does not exist yet; add a user resource for it and put it in depends_on"
        ) from error
    if entry.pw_uid == os.geteuid():
        return Account(entry.pw_name, entry.pw_dir, entry.pw_uid, entry.pw_gid, None)
    if os.geteuid() != 0:
        raise UnavailableError(
            f"user: expected to be root to run as {name}, found that the agent runs as uid {os.geteuid()};"
            " run the agent as root"
        )
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(entry.pw_name, entry.pw_dir, entry.pw_uid, entry.pw_gid, groups)
