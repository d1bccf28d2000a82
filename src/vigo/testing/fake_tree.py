"""A file tree in memory, with symlinks, hard links and the file operations of the catalogue."""

from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec

from vigo.catalog.api import FileKind, FileStat
from vigo.catalog.ops import (
    MakeDirectory,
    MakeHardLink,
    MakeSymlink,
    Op,
    RemoveDirectory,
    RemoveFile,
    SetMode,
    SetOwner,
    WriteFile,
    WriteKernelFile,
)
from vigo.core.errors import InvalidError, UnavailableError

MAX_LINKS = 40
"""How many symlinks one path may lead through. Source: path_resolution(7)."""

Accepts = Callable[[tuple[str, ...]], bool]


class FakeNode(msgspec.Struct, frozen=True, kw_only=True):
    """A file, directory, symlink or other thing. `unreadable` is the reason why its content cannot be read."""

    kind: FileKind = "file"
    content: bytes = b""
    to: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    device: int = 1
    unreadable: str = ""

    @classmethod
    def directory(cls, mode: int = 0o755, uid: int = 0, gid: int = 0) -> "FakeNode":
        """Return a directory."""
        return cls(kind="directory", mode=mode, uid=uid, gid=gid)

    @classmethod
    def symlink(cls, to: str) -> "FakeNode":
        """Return a symlink."""
        return cls(kind="symlink", to=to, mode=0o777)


class FakeTree:
    """Paths that lead to inodes: two paths with one inode are hard links."""

    def __init__(self, files: Mapping[str, str | bytes | FakeNode], agent_uid: int) -> None:
        self._agent_uid = agent_uid
        self._inode_of: dict[str, int] = {}
        self._nodes: dict[int, FakeNode] = {}
        self._mtime: dict[int, int] = {}
        self._clock = 0
        self._put("/", FakeNode.directory(uid=agent_uid, gid=agent_uid))
        for path, given in sorted(files.items()):
            if not path.startswith("/") or (path != "/" and path.endswith("/")):
                raise LookupError(f"the fake host has only absolute paths without a trailing slash, found {path!r}")
            node = given if isinstance(given, FakeNode) else FakeNode(content=_bytes(given))
            for parent in _parents(path):
                if parent not in self._inode_of:
                    self._put(parent, FakeNode.directory())
                elif self._nodes[self._inode_of[parent]].kind != "directory":
                    raise LookupError(f"impossible host: {path} is beneath {parent}, which is no directory")
            self._put(path, node)

    def stat(self, path: str) -> FileStat | None:
        """Return what is at the path itself."""
        inode = self._find(path, follow=False)
        if inode is None:
            return None
        node = self._nodes[inode]
        size = len(node.to.encode()) if node.kind == "symlink" else len(node.content)
        return FileStat(
            kind=node.kind,
            mode=node.mode,
            uid=node.uid,
            gid=node.gid,
            size_bytes=size,
            links=sum(other == inode for other in self._inode_of.values()),
            inode=inode,
            device=node.device,
            mtime_ns=self._mtime[inode],
        )

    def read(self, path: str) -> bytes | None:
        """Return a regular file's content, symlinks followed."""
        node = self._readable(path)
        if node is None:
            return None
        if node.kind != "file":
            raise UnavailableError(f"{path}: expected a regular file, found a {node.kind}")
        return node.content

    def read_link(self, path: str) -> str | None:
        """Return a symlink's target as written."""
        inode = self._find(path, follow=False)
        node = None if inode is None else self._nodes[inode]
        return node.to if node is not None and node.kind == "symlink" else None

    def names_in(self, path: str) -> tuple[str, ...] | None:
        """Return the names in a directory, sorted."""
        node = self._readable(path)
        if node is None or node.kind != "directory":
            return None
        prefix = _prefix(self._resolved(path, follow=True) or "/")
        return tuple(sorted(other[len(prefix) :] for other in self._inode_of if _is_child(other, prefix)))

    def snapshot(self) -> dict[str, FakeNode]:
        """Return every path and what is there."""
        return {path: self._nodes[inode] for path, inode in sorted(self._inode_of.items())}

    def replace(self, path: str, content: str) -> None:
        """Write a file as a program of the host would: missing directories are made."""
        for parent in _parents(path):
            if parent not in self._inode_of:
                self._put(parent, FakeNode.directory())
        self._put(path, FakeNode(content=content.encode()))

    @property
    def now_ns(self) -> int:
        """The moment of the last change: a clock that each change advances."""
        return self._clock

    def touch(self, path: str, at_ns: int) -> None:
        """Say that what is at a path was last written at this moment."""
        self._mtime[self._inode_of[path]] = at_ns

    def replace_directory(self, path: str, names: Collection[str]) -> None:
        """Give a directory exactly these empty directories."""
        for old in [place for place in self._inode_of if place.startswith(_prefix(path))]:
            del self._inode_of[old]
        for name in names:
            self._put(f"{path}/{name}", FakeNode.directory())

    def move(self, path: str, to: str) -> None:
        """Give a directory, and with it all that is in it, another place."""
        for place in [place for place in self._inode_of if place == path or place.startswith(_prefix(path))]:
            self._inode_of[to + place.removeprefix(path)] = self._inode_of.pop(place)

    def apply(self, op: Op, accepts: Accepts) -> None:
        """Carry a file operation out.

        Raises:
            UnavailableError: something else is at the path, or its directory is missing.
            InvalidError: the content was not accepted by `validate`.
        """
        match op:
            case WriteFile():
                self._write(op, accepts)
            case SetMode():
                self._set_mode(op)
            case SetOwner():
                self._set_owner(op)
            case MakeDirectory():
                self._make_directory(op)
            case MakeSymlink() | MakeHardLink():
                self._link(op)
            case RemoveFile() | RemoveDirectory():
                self._remove(op)
            case WriteKernelFile():
                self._write_kernel_file(op)
            case _:
                raise TypeError(f"the fake host has no way to carry out {type(op).__name__}")

    def _write(self, op: WriteFile, accepts: Accepts) -> None:
        place = self._place(op.path)
        old = self._at(place)
        if old is not None and old.kind in ("directory", "other"):
            raise UnavailableError(f"{op.path}: expected a regular file, found a {old.kind}")
        links = sum(other == self._inode_of.get(place) for other in self._inode_of.values())
        if old is not None and links > 1 and not op.break_links:
            raise UnavailableError(f"{op.path}: expected a file with one name, found one with {links}")
        if op.validate and not accepts(op.validate):
            raise InvalidError(f"{op.path}: the new content was not accepted by {op.validate[0]}; nothing was replaced")
        kept = old if old is not None and old.kind == "file" else FakeNode(uid=self._agent_uid, gid=self._agent_uid)
        if op.backup and old is not None and old.kind == "file":
            self._put(f"{place}.vigo-backup", old)
        self._put(
            place,
            FakeNode(
                content=op.content,
                mode=kept.mode if op.mode is None else op.mode,
                uid=kept.uid if op.uid is None else op.uid,
                gid=kept.gid if op.gid is None else op.gid,
            ),
        )

    def _write_kernel_file(self, op: WriteKernelFile) -> None:
        inode, node = self._present(op.path)
        # A kernel prints what it was given with one line feed.
        self._change(inode, msgspec.structs.replace(node, content=op.content.rstrip("\n").encode() + b"\n"))

    def _set_mode(self, op: SetMode) -> None:
        inode, node = self._present(op.path)
        if node.kind == "symlink":
            raise UnavailableError(f"{op.path}: a symlink has no mode of its own")
        self._change(inode, msgspec.structs.replace(node, mode=op.mode))

    def _set_owner(self, op: SetOwner) -> None:
        inode, node = self._present(op.path)
        uid = node.uid if op.uid is None else op.uid
        gid = node.gid if op.gid is None else op.gid
        # chown(2) takes the set-user-id and set-group-id bits of a file away.
        mode = node.mode & 0o1777 if node.kind == "file" else node.mode
        self._change(inode, msgspec.structs.replace(node, uid=uid, gid=gid, mode=mode))

    def _make_directory(self, op: MakeDirectory) -> None:
        place = self._place(op.path)
        if place in self._inode_of:
            raise UnavailableError(f"{op.path}: expected nothing, found a {self._nodes[self._inode_of[place]].kind}")
        uid = self._agent_uid if op.uid is None else op.uid
        gid = self._agent_uid if op.gid is None else op.gid
        self._put(place, FakeNode.directory(op.mode, uid, gid))

    def _link(self, op: MakeSymlink | MakeHardLink) -> None:
        place = self._place(op.path)
        old = self._at(place)
        if old is not None and old.kind == "directory":
            raise UnavailableError(f"{op.path}: expected no directory, found one")
        if isinstance(op, MakeSymlink):
            uid = self._agent_uid if op.uid is None else op.uid
            gid = self._agent_uid if op.gid is None else op.gid
            self._put(place, FakeNode(kind="symlink", to=op.to, mode=0o777, uid=uid, gid=gid))
            return
        inode, node = self._present(op.to)
        if node.kind != "file":
            raise UnavailableError(f"{op.to}: expected a regular file, found a {node.kind}")
        self._inode_of[place] = inode

    def _remove(self, op: RemoveFile | RemoveDirectory) -> None:
        place = self._place(op.path)
        node = self._at(place)
        wanted = "directory" if isinstance(op, RemoveDirectory) else "file"
        if node is None or (node.kind == "directory") != (wanted == "directory"):
            found = "nothing" if node is None else f"a {node.kind}"
            raise UnavailableError(f"{op.path}: expected a {wanted} to remove, found {found}")
        beneath = [path for path in self._inode_of if path.startswith(_prefix(place))]
        if beneath and not (isinstance(op, RemoveDirectory) and op.recursive):
            raise UnavailableError(f"{op.path}: expected an empty directory, found {len(beneath)} entries")
        for path in [*beneath, place]:
            del self._inode_of[path]

    def _put(self, path: str, node: FakeNode) -> None:
        inode = len(self._nodes) + 2
        self._inode_of[path] = inode
        self._change(inode, node)

    def _change(self, inode: int, node: FakeNode) -> None:
        self._clock += 1
        self._nodes[inode] = node
        self._mtime[inode] = self._clock

    def _at(self, place: str) -> FakeNode | None:
        inode = self._inode_of.get(place)
        return None if inode is None else self._nodes[inode]

    def _present(self, path: str) -> tuple[int, FakeNode]:
        inode = self._find(path, follow=False)
        if inode is None:
            raise UnavailableError(f"{path}: expected something to change, found nothing")
        return inode, self._nodes[inode]

    def _readable(self, path: str) -> FakeNode | None:
        inode = self._find(path, follow=True)
        node = None if inode is None else self._nodes[inode]
        if node is not None and node.unreadable:
            raise UnavailableError(f"{path}: {node.unreadable}")
        return node

    def _find(self, path: str, *, follow: bool) -> int | None:
        place = self._resolved(path, follow=follow)
        return None if place is None else self._inode_of.get(place)

    def _place(self, path: str) -> str:
        """Return where a new entry of this path goes.

        Raises:
            UnavailableError: its directory is not there.
        """
        place = self._resolved(path, follow=False)
        parent = None if place is None else self._at(place.rpartition("/")[0] or "/")
        if place is None or parent is None or parent.kind != "directory":
            raise UnavailableError(f"{path}: expected its directory to be there, found none")
        return place

    def _resolved(self, path: str, *, follow: bool) -> str | None:
        """Return the path without symlinks, or None where a directory on the way is missing. `..` ends at the root."""
        pending, done, links = list(reversed(path.split("/"))), "", 0
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            node = self._at(f"{done}/{part}")
            if node is not None and node.kind == "symlink" and (pending or follow):
                links += 1
                if links > MAX_LINKS:
                    raise UnavailableError(f"{path}: leads through more than {MAX_LINKS} symlinks")
                pending += reversed(node.to.split("/"))
                done = "" if node.to.startswith("/") else done
                continue
            if pending and (node is None or node.kind != "directory"):
                return None
            done = f"{done}/{part}"
        return done or "/"


def _bytes(given: str | bytes) -> bytes:
    return given.encode() if isinstance(given, str) else given


def _parents(path: str) -> Iterator[str]:
    parts = path.split("/")[1:-1]
    for count in range(1, len(parts) + 1):
        yield "/" + "/".join(parts[:count])


def _prefix(path: str) -> str:
    return "/" if path == "/" else f"{path}/"


def _is_child(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and len(path) > len(prefix) and "/" not in path[len(prefix) :]
