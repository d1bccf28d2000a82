"""The account files of an image, edited as text.

`useradd --prefix` and its like would do too, but they follow a symlink out of the image (`etc -> /etc`), take a
password's hash as an argument that every user can read, and are missing on machines with another tool set. Writing the
files needs no tool, works without root and shows in a dry run what changes.
"""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.accounts import (
    GroupEntry,
    PasswdEntry,
    ShadowEntry,
    gshadow_with_members,
    parse_group,
    parse_passwd,
    parse_shadow,
    with_line,
    without_name,
)
from vigo.catalog.ops import Op, WriteFile
from vigo.core.errors import BlockedError

_PUBLIC, _SECRET = 0o644, 0o600


class AccountFiles(msgspec.Struct, frozen=True):
    """The four files as text, undecodable bytes as surrogates; None for one that is not there."""

    passwd: str | None
    group: str | None
    shadow: str | None
    gshadow: str | None

    def with_user(self, entry: PasswdEntry) -> "AccountFiles":
        """Return the files with this user."""
        return msgspec.structs.replace(self, passwd=with_line(self.passwd or "", entry.line()))

    def with_password(self, entry: ShadowEntry) -> "AccountFiles":
        """Return the files with this password."""
        return msgspec.structs.replace(self, shadow=with_line(self.shadow or "", entry.line()))

    def with_group(self, entry: GroupEntry) -> "AccountFiles":
        """Return the files with this group and its members."""
        gshadow = None if self.gshadow is None else gshadow_with_members(self.gshadow, entry.name, entry.members)
        return msgspec.structs.replace(self, group=with_line(self.group or "", entry.line()), gshadow=gshadow)

    def without_group(self, name: str) -> "AccountFiles":
        """Return the files without this group."""
        gshadow = None if self.gshadow is None else without_name(self.gshadow, name)
        return msgspec.structs.replace(self, group=without_name(self.group or "", name), gshadow=gshadow)

    def without_user(self, name: str) -> "AccountFiles":
        """Return the files without this user, its memberships, and its own group where nobody else is in it."""
        shadow = None if self.shadow is None else without_name(self.shadow, name)
        files = msgspec.structs.replace(self, passwd=without_name(self.passwd or "", name), shadow=shadow)
        for entry in parse_group(self.group or "").values():
            if name in entry.members:
                members = tuple(member for member in entry.members if member != name)
                files = files.with_group(msgspec.structs.replace(entry, members=members))
        own = parse_group(files.group or "").get(name)
        others = {user.gid for user in parse_passwd(files.passwd or "").values()}
        if own is not None and not own.members and own.gid not in others:
            files = files.without_group(name)
        return files

    def password_of(self, name: str) -> ShadowEntry | None:
        """Return a user's password entry."""
        return parse_shadow(self.shadow or "").get(name)


def read_account_files(host: ReadHost) -> AccountFiles:
    """Return the account files of an image.

    Raises:
        BlockedError: the image has no `/etc` to hold them.
    """
    if host.stat("/etc") is None:
        raise BlockedError("expected the directory /etc in the image, found none; add a directory resource for it")
    return AccountFiles(
        passwd=_text(host, "/etc/passwd"),
        group=_text(host, "/etc/group"),
        shadow=_text(host, "/etc/shadow"),
        gshadow=_text(host, "/etc/gshadow"),
    )


def file_changes(before: AccountFiles, after: AccountFiles, changes: tuple[str, ...]) -> Iterator[Op]:
    """Yield a write for each file that differs, groups before the users who are in them."""
    for name, mode in (("group", _PUBLIC), ("gshadow", _SECRET), ("passwd", _PUBLIC), ("shadow", _SECRET)):
        was, text = getattr(before, name), getattr(after, name)
        if text is not None and text != was:
            content = text.encode(errors="surrogateescape")
            yield WriteFile(path=f"/etc/{name}", content=content, mode=mode if was is None else None, changes=changes)


def _text(host: ReadHost, path: str) -> str | None:
    content = host.read_bytes(path)
    return None if content is None else content.decode(errors="surrogateescape")
