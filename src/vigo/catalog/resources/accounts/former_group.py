"""A group before a resource had a hand in it, and how it comes back."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import Footprint, Past, ReadHost, Trace
from vigo.catalog.formats.accounts import GroupEntry, parse_group, parse_passwd
from vigo.catalog.ops import Op, Run
from vigo.catalog.resources.accounts.image import AccountFiles, file_changes, read_account_files
from vigo.catalog.resources.accounts.lookup import group_entry, require_tool
from vigo.core.errors import BlockedError

_TOUCHES = ("accounts",)


class GroupFootprint(Footprint, frozen=True, kw_only=True):
    """A group, and whether its number and its members are the resource's work beside its being there."""

    group: str
    gid: bool = False
    members: bool = False


class GroupTrace(Trace, frozen=True, kw_only=True):
    """How a group is. `members` are sorted, `listed` is how they stand before the first change.

    The user whose primary group it is and an image's files are of the moment.
    """

    gid: int | None = None
    members: tuple[str, ...] | None = None
    listed: tuple[str, ...] | None = None
    primary_of: str | None = None
    files: AccountFiles | None = None

    def kept(self) -> "GroupTrace":
        """Return it without what is only of use while it is looked at."""
        return msgspec.structs.replace(self, primary_of=None, files=None)


GroupPast = Past[GroupFootprint, GroupTrace]


def group_trace(footprint: GroupFootprint, host: ReadHost, *, keep: bool) -> GroupTrace:
    """Return what of a group the resource has a hand in.

    Raises:
        BlockedError: the host has no tools to change groups.
    """
    files = read_account_files(host) if host.is_image() else None
    if files is None:
        require_tool(host, "groupadd")
    group = parse_group(files.group or "").get(footprint.group) if files else group_entry(host, footprint.group)
    if group is None:
        return GroupTrace(absent=True, files=files)
    users = parse_passwd((files.passwd if files else host.read_text("/etc/passwd")) or "")
    return GroupTrace(
        absent=False,
        gid=group.gid if keep or footprint.whole or footprint.gid else None,
        members=tuple(sorted(set(group.members))) if keep or footprint.whole or footprint.members else None,
        listed=group.members if keep else None,
        primary_of=next((user.name for user in users.values() if user.gid == group.gid), None),
        files=files,
    )


def group_brought_back(past: GroupPast) -> Iterator[Op]:
    """Yield what removes a group that was not there, makes one that was, and gives it its number and members.

    Raises:
        BlockedError: it has become somebody's primary group.
    """
    footprint, before, now = past
    if before.absent:
        if now.primary_of is not None:
            raise BlockedError(
                f"expected the group {footprint.group}, which was not there before, to be nobody's primary group, found"
                f" user {now.primary_of}; remove that user or change its gid"
            )
        if not now.absent:
            yield from _removed(footprint.group, now)
        return
    gid = None if before.gid == now.gid or (now.gid is None and not now.absent) else before.gid
    members = None if before.members == now.members or (now.members is None and not now.absent) else before.listed
    yield from _tool_calls(past, gid, members) if now.files is None else _in_image(past, now.files, gid, members)


def _removed(group: str, now: GroupTrace) -> Iterator[Op]:
    if now.files is not None:
        yield from file_changes(now.files, now.files.without_group(group), ("state",))
    else:
        yield Run(argv=("groupdel", "--", group), touches=_TOUCHES)


def _tool_calls(past: GroupPast, gid: int | None, members: tuple[str, ...] | None) -> Iterator[Op]:
    group = past.footprint.group
    if past.now.absent:
        yield Run(argv=("groupadd", "--gid", str(gid), "--", group), touches=_TOUCHES)
    elif gid is not None:
        yield Run(argv=("groupmod", "--gid", str(gid), "--", group), touches=_TOUCHES, changes=("gid",))
    if members or (members is not None and not past.now.absent):
        argv = ("gpasswd", "--members", ",".join(members), "--", group)
        yield Run(argv=argv, touches=_TOUCHES, changes=("members",))


def _in_image(past: GroupPast, files: AccountFiles, gid: int | None, members: tuple[str, ...] | None) -> Iterator[Op]:
    name = past.footprint.group
    group = parse_group(files.group or "").get(name, GroupEntry(name=name, gid=gid or 0))
    wanted = msgspec.structs.replace(
        group, gid=group.gid if gid is None else gid, members=group.members if members is None else members
    )
    fields = (
        ("state",)
        if past.now.absent
        else tuple(field for field, value in (("gid", gid), ("members", members)) if value is not None)
    )
    if fields:
        yield from file_changes(files, files.with_group(wanted), fields)
