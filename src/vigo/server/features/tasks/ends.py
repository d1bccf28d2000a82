"""How tasks end that the server ends by itself, and what it takes of an end that an agent tells."""

from typing import Final

import msgspec

from vigo.core.task import TaskEnd, TaskKind
from vigo.server.features.tasks.live import LiveTarget

_MOST_REASON: Final = 2_000
# What a database's signed 64-bit column holds.
_MOST_NUMBER: Final = (1 << 63) - 1


def overdue(target: LiveTarget, kind: TaskKind, *, is_connected: bool) -> TaskEnd:
    """Return how a task ends on an envoy that was not heard of in time."""
    if target.is_parked:
        advice = "; --queue-offline keeps a task for longer" if kind == "command" else ""
        return TaskEnd(state="expired", reason=f"it was not connected{advice}")
    gone = "" if is_connected else "; it is not connected"
    if target.state == "sent":
        return TaskEnd(state="lost", reason=f"it was told to start and never said that it did{gone}")
    return TaskEnd(state="lost", reason=f"it never said how it ended{gone}")


def revoked(target: LiveTarget) -> TaskEnd:
    """Return how a task ends on an envoy that is out."""
    if target.is_parked:
        return TaskEnd(state="cancelled", reason="it was revoked before its turn came")
    return TaskEnd(state="lost", reason="it was revoked while it ran; its agent ends what it still runs")


def bounded(end: TaskEnd) -> TaskEnd:
    """Return what an agent tells of an end, as a database can keep it and people can read it."""
    return msgspec.structs.replace(
        end,
        duration_ms=end.duration_ms if 0 <= end.duration_ms < _MOST_NUMBER else 0.0,
        reason=end.reason[:_MOST_REASON],
        output_bytes=min(end.output_bytes, _MOST_NUMBER),
    )
