"""Several listeners in one process and one loop: started together, renewed together, drained together."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from vigo.core.errors import InvalidError
from vigo.server.platform.listen.acceptor import Acceptor, AcceptorFactory, H2cornAcceptor
from vigo.server.platform.listen.listener import Listener, address_of, bind

DRAIN_LIMIT: Final = timedelta(seconds=20)
"""How long calls in flight may go on after a stop or a renewal has begun."""


class Serving:
    """Serves its listeners from `start` to `stop`.

    The sockets live as long as the object serves, so that a renewal of certificates refuses no connection.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        *,
        drain_limit: timedelta = DRAIN_LIMIT,
        acceptor: AcceptorFactory = H2cornAcceptor,
    ) -> None:
        self._listeners = tuple(listeners)
        self._drain_limit = drain_limit
        self._acceptor = acceptor
        self._sockets: list[socket.socket] = []
        self._acceptors: list[Acceptor] = []
        self._read: list[_Files] = []
        self._draining: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where each listener really listens: its name -> `HOST:PORT`. Empty when not serving."""
        return {
            listener.name: address_of(bound) for listener, bound in zip(self._listeners, self._sockets, strict=False)
        }

    async def start(self) -> None:
        """Return when all listeners accept; on an error none does.

        Raises:
            VigoError: an address cannot be had (see `bind`), or a certificate not used.
        """
        async with self._changing:
            try:
                for listener in self._listeners:
                    self._sockets.append(bind(listener))
                self._read = [_files_of(listener) for listener in self._listeners]
                self._acceptors = await self._started(range(len(self._listeners)))
            except BaseException:
                self._close()
                raise

    async def renew(self, *, waits: bool = True) -> None:
        """Read certificates, keys and CAs anew; new connections get them at once.

        A listener whose files are what they were goes on undisturbed: who has just connected to it loses nothing.
        Connections of before are drained: told to go away, their calls in flight finished or, at the drain limit,
        ended. Without `waits` that goes on when this returns, for a caller whose own connection is one of them. On an
        error everything stays as it was.

        Raises:
            InvalidError: the new certificates cannot be used.
        """
        async with self._changing:
            read = [_files_of(listener) for listener in self._listeners]
            changed = [place for place, (one, other) in enumerate(zip(read, self._read, strict=True)) if one != other]
            started = await self._started(changed)
            former = [self._acceptors[place] for place in changed]
            for place, acceptor in zip(changed, started, strict=True):
                self._acceptors[place] = acceptor
            self._read = read
            draining = asyncio.create_task(_drain(former))
            self._draining.add(draining)
            draining.add_done_callback(self._draining.discard)
            if waits:
                await draining

    async def stop(self) -> None:
        """Accept no more, finish calls in flight within the limit, close. Doing it twice is harmless."""
        async with self._changing:
            former, self._acceptors = self._acceptors, []
            await asyncio.gather(_drain(former), *self._draining)
            self._close()

    async def ended(self) -> None:
        """Return when `stop` was called; raise UnavailableError when a listener died by itself."""
        while self._acceptors:
            present = tuple(self._acceptors)
            watched = [asyncio.create_task(acceptor.ended()) for acceptor in present]
            try:
                done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in watched:
                    task.cancel()

    async def _started(self, places: Sequence[int]) -> list[Acceptor]:
        started: list[Acceptor] = []
        try:
            for place in places:
                acceptor = self._acceptor(self._listeners[place], self._sockets[place], self._drain_limit)
                started.append(acceptor)
                await acceptor.start()
        except BaseException:
            await _drain(started)
            raise
        return started

    def _close(self) -> None:
        for bound in self._sockets:
            bound.close()
        self._sockets.clear()


_Files = tuple[bytes, ...]
"""What the files of a listener held."""


def _files_of(listener: Listener) -> _Files:
    """Return what a listener's files hold now.

    Raises:
        InvalidError: one of them cannot be read.
    """
    paths = (listener.certificate, listener.key, listener.client_ca)
    return tuple(b"" if path is None else _content(listener, path) for path in paths)


def _content(listener: Listener, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidError(f"listener {listener.name}: cannot read {path}: {error.strerror}") from error


async def _drain(acceptors: Sequence[Acceptor]) -> None:
    await asyncio.gather(*(acceptor.drain() for acceptor in acceptors))
