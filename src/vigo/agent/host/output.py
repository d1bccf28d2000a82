"""What a program prints, kept within a limit."""

OUTPUT_BYTES = 64 * 1024
"""How much of each stream is kept of a program that changes something, or of a guard."""

ANSWER_BYTES = 16 * 1024 * 1024
"""How much of each stream is kept of a program that is asked something: half of a package list lies."""


class BoundedOutput:
    """The first and the last part of a stream; what is between them is counted and dropped."""

    def __init__(self, limit_bytes: int) -> None:
        self._half = limit_bytes // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._cut_bytes = 0

    @property
    def dropped_bytes(self) -> int:
        """How much is not kept."""
        return self._cut_bytes + max(0, len(self._tail) - self._half)

    def add(self, data: bytes) -> None:
        """Take the next part of the stream."""
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._half:  # not at each byte: what is kept would be moved each time
            self._cut_bytes += len(self._tail) - self._half
            del self._tail[: -self._half]

    def text(self) -> str:
        """Return what is kept as UTF-8, undecodable bytes replaced, with a line for what was dropped."""
        dropped = self.dropped_bytes
        cut = f"\n... {dropped} bytes left out ...\n".encode() if dropped else b""
        return b"".join((self._head, cut, self._tail[-self._half :])).decode(errors="replace")
