"""What stood at a path before a resource had a hand in it, and how it comes back: for every kind that owns a path."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, TypeVar

import msgspec

from vigo.catalog.api import (
    MAX_FORMER_BYTES,
    FileKind,
    FileStat,
    Footprint,
    Past,
    ReadHost,
    Revertible,
    Spec,
    Trace,
)
from vigo.catalog.ops import MakeDirectory, MakeHardLink, MakeSymlink, Op, RemoveDirectory, RemoveFile, WriteFile
from vigo.catalog.resources.files.attributes import Attributes
from vigo.core.encoding import digest
from vigo.core.errors import BlockedError, TooLargeError

SpecT = TypeVar("SpecT", bound=Spec)


class EntryFootprint(Footprint, frozen=True, kw_only=True):
    """A path and what of it is the resource's work.

    `makes` is what it puts there, and `hard_to` the other name of a hard link.
    """

    path: str
    makes: FileKind | None = None
    content: bool = False
    mode: bool = False
    owner: bool = False
    group: bool = False
    hard_to: str | None = None

    def after(self, before: Trace) -> "EntryFootprint":
        """Return this footprint; where something else was there before, all of that went and has to come back."""
        footprint = super().after(before)
        if not isinstance(before, EntryTrace) or before.kind in (None, self.makes):
            return footprint
        return msgspec.structs.replace(footprint, content=True, mode=True, owner=True, group=True)

    def watches(self, aspect: str) -> bool:
        """Return whether an aspect is the resource's work."""
        return self.whole or bool(getattr(self, aspect))


class EntryTrace(Trace, frozen=True, kw_only=True):
    """What is at a path. `linked` says that it is the hard link; `full`, that a directory has something in it."""

    kind: FileKind | None = None
    to: str | None = None
    linked: bool | None = None
    mode: int | None = None
    owner: int | None = None
    group: int | None = None
    full: bool | None = None

    def kept(self) -> "EntryTrace":
        """Return what is stored and compared: what others put into a directory is none of the resource's work."""
        return msgspec.structs.replace(self, former=None, full=None)


EntryPast = Past[EntryFootprint, EntryTrace]


class RevertiblePath(Revertible[SpecT, EntryFootprint, EntryTrace]):
    """Undoing for a kind whose resources own one path each; the kind itself only names the footprint."""

    footprint, trace = EntryFootprint, EntryTrace
    spec: ClassVar[type[Spec]]

    def look(self, footprint: EntryFootprint, host: ReadHost, *, keep: bool = False) -> EntryTrace:
        """Return what is at the path, symlinks not followed."""
        stat = host.stat(footprint.path)
        if stat is None:
            return EntryTrace(absent=True)
        linked = None
        if footprint.hard_to not in (None, footprint.path):
            linked = _is_same(stat, host.stat(footprint.hard_to or ""))
            if linked:  # its content and metadata are those of the other name
                return EntryTrace(absent=False, kind="file", linked=True)
        trace = EntryTrace(
            absent=False,
            kind=stat.kind,
            linked=linked,
            mode=stat.mode if (keep or footprint.watches("mode")) and stat.kind != "symlink" else None,
            owner=stat.uid if keep or footprint.watches("owner") else None,
            group=stat.gid if keep or footprint.watches("group") else None,
        )
        return _with_content(trace, footprint, host, stat, keep=keep)

    def undo(self, pasts: Sequence[EntryPast]) -> Iterator[Op]:
        """Yield what removes, writes, links or makes each path as it was, or gives it its former metadata."""
        fields = self.spec.__struct_fields__
        for past in pasts:
            for op in _brought_back(past):
                changes = tuple(name for name in op.changes if name in fields)
                yield msgspec.structs.replace(op, changes=changes or ("state",))


def _with_content(
    trace: EntryTrace, footprint: EntryFootprint, host: ReadHost, stat: FileStat, *, keep: bool
) -> EntryTrace:
    if stat.kind == "symlink":
        return msgspec.structs.replace(trace, to=host.read_link(footprint.path))
    if stat.kind == "directory":
        full = bool(host.list_directory(footprint.path))
        unkept = "what was in it was not kept" if keep and full and footprint.content else None
        return msgspec.structs.replace(trace, full=full, unkept=unkept)
    if stat.kind == "file" and footprint.watches("content"):
        return msgspec.structs.replace(trace, **_content(footprint.path, host, stat, keep=keep))
    return trace


def _content(path: str, host: ReadHost, stat: FileStat, *, keep: bool) -> dict[str, str | bytes | None]:
    """Return the fields of a trace that tell of a file's content."""
    try:
        content = host.read_bytes(path) or b""
    except TooLargeError:
        return {"content": f"{stat.size_bytes} bytes", "unkept": _too_large(stat.size_bytes) if keep else None}
    is_small = len(content) <= MAX_FORMER_BYTES
    return {
        "content": digest(content),
        "former": content if keep and is_small else None,
        "unkept": _too_large(len(content)) if keep and not is_small else None,
    }


def _too_large(size_bytes: int) -> str:
    return f"its former content of {size_bytes} bytes was not kept: {MAX_FORMER_BYTES} are the most"


def _is_same(stat: FileStat, other: FileStat | None) -> bool:
    return other is not None and (stat.device, stat.inode) == (other.device, other.inode)


def _brought_back(past: EntryPast) -> Iterator[Op]:
    footprint, before, now = past
    if now.kind == "other":
        raise BlockedError(f"expected what this resource made at {footprint.path}, found a device, socket or pipe")
    if before.absent:
        yield from _removal(footprint.path, now)
    elif before.kind == now.kind and before.linked == now.linked and before.to == now.to and _has_content(before, now):
        yield from _metadata(past)
    elif now.kind == "directory" or (before.kind == "directory" and not now.absent):
        # What takes the place of the other cannot do so at once.
        yield from _removal(footprint.path, now)
        yield from _brought_back(past._replace(now=EntryTrace(absent=True)))
    elif before.linked:
        yield MakeHardLink(path=footprint.path, to=footprint.hard_to or "")
    elif before.kind == "symlink":
        yield MakeSymlink(path=footprint.path, to=before.to or "", uid=before.owner, gid=before.group)
    elif before.kind == "directory":
        mode = 0o755 if before.mode is None else before.mode
        yield MakeDirectory(path=footprint.path, mode=mode, uid=before.owner, gid=before.group)
    else:
        yield _write(past)


def _removal(path: str, now: EntryTrace) -> Iterator[Op]:
    if now.kind == "directory" and now.full:
        raise BlockedError(
            f"expected the directory {path}, which was not there before, to be empty, found something in it that this"
            " resource did not put there: move or remove that"
        )
    if not now.absent:
        yield RemoveDirectory(path=path) if now.kind == "directory" else RemoveFile(path=path)


def _metadata(past: EntryPast) -> Iterator[Op]:
    """Yield the former owner and mode.

    Who owned the file meanwhile may have put anything into it: it is not made to run as its former owner again, unless
    its content is known to be the former one.
    """
    footprint, before, now = past
    wanted = Attributes(
        mode=before.mode if now.mode is not None else None,
        uid=before.owner if now.owner is not None else None,
        gid=before.group if now.group is not None else None,
    )
    stat = FileStat(kind=now.kind or "file", mode=now.mode or 0, uid=now.owner or 0, gid=now.group or 0)
    is_trusted = now.kind != "file" or now.content is not None
    given = wanted if is_trusted else msgspec.structs.replace(wanted, mode=_without_set_id(wanted.mode))
    yield from given.settle(footprint.path, stat)
    if given != wanted and wanted.drift(stat):
        raise BlockedError(
            f"{footprint.path}: expected to know its content before its former mode {wanted.mode:04o} comes back, which"
            " lets it run as its owner; found that this resource has no hand in the content: look at it, and set the"
            " mode by hand"
        )


def _without_set_id(mode: int | None) -> int | None:
    return None if mode is None else mode & ~0o6000


def _write(past: EntryPast) -> WriteFile:
    footprint, before, now = past
    if before.former is None:
        raise BlockedError(f"{footprint.path}: its former content was not kept")
    # What is replaced keeps the metadata that the resource had no hand in; elsewhere all of it comes back.
    is_new = now.kind != "file" or bool(now.linked)
    given = {name: is_new or footprint.watches(name) for name in ("mode", "owner", "group")}
    drift = tuple(name for name in given if given[name] and getattr(before, name) != getattr(now, name))
    return WriteFile(
        path=footprint.path,
        content=before.former,
        mode=before.mode if given["mode"] else None,
        uid=before.owner if given["owner"] else None,
        gid=before.group if given["group"] else None,
        break_links=True,  # what is there now is the resource's own work, its hard link too
        changes=("state",) if is_new else ("content", *drift),
    )


def _has_content(before: EntryTrace, now: EntryTrace) -> bool:
    return before.content is None or before.content == now.content
