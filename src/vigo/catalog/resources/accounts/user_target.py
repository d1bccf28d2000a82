"""What an account shall become, computed from what is declared and what is there."""

import secrets

import msgspec

from vigo.catalog.formats.accounts import GroupEntry, PasswdEntry, ShadowEntry
from vigo.catalog.formats.sha512_crypt import hash_password, matches
from vigo.catalog.resources.accounts.user_spec import UserSpec, expiry_day
from vigo.catalog.resources.accounts.user_state import UserState
from vigo.core.errors import BlockedError, InvalidError

_NO_PASSWORD = ("", "*")


class UserTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The account that shall be, and which fields differ from what is there.

    `own_group` is a group that has to be made for it. `hash` and `expires_day` stand for the password entry; a hash of
    None leaves it alone.
    """

    entry: PasswdEntry
    changes: tuple[str, ...]
    own_group: GroupEntry | None
    new_groups: tuple[str, ...]
    hash: str | None
    expires_day: int | None


def user_target(spec: UserSpec, state: UserState) -> UserTarget:
    """Return the account that shall be.

    Raises:
        BlockedError: a group of `groups` is not there yet, or no number is free.
        InvalidError: the uid is another user's, or an account without a password would be unlocked.
    """
    if state.uid_owner not in (None, spec.user):
        raise InvalidError(f"uid: expected {spec.uid} to be free, found user {state.uid_owner}; choose another")
    if state.missing_groups:
        raise BlockedError(
            f"groups: group {state.missing_groups[0]} does not exist yet; add a group resource for it and put it in"
            " depends_on"
        )
    entry, own_group = _entry(spec, state)
    hashed = _hash(spec, state.shadow)
    present = state.shadow.expires_day if state.shadow is not None else None
    expires_day = present if spec.expires is None else expiry_day(spec.expires)
    member_of = {name for name, group in state.groups.items() if spec.user in group.members}
    new_groups = tuple(dict.fromkeys(name for name in spec.groups if name not in member_of))
    differs = {
        **_entry_drift(spec, state, entry),
        "groups": bool(new_groups),
        **_password_drift(spec, state.shadow, hashed),
        "expires": expires_day != present,
    }
    return UserTarget(
        entry=entry,
        changes=tuple(name for name, value in differs.items() if value),
        own_group=own_group,
        new_groups=new_groups,
        hash=hashed,
        expires_day=expires_day,
    )


def _entry(spec: UserSpec, state: UserState) -> tuple[PasswdEntry, GroupEntry | None]:
    present = state.entry
    if present is not None:
        wanted = {
            "uid": spec.uid,
            "gid": state.gid,
            "comment": spec.comment,
            "home": spec.home,
            "shell": spec.shell,
        }
        return msgspec.structs.replace(
            present, **{name: value for name, value in wanted.items() if value is not None}
        ), None
    gid, own_group = state.gid, None
    if gid is None:
        group = state.groups.get(spec.user)
        if group is None and state.free_gid is not None:
            group = own_group = GroupEntry(name=spec.user, gid=state.free_gid)
        gid = None if group is None else group.gid
    if state.free_uid is None or gid is None:
        raise BlockedError("uid: expected a free number for the account and its group, found none; give uid and gid")
    shell = spec.shell or ("/usr/sbin/nologin" if spec.system else "/bin/sh")
    home = spec.home or f"/home/{spec.user}"
    return PasswdEntry(
        name=spec.user, uid=state.free_uid, gid=gid, comment=spec.comment or "", home=home, shell=shell
    ), own_group


def _entry_drift(spec: UserSpec, state: UserState, entry: PasswdEntry) -> dict[str, bool]:
    present = state.entry
    if present is None:
        return {"state": True}
    differs = {
        name: getattr(present, name) != getattr(entry, name) for name in ("uid", "gid", "shell", "home", "comment")
    }
    differs["manage_home"] = spec.manage_home and state.home is None and not state.moves_home
    return differs


def _password_drift(spec: UserSpec, shadow: ShadowEntry | None, hashed: str | None) -> dict[str, bool]:
    """Return which of the password and its lock differ; the field named is the one that the policy declares."""
    if hashed is None:
        return {}
    present = "" if shadow is None else shadow.hash
    field = "password" if spec.password is not None else "password_hash"
    return {
        field: present.lstrip("!") != hashed.lstrip("!"),
        "locked": spec.locked is not None and present.startswith("!") != hashed.startswith("!"),
    }


def _hash(spec: UserSpec, shadow: ShadowEntry | None) -> str | None:
    """Return the hash field as it shall be, or None where no field speaks of it.

    A lock that the policy does not mention stays. What useradd(8) writes for an account without a password, a bare
    `!`, is no such lock: a password that is declared later shall work.
    """
    if spec.password is None and spec.password_hash is None and spec.locked is None:
        return None
    present = "" if shadow is None else shadow.hash
    bare = present.lstrip("!")
    deliberate = present.startswith("!") and bare not in _NO_PASSWORD
    if spec.password is not None:
        bare = bare if matches(spec.password, bare) else hash_password(spec.password, _salt())
    elif spec.password_hash is not None:
        deliberate = deliberate or spec.password_hash.startswith("!")
        bare = spec.password_hash.lstrip("!")
    locked = deliberate if spec.locked is None else spec.locked
    if not locked and not bare:
        raise InvalidError(
            f"locked: expected a password for {spec.user} before it is unlocked, found none: everybody could log in;"
            " declare password_hash (`*` for keys only)"
        )
    return f"!{bare}" if locked else bare


def _salt() -> str:
    return secrets.token_hex(8)
