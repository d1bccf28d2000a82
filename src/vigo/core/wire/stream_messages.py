"""What travels on the stream that an agent holds: typed messages, and their protobuf form."""

from datetime import timedelta

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.ids import TaskId, parse_task_id
from vigo.core.orders import SignedOrder
from vigo.core.task import FinalState, TaskEnd
from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire.messages import SignedRequest, parsed
from vigo.core.wire.scrier_messages import (
    ScrierReply,
    ScrierRequest,
    reply_from_pb,
    reply_to_pb,
    request_from_pb,
    request_to_pb,
)

BEATS_OF_PATIENCE = 2.5
"""Whoever hears nothing for so many beats takes the other one for gone."""


class Beat(msgspec.Struct, frozen=True):
    """A sign of life; the agent answers each of the server's."""


class StreamOpened(msgspec.Struct, frozen=True):
    """The server holds the stream, and will send something at least once in every `beat`."""

    beat: timedelta


class CheckInNow(msgspec.Struct, frozen=True):
    """Check in at a moment of the agent's own choice within this time."""

    within: timedelta = timedelta(0)


class StartTask(msgspec.Struct, frozen=True):
    """Start a task, or tell what became of it. The server has its output up to `output_from`."""

    order: SignedOrder
    output_from: int = 0


class CancelTask(msgspec.Struct, frozen=True):
    """End a task now."""

    task: TaskId


class TaskStored(msgspec.Struct, frozen=True):
    """The end of a task is stored; it need not be told again."""

    task: TaskId


class TaskStarted(msgspec.Struct, frozen=True):
    """A task runs."""

    task: TaskId


class TaskOutput(msgspec.Struct, frozen=True):
    """A part of what a task printed. `offset` counts from the first byte of all of it."""

    task: TaskId
    offset: int
    data: bytes


class TaskEnded(msgspec.Struct, frozen=True):
    """A task ended. It is told on each stream until the server has stored it."""

    task: TaskId
    end: TaskEnd


AgentMessage = SignedRequest | Beat | TaskStarted | TaskOutput | TaskEnded | ScrierReply
"""What an agent sends: first the signed request that opens the stream."""

ServerMessage = StreamOpened | Beat | CheckInNow | StartTask | CancelTask | TaskStored | ScrierRequest

_STATES: dict[FinalState, "pb.TaskState"] = {
    "succeeded": pb.TASK_STATE_SUCCEEDED,
    "failed": pb.TASK_STATE_FAILED,
    "timed-out": pb.TASK_STATE_TIMED_OUT,
    "cancelled": pb.TASK_STATE_CANCELLED,
    "expired": pb.TASK_STATE_EXPIRED,
    "refused": pb.TASK_STATE_REFUSED,
    "lost": pb.TASK_STATE_LOST,
}
_STATE_NAMES = {number: name for name, number in _STATES.items()}


def agent_message_to_bytes(message: AgentMessage) -> bytes:
    """Return the protobuf form."""
    if isinstance(message, Beat):
        content = pb.AgentMessage(beat=pb.Beat())
    elif isinstance(message, TaskStarted):
        content = pb.AgentMessage(task_started=pb.TaskStarted(task=message.task))
    elif isinstance(message, TaskOutput):
        output = pb.TaskOutput(task=message.task, offset=message.offset, data=message.data)
        content = pb.AgentMessage(task_output=output)
    elif isinstance(message, TaskEnded):
        content = pb.AgentMessage(task_ended=_task_ended(message.task, message.end))
    elif isinstance(message, SignedRequest):
        content = pb.AgentMessage(open=parsed(pb.SignedRequest(), message.to_bytes()))
    else:
        content = reply_to_pb(message)
    return content.SerializeToString()


def _task_ended(task: TaskId, end: TaskEnd) -> pb.TaskEnded:
    return pb.TaskEnded(
        task=task,
        state=_STATES[end.state],
        exit_code=end.exit_code,
        duration_ms=end.duration_ms,
        reason=end.reason,
        output_bytes=end.output_bytes,
    )


def agent_message_from_bytes(data: bytes) -> AgentMessage | None:
    """Return the message behind protobuf bytes; None for one that only a newer agent sends.

    Raises:
        InvalidError: they are no message, or one about no task and no scrier.
    """
    message = parsed(pb.AgentMessage(), data)
    content = message.WhichOneof("content")
    if content == "open":
        return SignedRequest.from_bytes(message.open.SerializeToString())
    if content == "task_started":
        return TaskStarted(parse_task_id(message.task_started.task))
    if content == "task_output":
        output = message.task_output
        return TaskOutput(parse_task_id(output.task), output.offset, output.data)
    if content == "task_ended":
        return TaskEnded(parse_task_id(message.task_ended.task), _task_end(message.task_ended))
    return Beat() if content == "beat" else reply_from_pb(message)


def _task_end(ended: pb.TaskEnded) -> TaskEnd:
    state = _STATE_NAMES.get(ended.state)
    if state is None:
        raise InvalidError(f"expected one of the final states {', '.join(_STATES)}, found number {ended.state}")
    return TaskEnd(
        state=state,
        exit_code=ended.exit_code if ended.HasField("exit_code") else None,
        duration_ms=ended.duration_ms,
        reason=ended.reason,
        output_bytes=ended.output_bytes,
    )


def server_message_to_bytes(message: ServerMessage) -> bytes:
    """Return the protobuf form."""
    if isinstance(message, StreamOpened):
        seconds = max(1, round(message.beat.total_seconds()))
        content = pb.ServerMessage(opened=pb.StreamOpened(beat_seconds=seconds))
    elif isinstance(message, CheckInNow):
        within_ms = round(message.within.total_seconds() * 1000)
        content = pb.ServerMessage(check_in_now=pb.CheckInNow(within_ms=within_ms))
    elif isinstance(message, StartTask):
        order, output_from = message.order, message.output_from
        start = pb.StartTask(order=order.content, signature=order.signature, output_from=output_from)
        content = pb.ServerMessage(start_task=start)
    elif isinstance(message, CancelTask):
        content = pb.ServerMessage(cancel_task=pb.CancelTask(task=message.task))
    elif isinstance(message, TaskStored):
        content = pb.ServerMessage(task_stored=pb.TaskStored(task=message.task))
    elif isinstance(message, Beat):
        content = pb.ServerMessage(beat=pb.Beat())
    else:
        content = request_to_pb(message)
    return content.SerializeToString()


def server_message_from_bytes(data: bytes) -> ServerMessage | None:
    """Return the message behind protobuf bytes; None for one that only a newer server sends.

    Raises:
        InvalidError: they are no message, a stream without beats, or one about no task and no scrier.
    """
    message = parsed(pb.ServerMessage(), data)
    content = message.WhichOneof("content")
    if content == "opened":
        if not message.opened.beat_seconds:
            raise InvalidError("expected the seconds between two beats of a stream, found none")
        return StreamOpened(timedelta(seconds=message.opened.beat_seconds))
    if content == "check_in_now":
        return CheckInNow(timedelta(milliseconds=message.check_in_now.within_ms))
    if content == "start_task":
        start = message.start_task
        return StartTask(SignedOrder(start.order, start.signature), start.output_from)
    if content == "cancel_task":
        return CancelTask(parse_task_id(message.cancel_task.task))
    if content == "task_stored":
        return TaskStored(parse_task_id(message.task_stored.task))
    return Beat() if content == "beat" else request_from_pb(message)
