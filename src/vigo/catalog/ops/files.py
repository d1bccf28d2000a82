"""Operations on files, directories and links."""

from vigo.catalog.ops.base import Op


class WriteFile(Op, frozen=True, kw_only=True):
    """Replace or create a regular file at once: a temporary file beside it, then rename.

    The temporary file has its final owner and mode before it has content. `mode`, `uid`, `gid` of None keep what is
    there, or 0o644 and the agent's own for a new file. `validate` is a command whose `%` stands for the temporary
    file; where it fails nothing is replaced. `backup` keeps the former file as `PATH.vigo-backup`. A file that has
    other names (hard links) is refused, since they would keep the former content, unless `break_links` says so.
    """

    path: str
    content: bytes
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    backup: bool = False
    break_links: bool = False
    validate: tuple[str, ...] = ()
    changes: tuple[str, ...] = ("content",)

    def summary(self) -> str:
        """Return `write PATH`."""
        return f"write {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)


class SetMode(Op, frozen=True, kw_only=True):
    """Set the permission bits of a file or directory; a symlink is refused."""

    path: str
    mode: int
    changes: tuple[str, ...] = ("mode",)

    def summary(self) -> str:
        """Return `chmod MODE PATH`."""
        return f"chmod {self.mode:04o} {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)


class SetOwner(Op, frozen=True, kw_only=True):
    """Set the owner, the group, or both, of the path itself."""

    path: str
    uid: int | None = None
    gid: int | None = None
    changes: tuple[str, ...] = ("owner",)

    def summary(self) -> str:
        """Return `chown UID:GID PATH`."""
        uid = "" if self.uid is None else str(self.uid)
        gid = "" if self.gid is None else f":{self.gid}"
        return f"chown {uid}{gid} {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)


class MakeDirectory(Op, frozen=True, kw_only=True):
    """Create one directory; its parent exists. It is never wider than `mode`."""

    path: str
    mode: int = 0o755
    uid: int | None = None
    gid: int | None = None
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `mkdir PATH`."""
        return f"mkdir {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)


class MakeSymlink(Op, frozen=True, kw_only=True):
    """Create a symlink, replacing at once what is no directory."""

    path: str
    to: str
    uid: int | None = None
    gid: int | None = None
    changes: tuple[str, ...] = ("to",)

    def summary(self) -> str:
        """Return `link PATH -> TARGET`."""
        return f"link {self.path} -> {self.to}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)

    def takes_away(self) -> bool:
        """Return that what is at the path goes."""
        return True


class MakeHardLink(Op, frozen=True, kw_only=True):
    """Create a second name of an existing regular file, replacing at once what is no directory."""

    path: str
    to: str
    changes: tuple[str, ...] = ("to",)

    def summary(self) -> str:
        """Return `hard link PATH = TARGET`."""
        return f"hard link {self.path} = {self.to}"

    def paths(self) -> tuple[str, ...]:
        """Return both names: a second name makes content reachable from elsewhere."""
        return self.path, self.to


class RemoveFile(Op, frozen=True, kw_only=True):
    """Remove a file, symlink or socket; no directory."""

    path: str
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `remove PATH`."""
        return f"remove {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)

    def takes_away(self) -> bool:
        """Return that what is at the path goes."""
        return True


class RemoveDirectory(Op, frozen=True, kw_only=True):
    """Remove a directory; with `recursive` also what is in it, without following symlinks or crossing file systems."""

    path: str
    recursive: bool = False
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `remove directory PATH`."""
        return f"remove directory {self.path}" + (" and what is in it" if self.recursive else "")

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)

    def takes_away(self) -> bool:
        """Return that what is at the path goes."""
        return True


class WriteKernelFile(Op, frozen=True, kw_only=True):
    """Write to a file of the kernel, below `/proc/sys` or `/sys`, in place: it takes a value and keeps no text."""

    path: str
    content: str
    changes: tuple[str, ...] = ("value",)

    def summary(self) -> str:
        """Return `set PATH`."""
        return f"set {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)
