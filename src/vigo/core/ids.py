"""Typed identifiers. A bare string never stands for two different things."""

import re
import uuid
from typing import NewType

from vigo.core.errors import InvalidError

EnvoyId = NewType("EnvoyId", str)
RunId = NewType("RunId", str)
TaskId = NewType("TaskId", str)
ScrierId = NewType("ScrierId", str)
WorkflowRunId = NewType("WorkflowRunId", str)
ServerId = NewType("ServerId", str)
SessionId = NewType("SessionId", str)
ResourceId = NewType("ResourceId", str)
Digest = NewType("Digest", str)
GenerationNumber = NewType("GenerationNumber", int)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_envoy_id() -> EnvoyId:
    """Return a fresh random identity (UUID version 4, RFC 9562)."""
    return EnvoyId(str(uuid.uuid4()))


def new_run_id() -> RunId:
    """Return a fresh run id; later ids sort after earlier ones."""
    return RunId(_ordered_id())


def new_task_id() -> TaskId:
    """Return a fresh task id; later ids sort after earlier ones."""
    return TaskId(_ordered_id())


def new_scrier_id() -> ScrierId:
    """Return a fresh id of a scrier; later ids sort after earlier ones."""
    return ScrierId(_ordered_id())


def new_workflow_run_id() -> WorkflowRunId:
    """Return a fresh id of a workflow's run; later ids sort after earlier ones."""
    return WorkflowRunId(_ordered_id())


def _ordered_id() -> str:
    """Return a UUID of the version 7 layout, which begins with the time. Source: RFC 9562."""
    random_part = uuid.uuid4().int & ((1 << 74) - 1)
    milliseconds = _now_milliseconds() & ((1 << 48) - 1)
    value = (
        (milliseconds << 80) | (0x7 << 76) | ((random_part >> 62) << 64) | (0b10 << 62) | (random_part & (1 << 62) - 1)
    )
    return str(uuid.UUID(int=value))


def _now_milliseconds() -> int:
    import time  # noqa: PLC0415 - only the id's time part needs it; it orders ids and decides nothing

    return time.time_ns() // 1_000_000


def parse_envoy_id(text: str) -> EnvoyId:
    """Return the canonical form of an envoy's UUID.

    Raises:
        InvalidError: the text is no lower-case, hyphenated UUID.
    """
    if not _UUID.fullmatch(text):
        raise InvalidError(f"expected an envoy's UUID like 6f1c0e9a-..., found {text[:60]!r}")
    return EnvoyId(text)


def parse_run_id(text: str) -> RunId:
    """Return the canonical form of a run's UUID.

    Raises:
        InvalidError: the text is no lower-case, hyphenated UUID.
    """
    return RunId(_listed(text, "a run", "runs list"))


def parse_task_id(text: str) -> TaskId:
    """Return the canonical form of a task's UUID.

    Raises:
        InvalidError: the text is no lower-case, hyphenated UUID.
    """
    return TaskId(_listed(text, "a task", "task list"))


def parse_scrier_id(text: str) -> ScrierId:
    """Return the canonical form of a scrier's UUID.

    Raises:
        InvalidError: the text is no lower-case, hyphenated UUID.
    """
    return ScrierId(_listed(text, "a session", "scrier sessions"))


def parse_workflow_run_id(text: str) -> WorkflowRunId:
    """Return the canonical form of the UUID of a workflow's run.

    Raises:
        InvalidError: the text is no lower-case, hyphenated UUID.
    """
    return WorkflowRunId(_listed(text, "a workflow's run", "workflow list"))


def _listed(text: str, what: str, command: str) -> str:
    """Return an id that a command lists."""
    if not _UUID.fullmatch(text):
        raise InvalidError(f"expected {what}'s UUID, found {text[:60]!r}; `vigocli {command}` prints them")
    return text
