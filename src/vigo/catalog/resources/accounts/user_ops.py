"""The operations of the kind `user`: the shadow tools on a running host, the files themselves in an image."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.formats.accounts import ShadowEntry
from vigo.catalog.formats.names import SYSTEM_DIRECTORIES
from vigo.catalog.ops import MakeDirectory, Op, RemoveDirectory, Run
from vigo.catalog.resources.accounts.image import file_changes
from vigo.catalog.resources.accounts.user_spec import UserSpec
from vigo.catalog.resources.accounts.user_state import UserState
from vigo.catalog.resources.accounts.user_target import UserTarget
from vigo.core.errors import BlockedError

_TOUCHES = ("accounts",)
_HOME_MODE = 0o700
_IN_SHADOW = ("password", "password_hash", "locked")


def tool_calls(spec: UserSpec, state: UserState, target: UserTarget) -> Iterator[Op]:
    """Yield the calls of groupadd, useradd or usermod, and chpasswd. Source: their pages in section 8 of the manual."""
    if state.entry is None:
        if target.own_group is not None:
            system = ("--system",) if spec.system else ()
            number = ("--gid", str(target.own_group.gid))
            yield Run(argv=("groupadd", *number, *system, "--", spec.user), touches=_TOUCHES)
        yield Run(argv=_useradd(spec, target), touches=_TOUCHES)
    else:
        options, fields = _usermod_options(spec, target, move_home=state.moves_home)
        if options:
            yield Run(argv=("usermod", *options, "--", spec.user), touches=_TOUCHES, changes=fields)
    if target.hash is not None:
        fields = tuple(name for name in target.changes if name in _IN_SHADOW)
        if fields:
            line = f"{spec.user}:{target.hash}\n"
            yield Run(argv=("chpasswd", "--encrypted"), stdin=line, touches=_TOUCHES, changes=fields)
    if "manage_home" in target.changes:
        yield _home(state, target)


def tool_removal(spec: UserSpec) -> Iterator[Op]:
    """Yield the call of userdel."""
    home = ("--remove",) if spec.manage_home else ()
    yield Run(argv=("userdel", *home, "--", spec.user), touches=_TOUCHES)


def image_changes(spec: UserSpec, state: UserState, target: UserTarget) -> Iterator[Op]:
    """Yield the writes of an image's account files, and its home directory, empty."""
    before = state.files
    if before is None or not target.changes:
        return
    if state.moves_home:
        raise BlockedError("home: a home is not moved in an image; move it with the machine running, or by hand")
    after = before
    if target.own_group is not None:
        after = after.with_group(target.own_group)
    for name in target.new_groups:
        group = state.groups[name]
        after = after.with_group(msgspec.structs.replace(group, members=(*group.members, spec.user)))
    after = after.with_user(target.entry)
    shadow = state.shadow or ShadowEntry(name=spec.user, hash="!")
    hashed = shadow.hash if target.hash is None else target.hash
    wanted = msgspec.structs.replace(shadow, hash=hashed, expires_day=target.expires_day)
    if state.entry is None or wanted != shadow:
        after = after.with_password(wanted)
    yield from file_changes(before, after, tuple(name for name in target.changes if name != "manage_home"))
    if spec.manage_home and state.home is None:
        yield _home(state, target)


def image_removal(spec: UserSpec, state: UserState) -> Iterator[Op]:
    """Yield the writes that take the account out of an image, and the removal of its home."""
    if state.files is None or state.entry is None:
        return
    yield from file_changes(state.files, state.files.without_user(spec.user), ("state",))
    home = state.entry.home
    is_removable = state.home is not None and state.home.kind == "directory" and home not in SYSTEM_DIRECTORIES
    if spec.manage_home and is_removable:
        yield RemoveDirectory(path=home, recursive=True, changes=("manage_home",))


def _useradd(spec: UserSpec, target: UserTarget) -> tuple[str, ...]:
    entry = target.entry
    options = ["--uid", str(entry.uid), "--gid", str(entry.gid), "--home-dir", entry.home, "--shell", entry.shell]
    if target.new_groups:
        options += ["--groups", ",".join(target.new_groups)]
    if entry.comment:
        options += ["--comment", entry.comment]
    if spec.system:
        options.append("--system")
    if spec.expires not in (None, "never"):
        options += ["--expiredate", str(spec.expires)]
    options.append("--create-home" if spec.manage_home else "--no-create-home")
    return ("useradd", *options, "--", spec.user)


def _usermod_options(spec: UserSpec, target: UserTarget, *, move_home: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    entry = target.entry
    move = ("--move-home",) if move_home else ()
    expires = "" if spec.expires in (None, "never") else str(spec.expires)
    options = {
        "uid": ("--uid", str(entry.uid)),
        "gid": ("--gid", str(entry.gid)),
        "shell": ("--shell", entry.shell),
        "home": ("--home", entry.home, *move),
        "comment": ("--comment", entry.comment),
        "groups": ("--append", "--groups", ",".join(target.new_groups)),
        "expires": ("--expiredate", expires),
    }
    fields = tuple(name for name in options if name in target.changes)
    return tuple(word for name in fields for word in options[name]), fields


def _home(state: UserState, target: UserTarget) -> Op:
    entry = target.entry
    uid, gid = (entry.uid, entry.gid) if state.can_chown else (None, None)
    return MakeDirectory(path=entry.home, mode=_HOME_MODE, uid=uid, gid=gid, changes=("manage_home",))
