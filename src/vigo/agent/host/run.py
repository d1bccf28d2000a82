"""The executor of `Run`."""

import re

from vigo.agent.host.faults import ABSENT, fault
from vigo.agent.host.process import Ending
from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import Command
from vigo.catalog.ops import Run
from vigo.core.errors import BlockedError, TimedOutError, UnavailableError, VigoError

LAST_LINES = 20
_SHOWN_CHARACTERS = 2_000

# What apt, dpkg, dnf, rpm, zypper, pacman and apk print when another one works on the packages.
_LOCKED = re.compile(
    r"could not get lock|unable to (?:acquire the dpkg|lock (?:the administration )?(?:directory|database))"
    r"|frontend lock was locked|can't create transaction lock|system management is locked"
    r"|waiting for process with pid|failed to obtain the transaction lock",
    re.IGNORECASE,
)
# What they print when a repository does not answer, or does not have what its index names.
_NO_REPOSITORY = re.compile(
    r"failed to fetch|index files failed to download|unable to fetch some archives|does not have a release file"
    r"|failed to download metadata for repo|error downloading packages|valid metadata not found"
    r"|failed retrieving file|failed to synchronize (?:all|any) databases|temporary error \(try again later\)",
    re.IGNORECASE,
)
# What dpkg, rpm and pacman print when a package that stays needs the one that is to go.
_NEEDED = re.compile(
    r"dependency problems prevent removal|is needed by \(installed\)|breaks dependency .* required by", re.IGNORECASE
)
_BLOCKING_PACKAGES = (
    (_LOCKED, "another package tool holds the lock; it is tried again next time"),
    (_NO_REPOSITORY, "a package repository does not give what is asked of it; it is tried again next time"),
    (_NEEDED, "another package needs it; nothing was removed"),
)
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
            f" that it started: raise the timeout, or see what it waits for{_last_words(ending)}"
        )
    if ending.status not in op.returns:
        raise _failure(op, ending)


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


def _failure(op: Run, ending: Ending) -> VigoError:
    told = _last_words(ending)
    for pattern, reason in (*(_BLOCKING_PACKAGES if "packages" in op.touches else ()), *_BLOCKING):
        if pattern.search(told):
            return BlockedError(f"{reason}{told}")
    wanted = " or ".join(map(str, op.returns))
    return UnavailableError(f"status {ending.status}, expected {wanted}{told}")


def _last_words(ending: Ending) -> str:
    """Return the end of what a program printed, errors first, behind a colon."""
    text = ending.stderr.text().strip() or ending.stdout.text().strip()
    lines = text.splitlines()[-LAST_LINES:]
    shown = "\n".join(lines)[-_SHOWN_CHARACTERS:]
    return f": {shown}" if shown else ""
