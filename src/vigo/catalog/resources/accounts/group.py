"""The kind `group`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Revertible, Spec, field
from vigo.catalog.formats.accounts import GroupEntry, free_id, parse_group, parse_passwd
from vigo.catalog.formats.names import AccountId, check_account
from vigo.catalog.ops import Op, Run
from vigo.catalog.resources.accounts.former_group import (
    GroupFootprint,
    GroupPast,
    GroupTrace,
    group_brought_back,
    group_trace,
)
from vigo.catalog.resources.accounts.image import AccountFiles, file_changes, read_account_files
from vigo.catalog.resources.accounts.lookup import group_entry, require_tool, user_entry
from vigo.core.errors import BlockedError, InvalidError

_TOUCHES = ("accounts",)


class GroupSpec(Spec, frozen=True, kw_only=True):
    """A group of users."""

    group: Annotated[str, field("Name of the group.", example="deploy")]
    gid: Annotated[AccountId | None, field("Its number; the next free one where left out.")] = None
    members: Annotated[
        tuple[str, ...] | None,
        field("Exactly these users are members, beside those whose primary group it is; left alone where left out."),
    ] = None
    system: Annotated[bool, field("Take a new group's number from the range for system accounts.")] = False
    state: Annotated[Literal["present", "absent"], field("Whether the group shall be there.")] = "present"


class GroupState(msgspec.Struct, frozen=True):
    """The group as the host knows it; `files` are those of an image."""

    entry: GroupEntry | None
    gid_owner: str | None
    primary_of: str | None
    missing_members: tuple[str, ...]
    free_gid: int | None
    files: AccountFiles | None


class Group(Resource[GroupSpec, GroupState], Revertible[GroupSpec, GroupFootprint, GroupTrace]):
    """Members are compared as a set."""

    kind, since, spec = "group", "0.1", GroupSpec
    name_field = "group"
    footprint, trace = GroupFootprint, GroupTrace

    def validate(self, spec: GroupSpec) -> None:
        """Accept names that group(5) can hold."""
        check_account("group", spec.group)
        for member in spec.members or ():
            check_account("members", member)
        if spec.group == "root" and spec.state == "absent":
            raise InvalidError("group: expected another group than root, which every system needs")

    def observe(self, spec: GroupSpec, host: ReadHost) -> GroupState:
        """Return the group, and what could be in its way."""
        files = read_account_files(host) if host.is_image() else None
        if files is None:
            require_tool(host, "groupadd")
        groups = parse_group((files.group if files else host.read_text("/etc/group")) or "")
        users = parse_passwd((files.passwd if files else host.read_text("/etc/passwd")) or "")
        entry = group_entry(host, spec.group)
        owner = next((group.name for group in groups.values() if spec.gid == group.gid), None)
        primary = next((user.name for user in users.values() if entry and user.gid == entry.gid), None)
        missing = tuple(name for name in spec.members or () if user_entry(host, name) is None)
        free = free_id({group.gid for group in groups.values()}, system=spec.system)
        return GroupState(entry, owner, primary, missing, free, files)

    def plan(self, spec: GroupSpec, state: GroupState) -> Iterator[Op]:
        """Yield what makes, changes or removes the group."""
        if spec.state == "absent":
            yield from _removal(spec, state)
            return
        if state.gid_owner not in (None, spec.group):
            raise InvalidError(f"gid: expected {spec.gid} to be free, found group {state.gid_owner}; choose another")
        if state.missing_members:
            raise BlockedError(
                f"members: user {state.missing_members[0]} does not exist yet; add a user resource for it and put it"
                " in depends_on"
            )
        changes = _drift(spec, state)
        if changes and state.files is not None:
            yield from file_changes(state.files, state.files.with_group(_wanted(spec, state)), changes)
        elif changes:
            yield from _tool_calls(spec, state, changes)

    def owns(self, spec: GroupSpec) -> tuple[str, ...]:
        """Return the group."""
        return (f"group:{spec.group}",)

    def watches(self, spec: GroupSpec) -> tuple[str, ...]:
        """Return the files that tell of groups and their members."""
        del spec
        return ("/etc/group", "/etc/passwd")

    def footprints(self, spec: GroupSpec) -> Mapping[str, GroupFootprint]:
        """Return the group and what is declared of it; a removal takes all of it."""
        owned, gone = f"group:{spec.group}", spec.state == "absent"
        footprint = GroupFootprint(
            owns=(owned,), group=spec.group, gid=gone or spec.gid is not None, members=gone or spec.members is not None
        )
        return {owned: footprint}

    def look(self, footprint: GroupFootprint, host: ReadHost, *, keep: bool = False) -> GroupTrace:
        """Return the group's number and members."""
        return group_trace(footprint, host, keep=keep)

    def undo(self, pasts: Sequence[GroupPast]) -> Iterator[Op]:
        """Yield what removes, makes or changes each group."""
        for past in pasts:
            yield from group_brought_back(past)


def _drift(spec: GroupSpec, state: GroupState) -> tuple[str, ...]:
    entry = state.entry
    if entry is None:
        return ("state", "members") if spec.members else ("state",)
    differs = {
        "gid": spec.gid is not None and spec.gid != entry.gid,
        "members": spec.members is not None and set(spec.members) != set(entry.members),
    }
    return tuple(name for name, value in differs.items() if value)


def _wanted(spec: GroupSpec, state: GroupState) -> GroupEntry:
    gid = spec.gid if spec.gid is not None else state.entry.gid if state.entry else state.free_gid
    if gid is None:
        raise BlockedError("gid: expected a free number for the group, found none; give one by gid")
    members = spec.members if spec.members is not None else state.entry.members if state.entry else ()
    password = state.entry.password if state.entry else "x"
    return GroupEntry(name=spec.group, gid=gid, members=tuple(dict.fromkeys(members)), password=password)


def _tool_calls(spec: GroupSpec, state: GroupState, changes: tuple[str, ...]) -> Iterator[Op]:
    gid = () if spec.gid is None else ("--gid", str(spec.gid))
    if state.entry is None:
        system = ("--system",) if spec.system else ()
        yield Run(argv=("groupadd", *gid, *system, "--", spec.group), touches=_TOUCHES)
    elif "gid" in changes:
        yield Run(argv=("groupmod", *gid, "--", spec.group), touches=_TOUCHES, changes=("gid",))
    if "members" in changes:
        members = ",".join(dict.fromkeys(spec.members or ()))
        yield Run(argv=("gpasswd", "--members", members, "--", spec.group), touches=_TOUCHES, changes=("members",))


def _removal(spec: GroupSpec, state: GroupState) -> Iterator[Op]:
    if state.entry is None:
        return
    if state.primary_of is not None:
        raise InvalidError(
            f"state: expected group {spec.group} to be nobody's primary group, found user {state.primary_of};"
            " remove that user or change its gid first"
        )
    if state.files is not None:
        yield from file_changes(state.files, state.files.without_group(spec.group), ("state",))
    else:
        yield Run(argv=("groupdel", "--", spec.group), touches=_TOUCHES)
