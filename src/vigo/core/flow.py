"""Two halves of a stream of bytes that outlives the connections it travels on.

Each byte has its offset. Who sends keeps what the other one has not taken, at most a window of it, and sends that again
on the next connection; who receives takes each byte once. So neither side has to hold more than a window, and a slow
reader slows down only who writes to it. Source: RFC 9293, section 3.8, for windows and cumulative acknowledgements.
"""

from typing import Final, NamedTuple

from vigo.core.errors import InvalidError

WINDOW_BYTES: Final = 512 * 1024
"""What may be under way in one direction."""

PART_BYTES: Final = 32 * 1024
"""The most that one message carries."""


_SAID_EVERY: Final = WINDOW_BYTES // 8


class Part(NamedTuple):
    """The next bytes. Nothing follows the last one."""

    offset: int
    data: bytes
    is_last: bool = False


class Outgoing:
    """What goes to the other side."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._taken = 0
        self._sent = 0
        self._is_closed = False
        self._is_last_sent = False

    @property
    def total_bytes(self) -> int:
        """All that was ever added."""
        return self._taken + len(self._kept)

    @property
    def taken_bytes(self) -> int:
        """What the other side has out of the way."""
        return self._taken

    @property
    def room_bytes(self) -> int:
        """What may be added now."""
        return 0 if self._is_closed else max(0, WINDOW_BYTES - len(self._kept))

    @property
    def is_told(self) -> bool:
        """Whether all was sent, its end too."""
        return self._is_last_sent and self._sent == self.total_bytes

    def add(self, data: bytes) -> None:
        """Add bytes; whoever does so looked for room before."""
        self._kept += data

    def close(self) -> None:
        """Let what was added be all."""
        self._is_closed = True

    def next_part(self) -> Part | None:
        """Return what is to be sent next, and take it for sent."""
        start = self._sent - self._taken
        data = bytes(self._kept[start : start + PART_BYTES])
        offset, self._sent = self._sent, self._sent + len(data)
        is_last = self._is_closed and self._sent == self.total_bytes
        if not data and (not is_last or self._is_last_sent):
            return None
        self._is_last_sent = is_last
        return Part(offset, data, is_last)

    def take(self, taken_bytes: int) -> None:
        """Drop what the other side has out of the way.

        Raises:
            InvalidError: so much was never sent.
        """
        if not 0 <= taken_bytes <= self._sent:
            raise InvalidError(f"expected at most {self._sent} bytes to be taken, found {taken_bytes}")
        if taken_bytes > self._taken:
            del self._kept[: taken_bytes - self._taken]
            self._taken = taken_bytes

    def resume(self, from_bytes: int) -> None:
        """Send what follows some offset again, on another connection.

        Raises:
            InvalidError: that is no longer kept, or was never added.
        """
        if not self._taken <= from_bytes <= self.total_bytes:
            raise InvalidError(f"expected to go on at {self._taken} to {self.total_bytes}, found {from_bytes}")
        self._sent = from_bytes
        self._is_last_sent = False


class Incoming:
    """What comes from the other side."""

    def __init__(self) -> None:
        self.received_bytes = 0
        self.taken_bytes = 0
        """What of it is out of the way; the other side may send a window more."""
        self.is_complete = False
        self._said_bytes = 0

    def receive(self, part: Part) -> bytes:
        """Return what is new in a part, nothing where it came before.

        Raises:
            InvalidError: it begins behind a gap, goes beyond the window, or follows the last one.
        """
        end = part.offset + len(part.data)
        if part.offset > self.received_bytes:
            raise InvalidError(f"expected the bytes from {self.received_bytes} on, found those from {part.offset} on")
        new = part.data[self.received_bytes - part.offset :]
        if new and self.is_complete:
            raise InvalidError("expected nothing behind the last part, found more")
        if end > self.taken_bytes + WINDOW_BYTES:
            raise InvalidError(f"expected at most {WINDOW_BYTES} bytes that are not taken, found more")
        self.received_bytes = max(self.received_bytes, end)
        self.is_complete = self.is_complete or (part.is_last and end == self.received_bytes)
        return new

    def take(self, taken_bytes: int) -> bool:
        """Note how much is out of the way; return whether that is worth saying, as it is now and then."""
        self.taken_bytes = max(self.taken_bytes, taken_bytes)
        if self.taken_bytes - self._said_bytes < _SAID_EVERY:
            return False
        self._said_bytes = self.taken_bytes
        return True
