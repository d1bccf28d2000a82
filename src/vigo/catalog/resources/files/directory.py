"""The kind `directory`."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import SYSTEM_DIRECTORIES, Mode, check_path, mode_bits
from vigo.catalog.ops import MakeDirectory, Op, RemoveDirectory, RemoveFile
from vigo.catalog.resources.files.attributes import (
    Attributes,
    check_owner_fields,
    require_parent,
    wanted_attributes,
)
from vigo.catalog.resources.files.former_entry import EntryFootprint, RevertiblePath
from vigo.core.errors import InvalidError, UnavailableError

MAX_ENTRIES = 100_000
"""How many paths `recurse` looks at before it says that this is no tree to manage path by path."""


class DirectorySpec(Spec, frozen=True, kw_only=True):
    """A directory and its metadata; with `purge` also what may be in it."""

    path: Annotated[str, field("Where the directory is.", example="/srv/www", is_path=True)]
    mode: Annotated[Mode | None, field("Permission bits, octal.", example="0755")] = None
    owner: Annotated[str | None, field("Owner, by name or number.", example="root")] = None
    group: Annotated[str | None, field("Group, by name or number.", example="root")] = None
    recurse: Annotated[
        bool,
        field("Give owner, group and mode to everything beneath too: `mode` to directories, `file_mode` to files."),
    ] = False
    file_mode: Annotated[
        Mode | None,
        field("With recurse, permission bits of the files beneath.", example="0644"),
    ] = None
    purge: Annotated[
        bool,
        field(
            "Remove what is directly in the directory and matches nothing in `keep`, directories with all that is in"
            " them. With state absent: remove the directory even when it is not empty."
        ),
    ] = False
    keep: Annotated[
        tuple[str, ...],
        field("Names and globs that purge leaves alone; name what other resources manage.", example=["*.conf"]),
    ] = ()
    state: Annotated[Literal["present", "absent"], field("Whether the directory shall be there.")] = "present"


class DirectoryState(msgspec.Struct, frozen=True):
    """What is at the path, and where it matters what is in it: paths with their stat, parents before children."""

    stat: FileStat | None
    wanted: Attributes
    entries: tuple[tuple[str, FileStat], ...] = ()
    beneath: tuple[tuple[str, FileStat], ...] = ()


class Directory(RevertiblePath[DirectorySpec], Resource[DirectorySpec, DirectoryState]):
    """Purge goes by `keep` alone: a kind sees its own resource and the host, never the rest of the policy."""

    kind, since, spec = "directory", "0.1", DirectorySpec

    def validate(self, spec: DirectorySpec) -> None:
        """Accept an absolute path, and purge or removal only where it cannot take the system away."""
        check_path("path", spec.path)
        check_owner_fields(spec.owner, spec.group)
        if spec.path in SYSTEM_DIRECTORIES and (spec.purge or spec.state == "absent"):
            raise InvalidError(
                f"path: expected no system directory to be emptied or removed, found {spec.path};"
                " name a directory of your own"
            )
        if spec.file_mode is not None and not spec.recurse:
            raise InvalidError("file_mode: expected recurse: true beside it, found none; files are left alone without")
        if spec.keep and not spec.purge:
            raise InvalidError("keep: expected purge: true beside it, found none; nothing is removed without")
        if any(not glob or "/" in glob for glob in spec.keep):
            raise InvalidError("keep: expected names or globs without `/`, matched inside the directory itself")

    def observe(self, spec: DirectorySpec, host: ReadHost) -> DirectoryState:
        """Return what is at the path and, for recurse and purge, what is in it."""
        stat = host.stat(spec.path)
        if spec.state == "absent":
            entries = _entries(host, spec.path) if stat is not None and stat.kind == "directory" else ()
            return DirectoryState(stat, Attributes(), entries)
        if stat is None:
            require_parent(host, spec.path)
        wanted = wanted_attributes(host, spec.mode, spec.owner, spec.group)
        if stat is None or stat.kind != "directory":
            return DirectoryState(stat, wanted)
        entries = _entries(host, spec.path) if spec.purge else ()
        beneath = tuple(_walk(host, spec.path, stat.device)) if spec.recurse else ()
        return DirectoryState(stat, wanted, entries, beneath)

    def plan(self, spec: DirectorySpec, state: DirectoryState) -> Iterator[Op]:
        """Yield a removal; or the directory, its metadata, and what recurse and purge ask for."""
        if state.stat is not None and state.stat.kind != "directory":
            raise InvalidError(
                f"path: expected a directory at {spec.path} or nothing, found a {state.stat.kind}; it is not replaced:"
                " remove it with a file or symlink resource first"
            )
        if spec.state == "absent":
            yield from _removal(spec, state)
        elif state.stat is None:
            wanted = state.wanted
            mode = 0o755 if wanted.mode is None else wanted.mode
            yield MakeDirectory(path=spec.path, mode=mode, uid=wanted.uid, gid=wanted.gid)
        else:
            yield from state.wanted.settle(spec.path, state.stat)
            doomed = {path for path, _ in state.entries if not _kept(spec, path)}
            yield from _metadata_beneath(spec, state, doomed)
            for path, stat in state.entries:
                if path in doomed:
                    yield _remove(path, stat, ("purge",))

    def owns(self, spec: DirectorySpec) -> tuple[str, ...]:
        """Return the path."""
        return (f"path:{spec.path}",)

    def cannot_undo(self, spec: DirectorySpec) -> str:
        """Name what happens beneath the directory: it may be any number of paths and contents."""
        if spec.purge:
            return "what purge removes is not brought back"
        return "the owners and modes that recurse changes beneath it are not brought back" if spec.recurse else ""

    def footprints(self, spec: DirectorySpec) -> Mapping[str, EntryFootprint]:
        """Return the directory itself and what is declared of it."""
        owned, gone = f"path:{spec.path}", spec.state == "absent"
        footprint = EntryFootprint(
            owns=(owned,),
            path=spec.path,
            makes=None if gone else "directory",
            content=gone,
            mode=gone or spec.mode is not None,
            owner=gone or spec.owner is not None,
            group=gone or spec.group is not None,
        )
        return {owned: footprint}


def _removal(spec: DirectorySpec, state: DirectoryState) -> Iterator[Op]:
    if state.stat is None:
        return
    if state.entries and not spec.purge:
        raise InvalidError(
            f"path: expected {spec.path} to be empty, found {len(state.entries)} entries;"
            " set purge: true to remove them too"
        )
    kept = [path for path, _ in state.entries if _kept(spec, path)]
    if kept:
        raise InvalidError(f"keep: expected nothing kept in a directory that shall be absent, found {kept[0]}")
    yield RemoveDirectory(path=spec.path, recursive=bool(state.entries))


def _metadata_beneath(spec: DirectorySpec, state: DirectoryState, doomed: set[str]) -> Iterator[Op]:
    owner = Attributes(None, state.wanted.uid, state.wanted.gid)
    for_directories = Attributes(state.wanted.mode, owner.uid, owner.gid)
    for_files = Attributes(None if spec.file_mode is None else mode_bits(spec.file_mode), owner.uid, owner.gid)
    for path, stat in state.beneath:
        if _top(spec.path, path) in doomed:
            continue
        wanted = {"directory": for_directories, "file": for_files}.get(stat.kind, owner)
        for op in wanted.settle(path, stat):
            yield msgspec.structs.replace(op, changes=("recurse",))


def _entries(host: ReadHost, path: str) -> tuple[tuple[str, FileStat], ...]:
    found = []
    for name in host.list_directory(path) or ():
        stat = host.stat(_joined(path, name))
        if stat is not None:
            found.append((_joined(path, name), stat))
    return tuple(found)


def _walk(host: ReadHost, top: str, device: int) -> Iterator[tuple[str, FileStat]]:
    pending, seen = [top], 0
    while pending:
        for path, stat in _entries(host, pending.pop()):
            if stat.device != device:
                continue
            seen += 1
            if seen > MAX_ENTRIES:
                raise UnavailableError(
                    f"recurse: expected at most {MAX_ENTRIES} paths beneath {top}, found more; choose a smaller one"
                )
            yield path, stat
            if stat.kind == "directory":
                pending.append(path)


def _remove(path: str, stat: FileStat, changes: tuple[str, ...]) -> Op:
    if stat.kind == "directory":
        return RemoveDirectory(path=path, recursive=True, changes=changes)
    return RemoveFile(path=path, changes=changes)


def _kept(spec: DirectorySpec, path: str) -> bool:
    name = path.rpartition("/")[2]
    return any(fnmatchcase(name, glob) for glob in spec.keep)


def _top(root: str, path: str) -> str:
    prefix = root.removesuffix("/") + "/"
    return prefix + path.removeprefix(prefix).partition("/")[0]


def _joined(path: str, name: str) -> str:
    return f"{path.removesuffix('/')}/{name}"
