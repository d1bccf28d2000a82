"""Telling that an identity is on two machines, by what stands for the machine in each greeting.

An agent's mark is new at each start of its machine. So a mark that was followed by another one never comes back,
unless two machines greet in turns.
"""

from collections import deque
from typing import Final

from vigo.core.ids import EnvoyId

_KEPT: Final = 4


class MachineMarks:
    """The last few marks of each envoy, the newest last."""

    def __init__(self) -> None:
        self._seen: dict[EnvoyId, deque[str]] = {}

    def is_second_machine(self, envoy: EnvoyId, mark: str) -> bool:
        """Take a mark; return whether it is back though another one came after it."""
        if not mark:
            return False
        seen = self._seen.setdefault(envoy, deque(maxlen=_KEPT))
        if seen and seen[-1] == mark:
            return False
        is_back = mark in seen
        if is_back:
            seen.remove(mark)
        seen.append(mark)
        return is_back

    def forget(self, envoy: EnvoyId) -> None:
        """Forget what was seen of an envoy, which has another key from now on."""
        self._seen.pop(envoy, None)
