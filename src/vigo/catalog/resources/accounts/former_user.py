"""An account before a resource had a hand in it: what of it is looked at and kept."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import MAX_FORMER_BYTES, Footprint, Past, ReadHost, Trace
from vigo.catalog.formats.accounts import GroupEntry, PasswdEntry, ShadowEntry, parse_group, parse_shadow
from vigo.catalog.resources.accounts.image import AccountFiles, read_account_files
from vigo.catalog.resources.accounts.lookup import require_tool, user_entry
from vigo.catalog.resources.accounts.user_spec import UserSpec
from vigo.core.encoding import digest, digest_of

_ENTRY_FIELDS = ("uid", "gid", "comment", "home", "shell")
_OF_A_NEW_ACCOUNT = ("uid", "gid", "home")
"""What the resource answers for in an account that it made; the rest its user may change, as everybody may."""


class UserFootprint(Footprint, frozen=True, kw_only=True):
    """An account. `fields` are those of passwd(5) that are declared, `groups` the memberships.

    `removes` says that the account goes; `manages_home`, that its home directory comes, goes and moves with it. A home
    for a new account is at `new_home`, one that was there before the first change at `former_home`.
    """

    user: str
    fields: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    password: bool = False
    expires: bool = False
    keys: bool = False
    manages_home: bool = False
    removes: bool = False
    new_home: str = ""
    former_home: str | None = None
    makes_home: bool = False

    def after(self, before: Trace) -> "UserFootprint":
        """Return this footprint, given whether there was an account and a home."""
        footprint = super().after(before)
        if not isinstance(before, UserTrace):
            return footprint
        makes_home = footprint.makes_home or before.has_home is False
        return msgspec.structs.replace(footprint, makes_home=makes_home, former_home=before.home)

    def joined(self, former: "UserFootprint") -> "UserFootprint":
        """Return this footprint with the fields and groups of a former one."""
        return msgspec.structs.replace(
            super().joined(former),
            fields=tuple(dict.fromkeys((*self.fields, *former.fields))),
            groups=tuple(dict.fromkeys((*self.groups, *former.groups))),
        )

    def watches(self, field: str) -> bool:
        """Return whether a field of passwd(5) is the resource's work."""
        return self.removes or field in self.fields or (self.whole and field in _OF_A_NEW_ACCOUNT)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What undoing needs to know of an account as it is now, and nobody keeps."""

    home: str = ""
    files: AccountFiles | None = None
    entry: PasswdEntry | None = None
    shadow: ShadowEntry | None = None
    own_group: GroupEntry | None = None
    has_former_home: bool = False
    in_ssh: tuple[str, ...] = ()


class UserTrace(Trace, frozen=True, kw_only=True):
    """How an account is. `content` and `former` are its authorized keys, an empty digest where there is no file.

    A tuple that is empty stands for nothing, since None means not looked at. `own_group` is the gid of the group named
    as the user. `home_content` is a digest over the names, sizes and times of what is in the home and in its `.ssh`.
    `key_file` is the mode, uid and gid of the file of keys.
    """

    uid: int | None = None
    gid: int | None = None
    comment: str | None = None
    home: str | None = None
    shell: str | None = None
    groups: tuple[str, ...] | None = None
    password: tuple[str, ...] | None = None
    expires_day: tuple[int, ...] | None = None
    aging: tuple[str, ...] | None = None
    own_group: tuple[int, ...] | None = None
    has_home: bool | None = None
    home_content: str | None = None
    key_folder: bool | None = None
    key_file: tuple[int, ...] | None = None
    moment: Moment = Moment()

    def kept(self) -> "UserTrace":
        """Return it without what is only of use while it is looked at."""
        return msgspec.structs.replace(self, former=None, moment=Moment())


UserPast = Past[UserFootprint, UserTrace]


def user_footprint(spec: UserSpec) -> UserFootprint:
    """Return what of an account a declaration has a hand in."""
    declared = (spec.password, spec.password_hash, spec.locked)
    return UserFootprint(
        owns=(f"user:{spec.user}",),
        user=spec.user,
        fields=tuple(name for name in _ENTRY_FIELDS if getattr(spec, name) is not None),
        groups=spec.groups,
        password=any(value is not None for value in declared),
        expires=spec.expires is not None,
        keys=spec.authorized_keys is not None,
        manages_home=spec.manage_home,
        removes=spec.state == "absent",
        new_home=spec.home or f"/home/{spec.user}",
    )


def user_trace(footprint: UserFootprint, host: ReadHost, *, keep: bool) -> UserTrace:
    """Return what of an account the resource has a hand in; with `keep` all that making it anew would need.

    Raises:
        BlockedError: the host has no tools to change accounts, or an image has no `/etc`.
    """
    files = read_account_files(host) if host.is_image() else None
    if files is None:
        require_tool(host, "useradd")
    entry = user_entry(host, footprint.user)
    groups = parse_group((files.group if files else host.read_text("/etc/group")) or "")
    own = groups.get(footprint.user)
    moment = Moment(
        home=footprint.new_home if entry is None else entry.home,
        files=files,
        entry=entry,
        shadow=_shadow(footprint, host, files, keep=keep),
        own_group=own,
        has_former_home=bool(footprint.former_home) and host.stat(footprint.former_home or "/") is not None,
    )
    trace = UserTrace(absent=entry is None, moment=moment)
    if keep or footprint.whole or footprint.removes:
        trace = msgspec.structs.replace(trace, own_group=() if own is None else (own.gid,))
    if entry is not None:
        watched = {name: getattr(entry, name) for name in _ENTRY_FIELDS if keep or footprint.watches(name)}
        asked = sorted(groups) if footprint.removes else footprint.groups
        member_of = tuple(name for name in asked if name in groups and footprint.user in groups[name].members)
        trace = msgspec.structs.replace(trace, groups=member_of if asked else None, **watched)
        trace = _with_passwords(trace, footprint, keep=keep)
    return _with_keys(_with_home(trace, footprint, host, keep=keep), footprint, host, keep=keep)


def _shadow(footprint: UserFootprint, host: ReadHost, files: AccountFiles | None, *, keep: bool) -> ShadowEntry | None:
    if files is not None:
        return files.password_of(footprint.user)
    if not (footprint.password or footprint.expires or (keep and footprint.removes)):
        return None
    return parse_shadow(host.read_text("/etc/shadow") or "").get(footprint.user)


def _with_passwords(trace: UserTrace, footprint: UserFootprint, *, keep: bool) -> UserTrace:
    shadow = trace.moment.shadow
    all_of_it = keep and footprint.removes
    expires_day = () if shadow is None or shadow.expires_day is None else (shadow.expires_day,)
    password = () if shadow is None else (shadow.hash,)
    return msgspec.structs.replace(
        trace,
        password=password if footprint.password or all_of_it else None,
        expires_day=expires_day if footprint.expires or all_of_it else None,
        aging=shadow.aging if all_of_it and shadow is not None else None,
    )


def _with_home(trace: UserTrace, footprint: UserFootprint, host: ReadHost, *, keep: bool) -> UserTrace:
    home = trace.moment.home
    if not (footprint.manages_home and home.startswith("/")):
        return trace
    stat = host.stat(home)
    if stat is not None and footprint.removes and keep and not trace.absent:
        return msgspec.structs.replace(trace, has_home=True, unkept=f"what was in the home {home} was not kept")
    content = None
    if footprint.makes_home and stat is not None:
        content = digest_of([*_listed(host, home), *_listed(host, f"{home}/.ssh")])
    return msgspec.structs.replace(trace, has_home=stat is not None, home_content=content)


def _listed(host: ReadHost, folder: str) -> Iterator[tuple[str, str, int, int]]:
    for name in host.list_directory(folder) or ():
        stat = host.stat(f"{folder}/{name}")
        if stat is not None:
            yield name, stat.kind, 0 if stat.kind == "directory" else stat.size_bytes, stat.mtime_ns


def _with_keys(trace: UserTrace, footprint: UserFootprint, host: ReadHost, *, keep: bool) -> UserTrace:
    home = trace.moment.home
    if not (footprint.keys and home.startswith("/")):
        return trace
    folder = host.stat(f"{home}/.ssh")
    trace = msgspec.structs.replace(trace, key_folder=folder is not None, content="", key_file=())
    if folder is None or folder.kind != "directory":
        # The user owns this directory and may have put anything there: nothing is followed.
        return trace
    names = host.list_directory(f"{home}/.ssh") or ()
    trace = msgspec.structs.replace(trace, moment=msgspec.structs.replace(trace.moment, in_ssh=names))
    stat = host.stat(f"{home}/.ssh/authorized_keys")
    if stat is None or stat.kind != "file":
        return trace
    content = host.read_bytes(f"{home}/.ssh/authorized_keys") or b""
    is_small = len(content) <= MAX_FORMER_BYTES
    return msgspec.structs.replace(
        trace,
        content=digest(content),
        former=content if keep and is_small else None,
        unkept=trace.unkept if is_small or not keep else f"authorized_keys of {len(content)} bytes were not kept",
        key_file=(stat.mode, stat.uid, stat.gid),
    )
