"""What a pass asks the server for while it works: values of secrets, and signatures under certificates."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from vigo.agent.host.guarded_memory import GuardedMemory
from vigo.agent.link.link import Link
from vigo.core.errors import UnavailableError

if TYPE_CHECKING:
    from vigo.core.wire.secret_messages import Resolved

T = TypeVar("T")


class PassLink:
    """The link for one pass, which runs in another thread than the loop. Without a link it tells the problem.

    From the first secret on until it is closed, this process's memory is guarded.
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
        link = self._present()
        self._memory.guard()
        return self._done(link.resolve_secrets(names))

    def sign(self, csr_pem: str, days: int) -> str:
        """Return a certificate for the key and the names of a request, with that of its CA; for the thread of the pass.

        Raises:
            VigoError: nobody can be asked now, or the server refuses.
        """
        return self._done(self._present().sign_certificate(csr_pem, days))

    def close(self) -> None:
        """Let the memory be as it was; nothing of the values is in use any more."""
        self._memory.release()

    def _present(self) -> Link:
        if self._link is None:
            raise UnavailableError(self._problem or "the server was not asked in this run")
        return self._link

    def _done(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
