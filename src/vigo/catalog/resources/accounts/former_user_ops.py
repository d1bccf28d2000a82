"""The operations that bring an account back: the shadow tools on a running host, the files themselves in an image."""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from vigo.catalog.formats.accounts import GroupEntry, PasswdEntry, ShadowEntry, parse_group, without_name
from vigo.catalog.formats.names import SYSTEM_DIRECTORIES
from vigo.catalog.ops import Op, RemoveDirectory, RemoveFile, Run, WriteFile
from vigo.catalog.resources.accounts.former_user import UserPast
from vigo.catalog.resources.accounts.image import AccountFiles, file_changes
from vigo.core.errors import BlockedError

_TOUCHES = ("accounts",)
_ENTRY_FIELDS = ("uid", "gid", "comment", "home", "shell")
_OPTIONS = {"uid": "--uid", "gid": "--gid", "comment": "--comment", "home": "--home", "shell": "--shell"}
_NO_SUCH_GROUP = 6
"""How groupdel(8) ends where userdel(8) took the group along."""


def user_brought_back(past: UserPast) -> Iterator[Op]:
    """Yield what removes an account that was not there, makes one that was, or gives it its former values.

    Raises:
        BlockedError: the group that came with the account has other members.
    """
    files = past.now.moment.files
    if past.before.absent:
        _require_own_group_unused(past)
        yield from _keys(past)
        yield from _removal(past) if files is None else _removal_in_image(past, files)
    elif past.now.absent:
        yield from _creation(past) if files is None else _creation_in_image(past, files)
    else:
        yield from _keys(past)
        yield from _changes(past) if files is None else _changes_in_image(past, files)
        yield from _home(past)


def _require_own_group_unused(past: UserPast) -> None:
    group = past.now.moment.own_group
    others = [] if group is None else [name for name in group.members if name != past.footprint.user]
    if past.before.own_group == () and others:
        raise BlockedError(
            f"expected the group {past.footprint.user}, which came with the account, to have no members of its own,"
            f" found {others[0]}; take them out of it"
        )


def _removal(past: UserPast) -> Iterator[Op]:
    user, before, now = past.footprint.user, past.before, past.now
    if not now.absent:
        home = ("--remove",) if _home_goes(past) else ()
        yield Run(argv=("userdel", *home, "--", user), touches=_TOUCHES)
    if before.own_group:
        # userdel(8) takes the group along that is named as the user, also one that was there before.
        argv = ("groupadd", "--force", "--gid", str(before.own_group[0]), "--", user)
        yield Run(argv=argv, touches=_TOUCHES)
    elif now.own_group:
        yield Run(argv=("groupdel", "--", user), returns=(0, _NO_SUCH_GROUP), touches=_TOUCHES)


def _removal_in_image(past: UserPast, files: AccountFiles) -> Iterator[Op]:
    user = past.footprint.user
    after = files.without_user(user)
    there = parse_group(after.group or "").get(user)
    if past.before.own_group and there is None:
        after = after.with_group(GroupEntry(name=user, gid=past.before.own_group[0]))
    elif past.before.own_group == () and there is not None:
        after = after.without_group(user)
    yield from file_changes(files, after, ("state",))
    yield from _home(past)


def _creation(past: UserPast) -> Iterator[Op]:
    user, before = past.footprint.user, past.before
    if before.own_group and not past.now.own_group:
        yield Run(argv=("groupadd", "--gid", str(before.own_group[0]), "--", user), touches=_TOUCHES)
    options = ["--uid", str(before.uid), "--gid", str(before.gid), "--home-dir", before.home or "/"]
    options += ["--shell", before.shell or ""]
    options += ["--groups", ",".join(before.groups)] if before.groups else []
    options += ["--comment", before.comment] if before.comment else []
    options += ["--expiredate", _day(before.expires_day)] if before.expires_day else []
    yield Run(argv=("useradd", *options, "--no-create-home", "--", user), touches=_TOUCHES)
    if before.password:
        yield _password(user, before.password[0], "state")


def _creation_in_image(past: UserPast, files: AccountFiles) -> Iterator[Op]:
    user, before = past.footprint.user, past.before
    entry = PasswdEntry(
        name=user,
        uid=before.uid or 0,
        gid=before.gid or 0,
        comment=before.comment or "",
        home=before.home or "",
        shell=before.shell or "",
    )
    after = files.with_user(entry)
    if before.own_group and not past.now.own_group:
        after = after.with_group(GroupEntry(name=user, gid=before.own_group[0]))
    after = _with_memberships(after, user, before.groups or (), ())
    if before.password:
        expires = before.expires_day[0] if before.expires_day else None
        shadow = ShadowEntry(name=user, hash=before.password[0], expires_day=expires)
        after = after.with_password(
            shadow if before.aging is None else msgspec.structs.replace(shadow, aging=before.aging)
        )
    yield from file_changes(files, after, ("state",))


def _changes(past: UserPast) -> Iterator[Op]:
    user, before, now = past.footprint.user, past.before, past.now
    options: list[str] = []
    fields = _differing(past)
    for name in fields:
        options += [_OPTIONS[name], str(getattr(before, name))]
    moves_home = "home" in fields and past.footprint.manages_home and before.has_home and now.has_home
    if moves_home and not now.moment.has_former_home:
        options.append("--move-home")
    if _differs(before.expires_day, now.expires_day):
        options += ["--expiredate", _day(before.expires_day)]
        fields = (*fields, "expires")
    if options:
        yield Run(argv=("usermod", *options, "--", user), touches=_TOUCHES, changes=fields)
    for group in _joined_groups(past):
        yield Run(argv=("gpasswd", "--delete", user, "--", group), touches=_TOUCHES, changes=("groups",))
    if before.password and _differs(before.password, now.password):
        yield _password(user, before.password[0], "password_hash")


def _changes_in_image(past: UserPast, files: AccountFiles) -> Iterator[Op]:
    user, before, now = past.footprint.user, past.before, past.now
    entry = now.moment.entry
    if entry is None:
        return
    fields = _differing(past)
    after = files.with_user(msgspec.structs.replace(entry, **{name: getattr(before, name) for name in fields}))
    after = _with_memberships(after, user, (), _joined_groups(past))
    shadow = now.moment.shadow or ShadowEntry(name=user, hash="!")
    if before.password == () and now.password:
        after = msgspec.structs.replace(after, shadow=without_name(after.shadow or "", user))
    elif _differs(before.password, now.password) or _differs(before.expires_day, now.expires_day):
        hashed = before.password[0] if before.password and now.password is not None else shadow.hash
        expires = shadow.expires_day
        if before.expires_day is not None and now.expires_day is not None:
            expires = before.expires_day[0] if before.expires_day else None
        after = after.with_password(msgspec.structs.replace(shadow, hash=hashed, expires_day=expires))
    differs = {
        "groups": bool(_joined_groups(past)),
        "password_hash": _differs(before.password, now.password),
        "expires": _differs(before.expires_day, now.expires_day),
    }
    changes = (*fields, *(name for name, value in differs.items() if value))
    yield from file_changes(files, after, changes or ("state",))


def _home(past: UserPast) -> Iterator[Op]:
    if _home_goes(past):
        yield RemoveDirectory(path=past.now.moment.home, recursive=True, changes=("manage_home",))


def _home_goes(past: UserPast) -> bool:
    """Return whether there was no home where the account has one.

    Raises:
        BlockedError: it is not where there was none, or is a directory that others need.
    """
    if past.before.has_home is not False or not past.now.has_home:
        return False
    footprint, home = past.footprint, past.now.moment.home
    if home not in (footprint.new_home, footprint.former_home) or home in SYSTEM_DIRECTORIES:
        raise BlockedError(f"expected a home of the user's own to remove, found {home}; it is left")
    return True


def _keys(past: UserPast) -> Iterator[Op]:
    """Yield the former file of keys; none where it goes with the home that it is in."""
    before, now = past.before, past.now
    if before.content is None or now.content is None or _home_goes(past):
        return
    folder = f"{now.moment.home}/.ssh"
    changes = ("authorized_keys",)
    if before.content:
        if (before.content, before.key_file) == (now.content, now.key_file):
            return
        if before.former is None:
            raise BlockedError(f"{folder}/authorized_keys: its former content was not kept")
        mode, uid, gid = before.key_file or (0o600, None, None)
        path = f"{folder}/authorized_keys"
        yield WriteFile(path=path, content=before.former, mode=mode, uid=uid, gid=gid, changes=changes)
        return
    if now.content:
        yield RemoveFile(path=f"{folder}/authorized_keys", changes=changes)
    if before.key_folder is False and now.key_folder and set(now.moment.in_ssh) <= {"authorized_keys"}:
        yield RemoveDirectory(path=folder, changes=changes)


def _differing(past: UserPast) -> tuple[str, ...]:
    return tuple(name for name in _ENTRY_FIELDS if _differs(getattr(past.before, name), getattr(past.now, name)))


def _differs(before: object, now: object) -> bool:
    return before is not None and now is not None and before != now


def _joined_groups(past: UserPast) -> tuple[str, ...]:
    """Return the groups that the account is in and was not."""
    return tuple(name for name in past.now.groups or () if name not in (past.before.groups or ()))


def _with_memberships(files: AccountFiles, user: str, joined: tuple[str, ...], left: tuple[str, ...]) -> AccountFiles:
    for name, group in parse_group(files.group or "").items():
        members = tuple(member for member in group.members if member != user or name not in left)
        members += (user,) if name in joined and user not in members else ()
        if members != group.members:
            files = files.with_group(msgspec.structs.replace(group, members=members))
    return files


def _password(user: str, hashed: str, changed: str) -> Run:
    line = f"{user}:{hashed}\n"
    return Run(argv=("chpasswd", "--encrypted"), stdin=line, touches=_TOUCHES, changes=(changed,))


def _day(days: tuple[int, ...] | None) -> str:
    return (date(1970, 1, 1) + timedelta(days=days[0])).isoformat() if days else ""
