"""Operations: everything that Vigo can do to a host, as data.

Only the agent's executors carry them out. A dry run, the record and the real run are this one list. `changes` names the
fields of the resource that an operation brings into their declared state.
"""

from collections.abc import Mapping
from datetime import timedelta

import msgspec


class Op(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One change. Subclasses are closed data; `summary` is one line for people, without content."""

    changes: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return what this does in a few words (`write /etc/motd`)."""
        raise TypeError(f"{type(self).__name__} has no summary")


class WriteFile(Op, frozen=True, kw_only=True):
    """Replace or create a regular file at once: a temporary file beside it, then rename.

    The temporary file has its final owner and mode before it has content. `mode`, `uid`, `gid` of None keep what is
    there, or 0o644 and the agent's own for a new file. `validate` is a command whose `%` stands for the temporary
    file; where it fails nothing is replaced. `backup` keeps the former file as `PATH.vigo-backup`.
    """

    path: str
    content: bytes
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    backup: bool = False
    validate: tuple[str, ...] = ()
    changes: tuple[str, ...] = ("content",)

    def summary(self) -> str:
        """Return `write PATH`."""
        return f"write {self.path}"


class SetMode(Op, frozen=True, kw_only=True):
    """Set the permission bits of a file or directory; a symlink is refused."""

    path: str
    mode: int
    changes: tuple[str, ...] = ("mode",)

    def summary(self) -> str:
        """Return `chmod MODE PATH`."""
        return f"chmod {self.mode:04o} {self.path}"


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


class MakeHardLink(Op, frozen=True, kw_only=True):
    """Create a second name of an existing regular file, replacing at once what is no directory."""

    path: str
    to: str
    changes: tuple[str, ...] = ("to",)

    def summary(self) -> str:
        """Return `hard link PATH = TARGET`."""
        return f"hard link {self.path} = {self.to}"


class RemoveFile(Op, frozen=True, kw_only=True):
    """Remove a file, symlink or socket; no directory."""

    path: str
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `remove PATH`."""
        return f"remove {self.path}"


class RemoveDirectory(Op, frozen=True, kw_only=True):
    """Remove a directory; with `recursive` also what is in it, without following symlinks or crossing file systems."""

    path: str
    recursive: bool = False
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `remove directory PATH`."""
        return f"remove directory {self.path}" + (" and what is in it" if self.recursive else "")


class Run(Op, frozen=True, kw_only=True):
    """Run a program as one argument list. `returns` are the statuses that mean success.

    In an image (`--root`) a program that only works on a running system is never yielded; `root_option` says how a
    tool is told of another root: its executor inserts these arguments behind the program's name, `{root}` replaced.
    `touches` names what the program may change (`packages`, `accounts`, `services`), so that it is asked anew.
    """

    argv: tuple[str, ...]
    cwd: str | None = None
    user: str | None = None
    environment: Mapping[str, str] = {}
    stdin: str | None = None
    umask: int | None = None
    timeout: timedelta = timedelta(minutes=5)
    returns: tuple[int, ...] = (0,)
    root_option: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `run` and the argument list as a person would type it."""
        return "run " + " ".join(_quoted(argument) for argument in self.argv)


AnyOp = WriteFile | SetMode | SetOwner | MakeDirectory | MakeSymlink | MakeHardLink | RemoveFile | RemoveDirectory | Run


def _quoted(argument: str) -> str:
    plain = argument and all(character.isalnum() or character in "@%+=:,./-_" for character in argument)
    return argument if plain else "'" + argument.replace("'", "'\"'\"'") + "'"
