"""Showing what a session showed: as it comes, or at the pace of then. Source: asciicast v2."""

import sys
import time
from collections.abc import Iterable
from typing import Any, Final

from vigo.core.errors import UnavailableError

_EVENT_FIELDS: Final = 3


def play(lines: Iterable[Any], *, speed: float | None, longest_pause_seconds: float) -> None:
    """Write the output events to standard output. Without a speed they are written as they come.

    Raises:
        UnavailableError: the lines are no recording.
    """
    at = 0.0
    for line in lines:
        if isinstance(line, dict):
            continue
        if not isinstance(line, list) or len(line) != _EVENT_FIELDS:
            raise UnavailableError("expected a recording as asciicast v2, found something else; is it a vigosrv?")
        seconds, kind, text = line
        if kind != "o":
            continue
        if speed is not None:
            time.sleep(min(longest_pause_seconds, max(0.0, seconds - at) / speed))
            at = seconds
        sys.stdout.write(text)
        sys.stdout.flush()
