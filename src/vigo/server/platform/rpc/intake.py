"""How much of large messages the server holds at once while they arrive, for each peer and for all together."""

from collections import Counter
from typing import Final

from vigo.core.errors import UnavailableError

SMALL_BYTES: Final = 64 * 1024
"""A message up to this size is not counted."""

_MOST_BYTES: Final = 256 * 1024 * 1024
_MESSAGES_EACH: Final = 2


class Intake:
    """Room for large messages. A peer that opens a hundred calls at once gets no more of it than one that opens two."""

    def __init__(self, max_message_bytes: int) -> None:
        self._most_each_bytes = _MESSAGES_EACH * max_message_bytes
        self._most_bytes = max(_MOST_BYTES, self._most_each_bytes)
        self._taken: Counter[str] = Counter()
        self._taken_bytes = 0

    def take(self, peer: str, size_bytes: int) -> None:
        """Take room for a message of a peer.

        Raises:
            UnavailableError: there is none left for this peer, or for anybody.
        """
        if self._taken[peer] + size_bytes > self._most_each_bytes or self._taken_bytes + size_bytes > self._most_bytes:
            raise UnavailableError(
                f"expected fewer large messages at once, found no room for another of {size_bytes} bytes; send it again"
                " later"
            )
        self._taken[peer] += size_bytes
        self._taken_bytes += size_bytes

    def give_back(self, peer: str, size_bytes: int) -> None:
        """Let others have the room that was taken."""
        self._taken[peer] -= size_bytes
        self._taken_bytes -= size_bytes
        if not self._taken[peer]:
            del self._taken[peer]
