"""What an operator's terminal and the server say to each other over the WebSocket of a scrier.

Binary messages are the next bytes of the input or of the output, text messages are these, as JSON. The terminal begins
with `attach`, the server answers `attached`; from then on each side sends the bytes behind the offset that it was told.
"""

import msgspec

from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import InvalidError


class Attach(msgspec.Struct, frozen=True, tag="attach"):
    """Show a scrier here. The terminal has its output up to `output_from`."""

    output_from: int = 0
    columns: int = 80
    rows: int = 24


class Attached(msgspec.Struct, frozen=True, tag="attached"):
    """The server has the input up to `input_from`."""

    input_from: int = 0


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """So many of the bytes that came are out of the way."""

    taken_bytes: int


class Resize(msgspec.Struct, frozen=True, tag="resize"):
    """The terminal has another size."""

    columns: int
    rows: int


class Last(msgspec.Struct, frozen=True, tag="last"):
    """No more bytes follow this way."""


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """The operator is done; end it."""


class Over(msgspec.Struct, frozen=True, tag="over"):
    """It ended: with the exit code of its shell, or for a reason."""

    exit_code: int | None = None
    reason: str = ""


TerminalMessage = Attach | Taken | Resize | Last | Leave
"""What a terminal says."""

ServerMessage = Attached | Taken | Last | Over
"""What the server says."""

_encoder = msgspec.json.Encoder()
_of_terminal: msgspec.json.Decoder[TerminalMessage] = msgspec.json.Decoder(TerminalMessage)
_of_server: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


def to_text(message: TerminalMessage | ServerMessage) -> str:
    """Return the JSON form."""
    return _encoder.encode(message).decode()


def terminal_message(text: str) -> TerminalMessage:
    """Return what a terminal says.

    Raises:
        InvalidError: it is none of its messages.
    """
    try:
        return _of_terminal.decode(text)
    except NOT_DECODED as error:
        raise InvalidError(f"expected a message of a terminal as JSON, found another: {error}") from error


def server_message(text: str) -> ServerMessage:
    """Return what the server says.

    Raises:
        InvalidError: it is none of its messages.
    """
    try:
        return _of_server.decode(text)
    except NOT_DECODED as error:
        raise InvalidError(f"expected a message of the server as JSON, found another: {error}") from error
