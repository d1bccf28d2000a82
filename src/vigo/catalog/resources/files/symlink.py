"""The kind `symlink`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import check_one_line, check_path
from vigo.catalog.ops import MakeHardLink, MakeSymlink, Op, RemoveFile
from vigo.catalog.resources.files.attributes import (
    Attributes,
    check_owner_fields,
    require_parent,
    wanted_attributes,
)
from vigo.catalog.resources.files.former_entry import EntryFootprint, RevertiblePath
from vigo.core.errors import BlockedError, InvalidError


class SymlinkSpec(Spec, frozen=True, kw_only=True):
    """A second name for a path: a symlink, or with `kind: hard` a hard link."""

    path: Annotated[str, field("Where the link is.", example="/etc/localtime", is_path=True)]
    to: Annotated[
        str | None,
        field("What it leads to; may be relative to the link's directory.", example="/usr/share/zoneinfo/UTC"),
    ] = None
    kind: Annotated[Literal["soft", "hard"], field("Which sort of link.")] = "soft"
    force: Annotated[bool, field("Replace or remove a regular file that is in the way; never a directory.")] = False
    owner: Annotated[str | None, field("Owner of the symlink itself, by name or number.")] = None
    group: Annotated[str | None, field("Group of the symlink itself, by name or number.")] = None
    state: Annotated[Literal["present", "absent"], field("Whether the link shall be there.")] = "present"


class SymlinkState(msgspec.Struct, frozen=True):
    """What is at the path, and for a hard link what is at the other one."""

    stat: FileStat | None
    to: str | None
    wanted: Attributes
    other: FileStat | None = None


class Symlink(RevertiblePath[SymlinkSpec], Resource[SymlinkSpec, SymlinkState]):
    """Soft links are compared by the text of their target, hard links by device and inode."""

    kind, since, spec = "symlink", "0.1", SymlinkSpec

    def validate(self, spec: SymlinkSpec) -> None:
        """Accept a target that the sort of link can have."""
        check_path("path", spec.path)
        check_owner_fields(spec.owner, spec.group)
        if spec.to is None:
            if spec.state == "present" or spec.kind == "hard":
                raise InvalidError("to: expected the path that the link leads to, found nothing; add it")
        elif spec.kind == "hard":
            check_path("to", spec.to)
        else:
            check_one_line("to", spec.to)
            if not spec.to:
                raise InvalidError("to: expected the path that the link leads to, found an empty text")
        if spec.kind == "hard" and (spec.owner is not None or spec.group is not None):
            raise InvalidError("owner: expected none for a hard link: it is the target's; set it on the target")

    def observe(self, spec: SymlinkSpec, host: ReadHost) -> SymlinkState:
        """Return what is at the path, without following it."""
        stat = host.stat(spec.path)
        target = host.read_link(spec.path) if stat is not None and stat.kind == "symlink" else None
        other = host.stat(spec.to) if spec.kind == "hard" and spec.to is not None else None
        if spec.state == "absent":
            return SymlinkState(stat, target, Attributes(), other)
        if stat is None:
            require_parent(host, spec.path)
        return SymlinkState(stat, target, wanted_attributes(host, None, spec.owner, spec.group), other)

    def plan(self, spec: SymlinkSpec, state: SymlinkState) -> Iterator[Op]:
        """Yield the link, its owner, or its removal."""
        stat = state.stat
        if stat is not None and stat.kind in ("directory", "other"):
            raise InvalidError(
                f"path: expected a link at {spec.path} or nothing, found a directory or device; it is never replaced"
            )
        ours = _is_ours(spec, state)
        if stat is not None and stat.kind == "file" and not ours and not spec.force:
            raise InvalidError(
                f"path: expected a link at {spec.path} or nothing, found a regular file; set force: true to lose it"
            )
        if spec.state == "absent":
            if stat is not None:
                yield RemoveFile(path=spec.path)
        elif spec.kind == "hard":
            yield from _hard_link(spec, state, ours=ours)
        elif not ours:
            changes = ("state", "to") if stat is None or stat.kind == "file" else ("to",)
            yield MakeSymlink(
                path=spec.path, to=spec.to or "", uid=state.wanted.uid, gid=state.wanted.gid, changes=changes
            )
        elif stat is not None:
            yield from state.wanted.settle(spec.path, stat)

    def owns(self, spec: SymlinkSpec) -> tuple[str, ...]:
        """Return the path."""
        return (f"path:{spec.path}",)

    def footprints(self, spec: SymlinkSpec) -> Mapping[str, EntryFootprint]:
        """Return the path; what `force` replaces goes whole, as does what is removed."""
        owned, gone = f"path:{spec.path}", spec.state == "absent"
        footprint = EntryFootprint(
            owns=(owned,),
            path=spec.path,
            makes=None if gone else "file" if spec.kind == "hard" else "symlink",
            content=True,
            mode=gone,
            owner=gone or spec.owner is not None,
            group=gone or spec.group is not None,
            hard_to=spec.to if spec.kind == "hard" else None,
        )
        return {owned: footprint}


def _is_ours(spec: SymlinkSpec, state: SymlinkState) -> bool:
    if state.stat is None:
        return False
    if spec.kind == "soft":
        return state.to is not None and state.to == spec.to
    other = state.other
    return other is not None and (state.stat.device, state.stat.inode) == (other.device, other.inode)


def _hard_link(spec: SymlinkSpec, state: SymlinkState, *, ours: bool) -> Iterator[Op]:
    if state.other is None:
        raise BlockedError(f"to: expected a file at {spec.to}, found nothing; add a resource that makes it first")
    if state.other.kind != "file":
        raise InvalidError(f"to: expected a regular file at {spec.to}, found a {state.other.kind}; use kind: soft")
    if not ours:
        changes = ("state", "to") if state.stat is None else ("to",)
        yield MakeHardLink(path=spec.path, to=spec.to or "", changes=changes)
