"""The host's programs: finding them, asking them, running them."""

import errno
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta

from vigo.agent.host.account import Account, account_of
from vigo.agent.host.answers import Answers
from vigo.agent.host.faults import ABSENT, fault, told
from vigo.agent.host.files import RealFiles
from vigo.agent.host.output import ANSWER_BYTES, OUTPUT_BYTES
from vigo.agent.host.process import (
    DIRECTORY_OF_DESCRIPTORS,
    NOT_EXECUTABLE,
    NOT_FOUND,
    Ending,
    Program,
    Sink,
    run_program,
)
from vigo.catalog.api import Command, CommandResult
from vigo.catalog.ops import Op
from vigo.core.errors import BlockedError, TimedOutError, TooLargeError, UnavailableError

SEARCH_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
QUERY_TIMEOUT = timedelta(minutes=1)
UMASK = 0o022

_ENVIRONMENT = {
    "PATH": ":".join(SEARCH_PATH),
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
_MADE_OF: Mapping[str, tuple[str, ...]] = {"dpkg-query": ("/var/lib/dpkg/status", "/var/lib/dpkg/updates")}
"""Programs that answer from files alone. Source: dpkg-query(1), and lib/dpkg/dbmodify.c for the updates."""

_NO_INTERPRETER = frozenset({errno.EACCES, errno.ENOEXEC, errno.EISDIR})


class Programs:
    """Programs of the machine. In an image none is run: it would tell of the machine, not of the image."""

    def __init__(self, files: RealFiles) -> None:
        self._files = files
        self._answers = Answers()
        self._sources: dict[tuple[str, ...], Mapping[str, os.stat_result | None]] = {}

    def has_program(self, name: str) -> bool:
        """Return whether a program of this name is on the host's search path."""
        if "/" in name:
            return self._files.has_program_at(name)
        return bool(name) and any(self._files.has_program_at(f"{folder}/{name}") for folder in SEARCH_PATH)

    def query(self, argv: Sequence[str]) -> CommandResult | None:
        """Return the answer of a read-only program, or None where the host has no such program.

        Raises:
            TimedOutError: it did not answer in time.
            UnavailableError: it could not be asked, or answers without end.
        """
        if self._files.root.is_image:
            return None
        question = tuple(argv)
        return self._answers.get(question, lambda: self._asked(question))

    def sources(self, argv: Sequence[str]) -> Mapping[str, os.stat_result | None] | None:
        """Return the files that an answer was made of, as they were right before; None where nobody knows them."""
        return self._sources.get(tuple(argv))

    def check(self, command: Command) -> CommandResult:
        """Run an operator's guard; one that cannot be started ends with 126 or 127, as in a shell.

        Raises:
            BlockedError: this is an image, or its user is not there yet.
            TimedOutError: it did not end in time.
            UnavailableError: it cannot be run.
        """
        if self._files.root.is_image:
            raise BlockedError(f"{command.argv[0]}: not run in an image (--root): it would look at the running machine")
        try:
            ending = self.run(command)
        except FileNotFoundError:
            return CommandResult(NOT_FOUND, stderr=f"no program {command.argv[0]}")
        except OSError as error:
            if error.errno in _NO_INTERPRETER:
                return CommandResult(NOT_EXECUTABLE, stderr=told(error))
            raise fault(error) from error
        if ending.timed_out:
            raise TimedOutError(
                f"{command.argv[0]}: expected the guard to end within {command.timeout.total_seconds():g} s, found it"
                " still running; it was ended: make it faster"
            )
        return CommandResult(ending.status, ending.stdout.text(), ending.stderr.text())

    def run(
        self, command: Command, *, output_bytes: int = OUTPUT_BYTES, sink: Sink | None = None, stop: int | None = None
    ) -> Ending:
        """Run a program of the machine and return how it ended. `sink` and `stop` are those of a `Program`.

        Raises:
            OSError: it could not be started.
            BlockedError: its user is not there yet.
            UnavailableError: its directory is not there, or it cannot run as this user.
        """
        account = account_of(command.user)
        directory = self._open_directory(command.cwd or "/")
        try:
            return run_program(
                Program(
                    argv=command.argv,
                    environment=_environment(account) | dict(command.environment),
                    directory=directory,
                    account=account,
                    stdin=None if command.stdin is None else command.stdin.encode(errors="surrogateescape"),
                    umask=UMASK if command.umask is None else command.umask,
                    timeout=command.timeout,
                    output_bytes=output_bytes,
                    sink=sink,
                    stop=stop,
                )
            )
        except OSError as error:
            if str(error.filename).startswith(DIRECTORY_OF_DESCRIPTORS):
                raise UnavailableError(
                    f"cwd: {command.cwd or '/'} cannot be entered: {told(error)}; programs need /proc to be mounted"
                ) from error
            raise
        except ValueError as error:  # a NUL in a word or the environment
            raise UnavailableError(f"{command.argv[0]!r} cannot be run: {error}; correct its arguments") from error
        finally:
            os.close(directory)

    def forget(self, op: Op) -> None:
        """Drop the answers that an operation may have changed."""
        self._answers.forget(op)

    def look_afresh(self) -> None:
        """Drop all answers, for what others than Vigo may have changed."""
        self._answers.forget_all()

    def _asked(self, argv: tuple[str, ...]) -> CommandResult | None:
        if argv[0] in _MADE_OF:
            self._sources[argv] = {path: self._files.followed(path) for path in _MADE_OF[argv[0]]}
        try:
            ending = self.run(Command(argv=argv, timeout=QUERY_TIMEOUT), output_bytes=ANSWER_BYTES)
        except OSError as error:
            if error.errno in ABSENT:
                return None
            raise fault(error) from error
        if ending.timed_out:
            raise TimedOutError(
                f"{argv[0]}: expected an answer within {QUERY_TIMEOUT.total_seconds():g} s, found none; it was ended:"
                f" run it by hand to see what it waits for"
            )
        if ending.stdout.dropped_bytes:
            raise TooLargeError(f"{argv[0]}: expected an answer of at most {ANSWER_BYTES} bytes, found a longer one")
        return CommandResult(ending.status, ending.stdout.text(), ending.stderr.text())

    def _open_directory(self, path: str) -> int:
        try:
            with self._files.root.place(path, follow=True) as place:
                if place is not None:
                    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                    return os.open(place.name, flags, dir_fd=place.directory)
        except OSError as error:
            if error.errno not in ABSENT:
                raise UnavailableError(f"cwd: {path} cannot be entered: {told(error)}") from error
        raise UnavailableError(f"cwd: expected the directory {path}, found none; make it first or correct the path")


def _environment(account: Account) -> dict[str, str]:
    return {**_ENVIRONMENT, "HOME": account.home, "USER": account.name, "LOGNAME": account.name}
