"""The executor of `Run`."""

import re

from vigo.agent.host.faults import ABSENT, fault
from vigo.agent.host.package_faults import package_fault
from vigo.agent.host.process import Ending
from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import Command
from vigo.catalog.ops import Run
from vigo.catalog.ops.base import NOT_TOLD
from vigo.core.errors import BlockedError, TimedOutError, UnavailableError, VigoError

LAST_LINES = 20
_SHOWN_CHARACTERS = 2_000

_BLOCKING = (
    (re.compile(r"no space left on device|don't have enough free space|disk quota exceeded", re.IGNORECASE),
     "the disk is full; free some space"),
    (re.compile(r"read-only file system", re.IGNORECASE),
     "the file system is read-only; mount it read-write"),
)  # fmt: skip


def run(op: Run, host: RealHost) -> None:
    """Run a program and return when it ended well.

    Raises:
        BlockedError: the machine does not allow it now, say since another package tool holds the lock.
        TimedOutError: it did not end in time; its process group was ended.
        UnavailableError: it cannot be run, or ended with another status.
    """
    ending = ending_of(op, host)
    if ending.status not in op.returns:
        raise failure(op, ending)


def ending_of(op: Run, host: RealHost) -> Ending:
    """Run a program and return how it ended, well or not.

    Raises:
        BlockedError: the machine does not allow it now.
        TimedOutError: it did not end in time; its process group was ended.
        UnavailableError: it cannot be run.
    """
    command = Command(
        argv=_argv(op, host),
        cwd=None if host.is_image() else op.cwd,
        user=op.user,
        environment=op.environment,
        stdin=op.stdin,
        umask=op.umask,
        timeout=op.timeout,
    )
    try:
        ending = host.programs.run(command)
    except OSError as error:
        if error.errno in ABSENT:
            raise UnavailableError(
                f"expected a program {op.argv[0]!r}, found none; install it first or correct the name"
            ) from error
        raise fault(error) from error
    if ending.timed_out:
        raise TimedOutError(
            f"expected to end within {op.timeout.total_seconds():g} s, found it still running; it was ended with all"
            f" that it started: raise the timeout, or see what it waits for{last_words(op, ending)}"
        )
    return ending


def _argv(op: Run, host: RealHost) -> tuple[str, ...]:
    """Return the argument list, which in an image tells the tool of its root."""
    if not host.is_image():
        return op.argv
    if not op.root_option:
        raise BlockedError(
            "not run in an image (--root): it would act on the running machine, not on the image; it is due once the"
            " image has been started"
        )
    option = (word.replace("{root}", host.root.path) for word in op.root_option)
    return (op.argv[0], *option, *op.argv[1:])


def failure(op: Run, ending: Ending) -> VigoError:
    """Return what it means that a program ended with another status than those of success."""
    told, said = last_words(op, ending), printed(ending)
    for pattern, reason in _BLOCKING:
        if pattern.search(said):
            return BlockedError(f"{reason}{told}")
    if "packages" in op.touches and (found := package_fault(said)) is not None:
        return BlockedError(f"{found}{told}")
    wanted = " or ".join(map(str, op.returns))
    return UnavailableError(f"status {ending.status}, expected {wanted}{told}")


def last_words(op: Run, ending: Ending) -> str:
    """Return the end of what a program printed, errors first, behind a colon; not of one that was given a secret."""
    if op.conceals:
        return f": {NOT_TOLD}"
    shown = printed(ending)
    return f": {shown}" if shown else ""


def printed(ending: Ending) -> str:
    """Return the end of what a program printed, errors first."""
    text = ending.stderr.text().strip() or ending.stdout.text().strip()
    lines = text.splitlines()[-LAST_LINES:]
    return "\n".join(lines)[-_SHOWN_CHARACTERS:]
