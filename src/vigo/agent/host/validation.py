"""Asking a program whether it accepts a file's new content, before it takes its place."""

from datetime import timedelta

from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import Command
from vigo.catalog.ops import WriteFile
from vigo.catalog.ops.base import NOT_TOLD
from vigo.core.errors import BlockedError, InvalidError

PLACEHOLDER = "%"
TIMEOUT = timedelta(minutes=1)
_SHOWN_CHARACTERS = 1_000


def require_validator(op: WriteFile, host: RealHost) -> None:
    """Accept a write whose validator, if it has one, can be asked.

    Raises:
        BlockedError: this is an image: the program that would answer is the running machine's.
    """
    if op.validate and host.is_image():
        raise BlockedError(
            f"validate: {op.validate[0]} is not run in an image (--root): it would judge by the running machine's"
            " settings; nothing was replaced: it is due once the image has been started, or leave validate out"
        )


def validate(op: WriteFile, temporary: str, host: RealHost) -> None:
    """Accept the new content of a file where its program does.

    Raises:
        InvalidError: the program refuses it, or there is none.
        TimedOutError: it did not answer in time.
    """
    path = f"{op.path.rpartition('/')[0]}/{temporary}"
    argv = tuple(word.replace(PLACEHOLDER, path) for word in op.validate)
    result = host.check(Command(argv=argv, timeout=TIMEOUT))
    if result.status == 0:
        return
    # The temporary name means nothing to who reads this.
    told = (result.stderr.strip() or result.stdout.strip()).replace(path, op.path)[-_SHOWN_CHARACTERS:]
    told = NOT_TOLD if op.conceals else told
    raise InvalidError(
        f"the new content was not accepted by {op.validate[0]} (status {result.status}); nothing was replaced:"
        f" {told or 'it says nothing more'}"
    )
