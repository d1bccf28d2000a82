"""Showing what a session showed: as it comes, or at the pace of then. Source: asciicast v2."""

import sys
import time
from collections.abc import Iterable
from typing import Any

import msgspec

from vigo.core.errors import UnavailableError


def play(lines: Iterable[Any], *, speed: float | None, longest_pause_seconds: float) -> None:
    """Write the output events to standard output. Without a speed they are written as they come.

    Raises:
        UnavailableError: the lines are no recording.
    """
    at = 0.0
    for line in lines:
        if isinstance(line, dict):
            continue
        try:
            seconds, kind, text = msgspec.convert(line, tuple[float, str, str])
        except msgspec.ValidationError as error:
            raise UnavailableError(
                "expected a recording as asciicast v2, found something else; is it a vigosrv?"
            ) from error
        if kind != "o":
            continue
        if speed is not None:
            time.sleep(min(longest_pause_seconds, max(0.0, seconds - at) / speed))
            at = seconds
        sys.stdout.write(text)
        sys.stdout.flush()
