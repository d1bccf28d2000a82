"""What the kind `user` looks at."""

from collections.abc import Mapping

import msgspec

from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.formats.accounts import (
    GroupEntry,
    PasswdEntry,
    ShadowEntry,
    free_id,
    parse_group,
    parse_passwd,
    parse_shadow,
)
from vigo.catalog.resources.accounts.image import AccountFiles, read_account_files
from vigo.catalog.resources.accounts.key_file import KeyFile, owners_are_kept, read_key_file
from vigo.catalog.resources.accounts.lookup import gid_of, group_entry, require_tool, user_entry
from vigo.catalog.resources.accounts.user_spec import UserSpec
from vigo.catalog.resources.files.attributes import require_parent


class UserState(msgspec.Struct, frozen=True, kw_only=True):
    """The account as the host knows it. `files` are those of an image; on a running host they are None.

    `moves_home` says that a managed home is there and has to go to another place, where nothing is yet.
    """

    entry: PasswdEntry | None
    shadow: ShadowEntry | None = None
    groups: Mapping[str, GroupEntry] = {}
    missing_groups: tuple[str, ...] = ()
    gid: int | None = None
    uid_owner: str | None = None
    free_uid: int | None = None
    free_gid: int | None = None
    home: FileStat | None = None
    moves_home: bool = False
    keys: KeyFile | None = None
    files: AccountFiles | None = None
    can_chown: bool = True


def observe_user(spec: UserSpec, host: ReadHost) -> UserState:
    """Return the account.

    Raises:
        BlockedError: the primary group or the home's parent is not there yet, or the shadow tools or an image's
            `/etc` are missing.
    """
    files = read_account_files(host) if host.is_image() else None
    if files is None:
        require_tool(host, "useradd")
    entry = user_entry(host, spec.user)
    if spec.state == "absent":
        home = host.stat(entry.home) if entry is not None and entry.home.startswith("/") else None
        return UserState(entry=entry, files=files, home=home)
    users = parse_passwd((files.passwd if files else host.read_text("/etc/passwd")) or "")
    groups = parse_group((files.group if files else host.read_text("/etc/group")) or "")
    home_path = spec.home or (entry.home if entry else f"/home/{spec.user}")
    home = host.stat(home_path) if home_path.startswith("/") else None
    moves_home = False
    if spec.manage_home and home is None:
        require_parent(host, home_path, "home")
        moves_home = entry is not None and entry.home not in ("", home_path) and host.stat(entry.home) is not None
    uid = spec.uid if spec.uid is not None else None if entry else free_id(_uids(users), system=spec.system)
    present_home = entry.home if moves_home and entry is not None else home_path
    taken_gids = {group.gid for group in groups.values()}
    return UserState(
        entry=entry,
        shadow=_shadow(spec, host, files),
        groups=groups,
        missing_groups=tuple(name for name in spec.groups if group_entry(host, name) is None),
        gid=gid_of(host, spec.gid),
        uid_owner=next((user.name for user in users.values() if spec.uid == user.uid), None),
        free_uid=uid,
        free_gid=uid if uid is not None and uid not in taken_gids else free_id(taken_gids, system=spec.system),
        home=home,
        moves_home=moves_home,
        keys=None if spec.authorized_keys is None else read_key_file(host, present_home),
        files=files,
        can_chown=owners_are_kept(host),
    )


def _uids(users: Mapping[str, PasswdEntry]) -> set[int]:
    return {user.uid for user in users.values()}


def _shadow(spec: UserSpec, host: ReadHost, files: AccountFiles | None) -> ShadowEntry | None:
    if files is not None:
        return files.password_of(spec.user)
    declared = (spec.password, spec.password_hash, spec.locked, spec.expires)
    if all(value is None for value in declared):
        return None
    return parse_shadow(host.read_text("/etc/shadow") or "").get(spec.user)
