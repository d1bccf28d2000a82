"""What travels on the stream that an agent holds: typed messages, and their protobuf form."""

from datetime import timedelta

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire.messages import SignedRequest, parsed

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


AgentMessage = SignedRequest | Beat
"""What an agent sends: first the signed request that opens the stream."""

ServerMessage = StreamOpened | Beat | CheckInNow


def agent_message_to_bytes(message: AgentMessage) -> bytes:
    """Return the protobuf form."""
    if isinstance(message, Beat):
        return pb.AgentMessage(beat=pb.Beat()).SerializeToString()
    opening = parsed(pb.SignedRequest(), message.to_bytes())
    return pb.AgentMessage(open=opening).SerializeToString()


def agent_message_from_bytes(data: bytes) -> AgentMessage | None:
    """Return the message behind protobuf bytes; None for one that only a newer agent sends.

    Raises:
        InvalidError: they are no message.
    """
    message = parsed(pb.AgentMessage(), data)
    content = message.WhichOneof("content")
    if content == "open":
        return SignedRequest.from_bytes(message.open.SerializeToString())
    return Beat() if content == "beat" else None


def server_message_to_bytes(message: ServerMessage) -> bytes:
    """Return the protobuf form."""
    if isinstance(message, StreamOpened):
        seconds = max(1, round(message.beat.total_seconds()))
        return pb.ServerMessage(opened=pb.StreamOpened(beat_seconds=seconds)).SerializeToString()
    if isinstance(message, CheckInNow):
        within_ms = round(message.within.total_seconds() * 1000)
        return pb.ServerMessage(check_in_now=pb.CheckInNow(within_ms=within_ms)).SerializeToString()
    return pb.ServerMessage(beat=pb.Beat()).SerializeToString()


def server_message_from_bytes(data: bytes) -> ServerMessage | None:
    """Return the message behind protobuf bytes; None for one that only a newer server sends.

    Raises:
        InvalidError: they are no message, or a stream without beats.
    """
    message = parsed(pb.ServerMessage(), data)
    content = message.WhichOneof("content")
    if content == "opened":
        if not message.opened.beat_seconds:
            raise InvalidError("expected the seconds between two beats of a stream, found none")
        return StreamOpened(timedelta(seconds=message.opened.beat_seconds))
    if content == "check_in_now":
        return CheckInNow(timedelta(milliseconds=message.check_in_now.within_ms))
    return Beat() if content == "beat" else None
