"""What `sv status` says of a service. Source: sv(8)."""

from typing import Literal

RunitStatus = Literal["run", "down", "finish", "not supervised"]

_STATES: dict[str, RunitStatus] = {"run": "run", "down": "down", "finish": "finish"}
_NOBODY_THERE = ("unable to open supervise/ok: file does not exist", "runsv not running")


def parse_status(text: str) -> RunitStatus | None:
    """Return the state of the service itself, its logger passed over; None where the answer tells of a fault.

    A service whose directory was linked a moment ago, or whose link is gone, has no runsv(8) that supervises it.
    """
    line = text.split("\n", 1)[0]
    word, colon, rest = line.partition(":")
    if not colon:
        return None
    if word in _STATES:
        return _STATES[word]
    return "not supervised" if rest.rstrip().endswith(_NOBODY_THERE) else None
