"""What is said of scriers on the stream that an agent holds: typed messages, and their protobuf form."""

import msgspec

from vigo.core.flow import Part
from vigo.core.ids import ScrierId, parse_scrier_id
from vigo.core.orders import SignedOrder
from vigo.core.scrier import ScrierEnd, check_size
from vigo.core.wire import agent_pb2 as pb


class OpenScrier(msgspec.Struct, frozen=True):
    """Open a scrier, or go on with it. The server has its output up to `output_from`."""

    order: SignedOrder
    output_from: int = 0


class ScrierOpened(msgspec.Struct, frozen=True):
    """A scrier is open. The agent has its input up to `input_from`."""

    scrier: ScrierId
    input_from: int = 0


class ScrierData(msgspec.Struct, frozen=True):
    """A part of a scrier's input, or of its output."""

    scrier: ScrierId
    part: Part


class ScrierTaken(msgspec.Struct, frozen=True):
    """So much of what came is out of the way."""

    scrier: ScrierId
    taken_bytes: int


class ResizeScrier(msgspec.Struct, frozen=True):
    """The operator's terminal has another size."""

    scrier: ScrierId
    columns: int
    rows: int


class EndScrier(msgspec.Struct, frozen=True):
    """End a scrier; the answer to `ScrierEnded` too."""

    scrier: ScrierId


class ScrierEnded(msgspec.Struct, frozen=True):
    """A scrier ended. It is told on each stream on which the server asks for it."""

    scrier: ScrierId
    end: ScrierEnd


ScrierReply = ScrierOpened | ScrierData | ScrierTaken | ScrierEnded
"""What an agent says of scriers."""

ScrierRequest = OpenScrier | ScrierData | ScrierTaken | ResizeScrier | EndScrier
"""What the server says of them."""


def reply_to_pb(message: ScrierReply) -> pb.AgentMessage:
    """Return the protobuf form of what an agent says."""
    if isinstance(message, ScrierOpened):
        return pb.AgentMessage(scrier_opened=pb.ScrierOpened(scrier=message.scrier, input_from=message.input_from))
    if isinstance(message, ScrierData):
        return pb.AgentMessage(scrier_data=_data(message))
    if isinstance(message, ScrierTaken):
        return pb.AgentMessage(scrier_taken=pb.ScrierTaken(scrier=message.scrier, bytes=message.taken_bytes))
    end = message.end
    ended = pb.ScrierEnded(scrier=message.scrier, exit_code=end.exit_code, reason=end.reason)
    return pb.AgentMessage(scrier_ended=ended)


def reply_from_pb(message: pb.AgentMessage) -> ScrierReply | None:
    """Return what an agent says of a scrier, None where it says something else.

    Raises:
        InvalidError: it is about no scrier.
    """
    content = message.WhichOneof("content")
    if content == "scrier_opened":
        opened = message.scrier_opened
        return ScrierOpened(parse_scrier_id(opened.scrier), opened.input_from)
    if content == "scrier_data":
        return _from_data(message.scrier_data)
    if content == "scrier_taken":
        return ScrierTaken(parse_scrier_id(message.scrier_taken.scrier), message.scrier_taken.bytes)
    if content == "scrier_ended":
        ended = message.scrier_ended
        exit_code = ended.exit_code if ended.HasField("exit_code") else None
        return ScrierEnded(parse_scrier_id(ended.scrier), ScrierEnd(exit_code=exit_code, reason=ended.reason))
    return None


def request_to_pb(message: ScrierRequest) -> pb.ServerMessage:
    """Return the protobuf form of what the server says."""
    if isinstance(message, OpenScrier):
        order = message.order
        opening = pb.OpenScrier(order=order.content, signature=order.signature, output_from=message.output_from)
        return pb.ServerMessage(open_scrier=opening)
    if isinstance(message, ScrierData):
        return pb.ServerMessage(scrier_data=_data(message))
    if isinstance(message, ScrierTaken):
        return pb.ServerMessage(scrier_taken=pb.ScrierTaken(scrier=message.scrier, bytes=message.taken_bytes))
    if isinstance(message, ResizeScrier):
        resize = pb.ResizeScrier(scrier=message.scrier, columns=message.columns, rows=message.rows)
        return pb.ServerMessage(resize_scrier=resize)
    return pb.ServerMessage(end_scrier=pb.EndScrier(scrier=message.scrier))


def request_from_pb(message: pb.ServerMessage) -> ScrierRequest | None:
    """Return what the server says of a scrier, None where it says something else.

    Raises:
        InvalidError: it is about no scrier, or of no size.
    """
    content = message.WhichOneof("content")
    if content == "open_scrier":
        opening = message.open_scrier
        return OpenScrier(SignedOrder(opening.order, opening.signature), opening.output_from)
    if content == "scrier_data":
        return _from_data(message.scrier_data)
    if content == "scrier_taken":
        return ScrierTaken(parse_scrier_id(message.scrier_taken.scrier), message.scrier_taken.bytes)
    if content == "resize_scrier":
        resize = message.resize_scrier
        check_size(resize.columns, resize.rows)
        return ResizeScrier(parse_scrier_id(resize.scrier), resize.columns, resize.rows)
    if content == "end_scrier":
        return EndScrier(parse_scrier_id(message.end_scrier.scrier))
    return None


def _data(message: ScrierData) -> pb.ScrierData:
    part = message.part
    return pb.ScrierData(scrier=message.scrier, offset=part.offset, data=part.data, is_last=part.is_last)


def _from_data(message: pb.ScrierData) -> ScrierData:
    return ScrierData(parse_scrier_id(message.scrier), Part(message.offset, message.data, message.is_last))
