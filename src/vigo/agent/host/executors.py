"""The only code that changes a host: one executor for each operation."""

import importlib
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from vigo.agent.host.faults import fault
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops import Op, Run
from vigo.core.errors import InvalidError, VigoError

Executor = Callable[[Any, RealHost], None]

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@cache
def executor_of(op: type[Op]) -> Executor | None:
    """Return what carries an operation out, if anything does: `write_file` of `write_file.py` for a `WriteFile`.

    It is imported when the first such operation comes: most runs change nothing and need none.
    """
    name = _WORDS.sub("_", op.__name__).lower()
    module = f"{__package__}.{name}"
    try:
        found: Executor = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None
    return found


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
        executor = executor_of(type(op))
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
            self._host.forget(op)


def _told(op: Op, error: VigoError) -> str:
    """Return the error behind the operation; a program's argument list may be too long to stand there whole."""
    return str(error) if isinstance(op, Run) else f"{op.summary()}: {error}"
