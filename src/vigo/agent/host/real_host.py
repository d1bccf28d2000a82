"""The host that the agent runs on, or the file tree of `--root`, to read."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from vigo.agent.host.files import RealFiles
from vigo.agent.host.look import Look
from vigo.agent.host.programs import Programs
from vigo.agent.host.root import Root
from vigo.agent.machine import Authority, Marks
from vigo.catalog.api import Command, CommandResult, FileStat, ReadHost
from vigo.catalog.ops import Op


class RealHost:
    """A `ReadHost` for the length of one cycle: what a program or an often used file said once is not asked again."""

    def __init__(self, root: str | None) -> None:
        self.root = Root(root)
        self.files = RealFiles(self.root)
        self.programs = Programs(self.files)
        self.authority: Authority | None = None
        """Has the server's service CA sign; None where no server can be asked."""

    def stat(self, path: str) -> FileStat | None:
        """Return what is at the path itself; the last component is not followed."""
        return self.files.stat(path)

    def read_bytes(self, path: str) -> bytes | None:
        """Return the content of a regular file, following symlinks inside the root."""
        return self.files.read_bytes(path)

    def read_text(self, path: str) -> str | None:
        """Return a file's content as UTF-8, undecodable bytes replaced, or None where it is absent."""
        return self.files.read_text(path)

    def read_digest(self, path: str) -> str | None:
        """Return the SHA-256 of a regular file of any size, 64 small hexadecimal digits."""
        return self.files.read_digest(path)

    def read_link(self, path: str) -> str | None:
        """Return a symlink's target as written, or None where there is no symlink."""
        return self.files.read_link(path)

    def read_label(self, path: str) -> str | None:
        """Return the SELinux context of what is at the path itself, or None where it has none."""
        return self.files.read_label(path)

    def list_directory(self, path: str) -> tuple[str, ...] | None:
        """Return the names in a directory, sorted, or None where there is no directory."""
        return self.files.list_directory(path)

    def query(self, argv: Sequence[str]) -> CommandResult | None:
        """Return the answer of a read-only program, or None where the host has no such program, as in every image."""
        look = self.files.look
        if look is not None:
            look.asks()
        answer = self.programs.query(argv)
        sources = self.programs.sources(argv)
        if look is not None and sources is not None:
            look.answered_from(sources)
        return answer

    def check(self, command: Command) -> CommandResult:
        """Run an operator's own guard."""
        try:
            return self.programs.check(command)
        finally:
            self.files.look_again()

    def is_image(self) -> bool:
        """Return whether this host is a file tree (`--root`) in which nothing runs."""
        return self.root.is_image

    def has_program(self, name: str) -> bool:
        """Return whether a program of this name is on the host's search path."""
        return self.programs.has_program(name)

    def one_look(self) -> AbstractContextManager[Look]:
        """Within this, what is at a path is looked at once; a resource's turn begins with it."""
        return self.files.one_look()

    def has_moved(self, marks: Marks) -> bool:
        """Return whether what was seen by a look is another now, or can no longer be told."""
        return self.files.has_moved(marks)

    def forget(self, op: Op) -> None:
        """Drop what is known and an operation may have changed."""
        self.files.kept.forget(op)
        self.files.look_again()
        self.programs.forget(op)

    def look_afresh(self) -> None:
        """Drop all that is known, for what others than Vigo may have changed."""
        self.files.kept.forget_all()
        self.files.look_again()
        self.programs.look_afresh()


def _is_read_host(host: RealHost) -> ReadHost:
    """Let the type checker say that the interface is whole."""
    return host
