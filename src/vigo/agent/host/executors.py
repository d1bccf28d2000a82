"""The only code that changes a host: one executor for each operation."""

from collections.abc import Callable
from typing import Any

from vigo.agent.host.faults import fault
from vigo.agent.host.make_directory import make_directory
from vigo.agent.host.make_hard_link import make_hard_link
from vigo.agent.host.make_symlink import make_symlink
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.remove_directory import remove_directory
from vigo.agent.host.remove_file import remove_file
from vigo.agent.host.run import run
from vigo.agent.host.set_mode import set_mode
from vigo.agent.host.set_owner import set_owner
from vigo.agent.host.write_file import write_file
from vigo.catalog.ops import (
    MakeDirectory,
    MakeHardLink,
    MakeSymlink,
    Op,
    RemoveDirectory,
    RemoveFile,
    Run,
    SetMode,
    SetOwner,
    WriteFile,
)
from vigo.core.errors import InvalidError, VigoError

Executor = Callable[[Any, RealHost], None]

_EXECUTORS: dict[type[Op], Executor] = {
    WriteFile: write_file,
    SetMode: set_mode,
    SetOwner: set_owner,
    MakeDirectory: make_directory,
    MakeSymlink: make_symlink,
    MakeHardLink: make_hard_link,
    RemoveFile: remove_file,
    RemoveDirectory: remove_directory,
    Run: run,
}


class Executors:
    """Carries operations out on one host, and has it forget what they may have changed."""

    def __init__(self, host: RealHost) -> None:
        self._host = host

    def execute(self, op: Op) -> None:
        """Carry one operation out.

        Raises:
            BlockedError: the machine does not allow it now: the disk is full or read-only, a lock is held.
            TimedOutError: a program did not end in time.
            InvalidError: the operation cannot be carried out anywhere, or its content was not accepted.
            UnavailableError: it failed for another reason.
        """
        executor = _EXECUTORS.get(type(op))
        if executor is None:
            raise InvalidError(f"{op.summary()}: this agent cannot carry out {type(op).__name__}; update the agent")
        try:
            executor(op, self._host)
        except OSError as error:
            found = fault(error)
            raise type(found)(_told(op, found)) from error
        except VigoError as error:
            raise type(error)(_told(op, error)) from error
        finally:
            # A program that failed half-way has changed something too.
            self._host.programs.forget(op)


def _told(op: Op, error: VigoError) -> str:
    """Return the error behind the operation; a program's argument list may be too long to stand there whole."""
    return str(error) if isinstance(op, Run) else f"{op.summary()}: {error}"
