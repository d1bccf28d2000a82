"""What a new task may say."""

import re
from typing import Final

from vigo.catalog.formats.web_addresses import web_address
from vigo.core.batches import check_batch
from vigo.core.errors import InvalidError
from vigo.core.task import LONGEST_TIMEOUT, MOST_COMMAND_BYTES, WEB_PREFIXES
from vigo.server.features.tasks.driver import LONGEST_LIFE
from vigo.server.features.tasks.models import NewTask

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_MOST_USER: Final = 64
_NICEST: Final = 19
_MOST_ROWS: Final = 1_000_000


def check(wanted: NewTask) -> None:
    """Accept a task that can be run.

    Raises:
        InvalidError: something of it cannot be.
    """
    size = len(wanted.command.encode(errors="replace"))
    if not wanted.command.strip() or "\0" in wanted.command or size > MOST_COMMAND_BYTES:
        raise InvalidError(
            f"command: expected what a shell can run, of at most {MOST_COMMAND_BYTES} bytes, found {size} bytes"
        )
    if wanted.user is not None and not (0 < len(wanted.user) <= _MOST_USER and wanted.user.isprintable()):
        raise InvalidError(f"user: expected the name of a user, found {wanted.user[:_MOST_USER]!r}")
    if not -_NICEST - 1 <= wanted.nice <= _NICEST:
        raise InvalidError(f"nice: expected -20 to 19, found {wanted.nice}")
    if not 0 < wanted.timeout_seconds <= LONGEST_TIMEOUT.total_seconds():
        raise InvalidError(
            f"timeout_seconds: expected more than 0 and at most {LONGEST_TIMEOUT.total_seconds():g}, found"
            f" {wanted.timeout_seconds:g}"
        )
    if not 0 <= wanted.queue_offline_seconds <= LONGEST_LIFE.total_seconds():
        raise InvalidError(
            f"queue_offline_seconds: expected 0 to {LONGEST_LIFE.total_seconds():g}, found"
            f" {wanted.queue_offline_seconds:g}"
        )
    if wanted.concurrency is not None and wanted.concurrency < 1:
        raise InvalidError(f"concurrency: expected 1 or more, found {wanted.concurrency}")
    if wanted.max_failures is not None and wanted.max_failures < 0:
        raise InvalidError(f"max_failures: expected 0 or more, found {wanted.max_failures}")
    _check_environment(wanted)
    if not 0 <= wanted.rows <= _MOST_ROWS:
        raise InvalidError(f"rows: expected 0 to {_MOST_ROWS}, found {wanted.rows}")
    check_batch(wanted.batch)
    _check_health(wanted)


def _check_health(wanted: NewTask) -> None:
    text, most = wanted.health_check, LONGEST_TIMEOUT.total_seconds()
    if not text:
        return
    if wanted.batch is None:
        raise InvalidError("health_check: expected a batch with it, since it is made between two; found none")
    if not text.strip() or "\0" in text or len(text.encode(errors="replace")) > MOST_COMMAND_BYTES:
        raise InvalidError(f"health_check: expected a command or a URL of at most {MOST_COMMAND_BYTES} bytes")
    if text.lower().startswith(WEB_PREFIXES):
        web_address("health_check", text)
    if not 0 < wanted.health_within_seconds <= most:
        raise InvalidError(
            f"health_within_seconds: expected more than 0 and at most {most:g}, found {wanted.health_within_seconds:g}"
        )


def _check_environment(wanted: NewTask) -> None:
    if any(not _VARIABLE.fullmatch(name) or "\0" in value for name, value in wanted.environment.items()):
        raise InvalidError("environment: expected names of letters, digits and _, and values without NUL")
    if sum(len(name) + len(value) for name, value in wanted.environment.items()) > MOST_COMMAND_BYTES:
        raise InvalidError(f"environment: expected at most {MOST_COMMAND_BYTES} characters, found more")
