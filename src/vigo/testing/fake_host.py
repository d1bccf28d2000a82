"""A host in memory: it reads like the real one, and `apply` carries operations out on it."""

import hashlib
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from vigo.catalog.api import Command, CommandResult, FileStat, ReadHost
from vigo.catalog.host_clock import host_time
from vigo.catalog.ops import Op, Run
from vigo.core.errors import UnavailableError
from vigo.testing.fake_tree import FakeNode, FakeTree

__all__ = ["FakeHost", "FakeNode", "FakeTool"]


class FakeTool:
    """A part of a fake host beyond its files: programs, and operations that the tree of files cannot carry out.

    A tool that the cases of kinds use stands in `vigo/testing/tools/`, and is made from what a case gives by its
    `name` (see `tests/catalog/test_cases.py`). What it does shows in the host's files, as on a machine.
    """

    name: ClassVar[str] = ""
    programs: Collection[str] = frozenset()
    ops: ClassVar[tuple[type[Op], ...]] = ()

    def query(self, argv: Sequence[str], host: "FakeHost") -> CommandResult | None:
        """Return the answer of a program that reads, or None where this question has none."""
        del argv, host
        return None

    def run(self, op: Run, host: "FakeHost") -> CommandResult:
        """Carry a program's effect out and return how it ended."""
        del op, host
        return CommandResult(0)

    def label(self, path: str) -> str | None:
        """Return the SELinux context of what is at a path, where the tool knows of one."""
        del path
        return None

    def apply(self, op: Op, host: "FakeHost") -> None:
        """Carry out one of `ops`.

        Raises:
            TypeError: the tool names an operation among `ops` and has no `apply` of its own.
        """
        del host
        raise TypeError(f"{type(self).__name__} says that it carries out {op.summary()}, and does not")


class FakeHost:
    """A `ReadHost` without a machine.

    `files` maps absolute paths to text, bytes or nodes; missing parents are made. `answers` and `guards` map a command
    line, as `shlex.join` writes it, to what `query` and `check` (and a write's `validate`) answer: a text means status
    0. `programs` are on the search path without an answer of their own. A question to such a program that has no
    answer is a fault of the test and raises `LookupError`.
    """

    def __init__(
        self,
        files: Mapping[str, str | bytes | FakeNode] | None = None,
        *,
        answers: Mapping[str, str | CommandResult] | None = None,
        guards: Mapping[str, int | CommandResult] | None = None,
        programs: Collection[str] = (),
        tools: Sequence[FakeTool] = (),
        image: bool = False,
        agent_uid: int = 0,
    ) -> None:
        self.tree = FakeTree(files or {}, agent_uid)
        self.applied: list[Op] = []
        self.runs: list[Run] = []
        self.questions: list[tuple[str, ...]] = []
        self._answers = dict(answers or {})
        self._guards = dict(guards or {})
        self._programs = frozenset(programs)
        self._tools = tuple(tools)
        self._image = image

    def date(self, path: str) -> None:
        """Say that a path was written at the moment that the host's own clock tells, where it has one."""
        now = host_time(self)
        self.tree.touch(path, self.tree.now_ns if now is None else int(now.timestamp() * 1e9))

    def stat(self, path: str) -> FileStat | None:
        """Return what is at the path itself."""
        return self.tree.stat(path)

    def read_bytes(self, path: str) -> bytes | None:
        """Return a regular file's content."""
        return self.tree.read(path)

    def read_text(self, path: str) -> str | None:
        """Return a regular file's content as text."""
        content = self.tree.read(path)
        return None if content is None else content.decode(errors="replace")

    def read_digest(self, path: str) -> str | None:
        """Return the SHA-256 of a regular file's content."""
        content = self.tree.read(path)
        return None if content is None else hashlib.sha256(content).hexdigest()

    def read_link(self, path: str) -> str | None:
        """Return a symlink's target."""
        return self.tree.read_link(path)

    def read_label(self, path: str) -> str | None:
        """Return the SELinux context that a tool knows of what is at a path."""
        return next((label for tool in self._tools if (label := tool.label(path)) is not None), None)

    def list_directory(self, path: str) -> tuple[str, ...] | None:
        """Return the names in a directory, sorted."""
        return self.tree.names_in(path)

    def query(self, argv: Sequence[str]) -> CommandResult | None:
        """Return the programmed answer, else that of the tool that has the program, else None for no such program."""
        self.questions.append(tuple(argv))
        line = shlex.join(argv)
        if line in self._answers:
            return _result(self._answers[line])
        for tool in self._tools:
            if argv[0] in tool.programs:
                answer = tool.query(argv, self)
                if answer is not None:
                    return answer
        if self.has_program(argv[0]):
            raise LookupError(f"the fake host has {argv[0]} but no answer to: {line}")
        return None

    def check(self, command: Command) -> CommandResult:
        """Return the programmed answer of a guard."""
        line = shlex.join(command.argv)
        if line not in self._guards:
            raise LookupError(f"the fake host has no answer to the guard: {line}")
        answer = self._guards[line]
        return CommandResult(answer) if isinstance(answer, int) else answer

    def answer_guard(self, line: str, answer: int | CommandResult) -> None:
        """Let a guard answer so from now on."""
        self._guards[line] = answer

    def is_image(self) -> bool:
        """Return whether this host was made as an image."""
        return self._image

    def has_program(self, name: str) -> bool:
        """Return whether the program was named, belongs to a tool, or has an answer."""
        answered = {line.partition(" ")[0] for line in self._answers}
        return name in self._programs or name in answered or any(name in tool.programs for tool in self._tools)

    def apply(self, op: Op) -> None:
        """Carry an operation out in memory.

        Raises:
            UnavailableError: it cannot be carried out on this host, with the reason.
        """
        self.applied.append(op)
        if isinstance(op, Run):
            self._run(op)
            return
        for tool in self._tools:
            if isinstance(op, tool.ops):
                tool.apply(op, self)
                return
        self.tree.apply(op, self._accepts)

    def snapshot(self) -> dict[str, FakeNode]:
        """Return every path and what is there, to compare with later."""
        return self.tree.snapshot()

    def _run(self, op: Run) -> None:
        self.runs.append(op)
        for tool in self._tools:
            if op.argv[0] in tool.programs:
                result = tool.run(op, self)
                if result.status not in op.returns:
                    raise UnavailableError(f"{op.summary()}: status {result.status}: {result.stderr}")

    def _accepts(self, argv: tuple[str, ...]) -> bool:
        return self.check(Command(argv=argv)).status == 0


def _result(answer: str | CommandResult) -> CommandResult:
    return CommandResult(0, answer) if isinstance(answer, str) else answer


def _is_read_host(host: FakeHost) -> ReadHost:
    """Let the type checker say that the fake has the whole interface."""
    return host
