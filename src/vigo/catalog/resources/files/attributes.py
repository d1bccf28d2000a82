"""Owner, group and mode of a path: what is wanted, what differs and the operations that settle it."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.formats.names import check_account_or_id, mode_bits
from vigo.catalog.ops import Op, SetMode, SetOwner
from vigo.catalog.resources.accounts.lookup import gid_of, uid_of
from vigo.core.errors import BlockedError, InvalidError


class Attributes(msgspec.Struct, frozen=True):
    """What a path's metadata shall be; None leaves it as it is."""

    mode: int | None = None
    uid: int | None = None
    gid: int | None = None

    def drift(self, stat: FileStat) -> tuple[str, ...]:
        """Return the names of the fields that differ, in the order mode, owner, group."""
        wanted = (("mode", self.mode, stat.mode), ("owner", self.uid, stat.uid), ("group", self.gid, stat.gid))
        return tuple(name for name, value, found in wanted if value is not None and value != found)

    def settle(self, path: str, stat: FileStat) -> Iterator[Op]:
        """Yield what brings the path's metadata into state.

        The owner comes first: chown(2) takes the set-user-id bits away, and the new mode shall hold for the new owner.
        """
        drift = self.drift(stat)
        fields = tuple(name for name in drift if name != "mode")
        if fields:
            uid = self.uid if "owner" in drift else None
            gid = self.gid if "group" in drift else None
            yield SetOwner(path=path, uid=uid, gid=gid, changes=fields)
        lost_bits = fields and self.mode is not None and self.mode & 0o6000
        if self.mode is not None and ("mode" in drift or lost_bits):
            yield SetMode(path=path, mode=self.mode)


def check_owner_fields(owner: str | None, group: str | None) -> None:
    """Accept names or numbers.

    Raises:
        InvalidError: one is neither.
    """
    for field, value in (("owner", owner), ("group", group)):
        if value is not None:
            check_account_or_id(field, value)


def wanted_attributes(host: ReadHost, mode: str | None, owner: str | None, group: str | None) -> Attributes:
    """Return the attributes with names resolved to ids.

    Raises:
        BlockedError: the host has no such user or group yet.
    """
    return Attributes(None if mode is None else mode_bits(mode), uid_of(host, owner), gid_of(host, group))


def require_one_name(path: str, stat: FileStat | None) -> None:
    """Accept a file that has no other names, which would keep the former content when it is replaced.

    Raises:
        InvalidError: it has some.
    """
    if stat is not None and stat.kind == "file" and stat.links > 1:
        raise InvalidError(
            f"path: expected a file with one name at {path}, found one with {stat.links} (hard links): the others would"
            " keep the former content; remove them, or have a file resource do it with break_links: true"
        )


def parent_of(path: str) -> str:
    """Return the directory that holds a normalised path."""
    return path.rpartition("/")[0] or "/"


def require_parent(host: ReadHost, path: str, field: str = "path") -> None:
    """Accept a path, the value of a field, whose directory is there.

    Raises:
        BlockedError: it is missing, or is no directory.
    """
    parent = parent_of(path)
    stat = host.stat(parent)
    if stat is None:
        raise BlockedError(
            f"{field}: expected the directory {parent} to hold {path}, found none; add a directory resource for it"
            " and put it in depends_on"
        )
    if stat.kind not in ("directory", "symlink"):
        raise BlockedError(f"{field}: expected the directory {parent} to hold {path}, found a {stat.kind} of that name")
