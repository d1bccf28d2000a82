"""Where a pass gets the values of secrets from: the server, over the link that the agent has to it."""

import asyncio
from typing import TYPE_CHECKING

from vigo.agent.host.guarded_memory import GuardedMemory
from vigo.agent.link.link import Link
from vigo.core.errors import UnavailableError

if TYPE_CHECKING:
    from vigo.core.wire.secret_messages import Resolved


class SecretSource:
    """Asks the server for one pass, which runs in another thread than the loop. Without a link it tells the problem.

    From the first question on until it is closed, this process's memory is guarded.
    """

    def __init__(self, link: Link | None, problem: str = "") -> None:
        self._link = link
        self._problem = problem
        self._memory = GuardedMemory()
        self._loop = asyncio.get_running_loop()

    def resolve(self, names: tuple[str, ...]) -> "Resolved":
        """Return the values of secrets by name; for the thread of the pass.

        Raises:
            VigoError: nobody can be asked now, or the server refuses.
        """
        if self._link is None:
            raise UnavailableError(self._problem or "the server was not asked in this run")
        self._memory.guard()
        return asyncio.run_coroutine_threadsafe(self._link.resolve_secrets(names), self._loop).result()

    def close(self) -> None:
        """Let the memory be as it was; nothing of the values is in use any more."""
        self._memory.release()
