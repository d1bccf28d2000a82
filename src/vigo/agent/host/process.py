"""Running one program: in a session of its own, with bounded output and time."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import IO, NamedTuple, Protocol, Self

from vigo.agent.host.account import Account
from vigo.agent.host.output import BoundedOutput

GRACE = timedelta(seconds=5)
"""How long a program that is over its time may take to end by itself, before it is killed."""

NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""How a program that could not be started ends. Source: POSIX, Shell Command Language 2.8.2."""

DIRECTORY_OF_DESCRIPTORS = "/proc/self/fd/"

_CHUNK_BYTES = 64 * 1024
_POLL = timedelta(milliseconds=50)


class Sink(Protocol):
    """Takes what a program prints, as it comes."""

    def add(self, data: bytes) -> None:
        """Take the next part."""
        ...


class Program(NamedTuple):
    """What is run, as whom, where and for how long.

    With `sink` both streams go there, in the order in which they were written, and none is kept. Once the descriptor
    `stop` can be read, the program is ended as one that is over its time.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    directory: int
    account: Account
    stdin: bytes | None
    umask: int
    timeout: timedelta
    output_bytes: int
    sink: Sink | None = None
    stop: int | None = None


class Ending(NamedTuple):
    """How a program ended. `status` is 128 and the signal's number where a signal ended it, as shells say it."""

    status: int
    stdout: BoundedOutput
    stderr: BoundedOutput
    timed_out: bool = False
    stopped: bool = False


def run_program(program: Program) -> Ending:
    """Run a program and return how it ended; over its time its whole process group is ended.

    Children that it leaves in the background are left alone when it ends in time; their output is no longer read.

    Raises:
        OSError: it could not be started.
    """
    account = program.account
    process = subprocess.Popen(
        list(program.argv),
        # The descriptor was opened inside the root: no path that could be swapped meanwhile.
        cwd=f"{DIRECTORY_OF_DESCRIPTORS}{program.directory}",
        env=dict(program.environment),
        stdin=subprocess.DEVNULL if program.stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if program.sink is None else subprocess.STDOUT,
        start_new_session=True,
        user=None if account.groups is None else account.uid,
        group=None if account.groups is None else account.gid,
        extra_groups=account.groups,
        umask=program.umask,
    )
    with _Watch(process, program) as watch:
        return watch.ending()


class _Watch:
    """Reads what a process prints and writes what it is given, until it has ended."""

    def __init__(self, process: "subprocess.Popen[bytes]", program: Program) -> None:
        self._process = process
        self._given = memoryview(program.stdin or b"")
        self._deadline = time.monotonic() + program.timeout.total_seconds()
        self._stdout = BoundedOutput(program.output_bytes)
        self._stderr = BoundedOutput(program.output_bytes)
        self._selector = selectors.DefaultSelector()
        self._open = ExitStack()
        self._open.callback(self._selector.close)
        self._pidfd = self._open_pidfd()
        self._stop = program.stop
        self._is_stopped = False
        if program.stop is not None:
            self._selector.register(program.stop, selectors.EVENT_READ)
        self._register(process.stdout, selectors.EVENT_READ, program.sink or self._stdout)
        self._register(process.stderr, selectors.EVENT_READ, self._stderr)
        self._register(process.stdin, selectors.EVENT_WRITE, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if not self._has_ended():  # an exception left the loop
                self._signal(signal.SIGKILL)
        finally:
            self._process.wait()
            self._open.close()

    def ending(self) -> Ending:
        """Return how the process ended."""
        has_ended = self._watch_until(self._deadline, heeds_stop=True)
        stopped = not has_ended and self._is_stopped
        if not has_ended:
            self._signal(signal.SIGTERM)
            self._watch_until(time.monotonic() + GRACE.total_seconds())
            # Before the process is reaped its group's number cannot be another's. Children may have outlived it.
            self._signal(signal.SIGKILL)
        self._process.wait()
        self._step(0)  # what still is in the pipes; a child in the background may hold them open for ever
        code = self._process.returncode
        return Ending(
            code if code >= 0 else 128 - code, self._stdout, self._stderr, not has_ended and not stopped, stopped
        )

    def _watch_until(self, deadline: float, *, heeds_stop: bool = False) -> bool:
        """Return whether the process ended before the deadline, and before it was to stop."""
        while not self._has_ended():
            left = deadline - time.monotonic()
            if left <= 0 or (heeds_stop and self._is_stopped):
                return False
            self._step(left if self._pidfd is not None else min(left, _POLL.total_seconds()))
        return True

    def _step(self, timeout_seconds: float) -> None:
        """Wait for something to read or write, and do that."""
        for key, _ in self._selector.select(timeout_seconds):
            if key.fileobj == self._pidfd:
                continue
            if key.fileobj == self._stop:
                self._is_stopped = True
                self._selector.unregister(key.fd)
                return
            if key.events == selectors.EVENT_WRITE:
                self._write(key.fd)
            else:
                self._read(key.fd, key.data)

    def _read(self, descriptor: int, output: Sink) -> None:
        """Take what is there now. One that prints without end must not keep the deadline from being looked at."""
        for _ in range(16):
            try:
                data = os.read(descriptor, _CHUNK_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._selector.unregister(descriptor)
                return
            output.add(data)

    def _write(self, descriptor: int) -> None:
        try:
            self._given = self._given[os.write(descriptor, self._given) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it does not want to read all of it
            self._given = self._given[:0]
        if not self._given:
            self._selector.unregister(descriptor)
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _register(self, stream: IO[bytes] | None, events: int, output: Sink | None) -> None:
        if stream is None:
            return
        os.set_blocking(stream.fileno(), False)
        self._open.callback(stream.close)
        self._selector.register(stream.fileno(), events, output)

    def _open_pidfd(self) -> int | None:
        """Return a descriptor that says when the process ends; None on a kernel before 5.3, where it is polled."""
        try:
            descriptor = os.pidfd_open(self._process.pid)
        except OSError:
            return None
        self._open.callback(os.close, descriptor)
        self._selector.register(descriptor, selectors.EVENT_READ)
        return descriptor

    def _has_ended(self) -> bool:
        """Return whether the process ended, without reaping it."""
        if self._process.returncode is not None:
            return True
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, options) is not None

    def _signal(self, number: signal.Signals) -> None:
        """Signal the whole group, which the process leads."""
        if self._process.returncode is not None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return
        except PermissionError:  # a set-user-id program took the last of them away from us
            return
