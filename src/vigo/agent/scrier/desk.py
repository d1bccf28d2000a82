"""The scriers that the server opens on this machine: each opened once, kept over broken streams, and ended for sure."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.marks import Marks
from vigo.agent.scrier.opened import Far, OpenedScrier
from vigo.core.clock import Clock
from vigo.core.errors import InvalidError, VigoError
from vigo.core.ids import ScrierId
from vigo.core.scrier import MOST_AT_ONCE, RESUME_WITHIN, ScrierEnd, ScrierOrder, open_order
from vigo.core.wire.scrier_messages import (
    EndScrier,
    OpenScrier,
    ResizeScrier,
    ScrierData,
    ScrierEnded,
    ScrierOpened,
    ScrierReply,
    ScrierRequest,
    ScrierTaken,
)

FOLDER: Final = "scriers"

STOPPED: Final = "the agent was stopped"
GONE: Final = "the agent has it no longer: it was started anew, or out of reach for too long"
ALONE: Final = f"the server was out of reach for {RESUME_WITHIN.total_seconds():g} s"
KILLED: Final = "the server ended it"

_LOOK_EVERY: Final = timedelta(seconds=1)
_PRUNED_EVERY: Final = timedelta(hours=1)

Say = Callable[[ScrierReply], Awaitable[None]]
OpenFar = Callable[[ScrierOrder, str | None], Awaitable[Far]]
"""Opens what an order asks for; see `vigo.agent.scrier.open_far`."""

_log = logging.getLogger(__name__)


class ScrierDesk:
    """Opens scriers, and keeps them while no stream is held, for a while."""

    def __init__(self, folder: IdentityFolder, open_far: OpenFar, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._open_far = open_far
        self._marks = Marks(folder.state_dir / FOLDER)
        self._scriers: dict[ScrierId, OpenedScrier] = {}
        self._opening: set[ScrierId] = set()
        self._say: Say | None = None
        self._work: set[asyncio.Task[None]] = set()
        self._waiting: asyncio.Task[None] | None = None
        self._alone_since: dict[ScrierId, timedelta] = {}
        self._pruned_at = clock.monotonic()
        self._is_ending = False

    def start(self) -> None:
        """Forget the orders that lapsed long ago."""
        self._prune()

    def attach(self, say: Say) -> None:
        """Speak on a new stream. The server asks there for each scrier that it still has."""
        self._say = say
        self._wait()

    def detach(self) -> None:
        """The stream is gone."""
        self._say = None
        for scrier in self._scriers.values():
            scrier.detach()
        self._wait()

    def _wait(self) -> None:
        """Have those ended that the server does not ask for in time."""
        if self._scriers and (self._waiting is None or self._waiting.done()):
            self._waiting = asyncio.create_task(self._give_up())

    async def hear(self, message: ScrierRequest) -> None:
        """Do what the server asks."""
        if isinstance(message, OpenScrier):
            await self._asked(message)
            return
        scrier = self._scriers.get(message.scrier)
        if scrier is None:
            return
        try:
            if isinstance(message, ScrierData):
                if scrier.takes_input:
                    scrier.type_in(message.part)
            elif isinstance(message, ScrierTaken):
                scrier.taken(message.taken_bytes)
            elif isinstance(message, ResizeScrier):
                scrier.resize(message.columns, message.rows)
            elif isinstance(message, EndScrier):
                self._end(scrier, KILLED)
        except InvalidError as error:
            scrier.end(f"the server lost its place: {error}")

    def stop_all(self, reason: str) -> None:
        """End all of them, with all that they started."""
        for scrier in self._scriers.values():
            scrier.end(reason)

    async def end(self) -> None:
        """End all of them and return when nothing is left."""
        self._is_ending = True
        if self._waiting is not None:
            self._waiting.cancel()
            with suppress(asyncio.CancelledError):
                await self._waiting
        self.stop_all(STOPPED)
        await asyncio.gather(*self._work, *(scrier.close() for scrier in self._scriers.values()))
        self._scriers.clear()

    async def _asked(self, asked: OpenScrier) -> None:
        try:
            identity = self._folder.load()
            order = open_order(asked.order, identity.verify_keys())
        except VigoError as error:
            # Whoever wrote this is not to be told anything about a scrier that it may have made up.
            _log.warning("a scrier is refused reason=%s", error)
            return
        scrier = self._scriers.get(order.scrier)
        if scrier is not None:
            try:
                await scrier.attach(asked.output_from)
            except InvalidError as error:
                scrier.end(f"the server lost its place: {error}")
            return
        if order.scrier in self._opening:
            return
        refusal = self._refusal(order, str(identity.envoy))
        if refusal:
            _log.warning("scrier not opened scrier=%s operator=%s reason=%s", order.scrier, order.operator, refusal)
            await self._tell(ScrierEnded(order.scrier, ScrierEnd(reason=refusal)))
            return
        # Others are not kept waiting while it is noted and opened.
        self._opening.add(order.scrier)
        work = asyncio.create_task(self._open(order, identity.root))
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    def _refusal(self, order: ScrierOrder, envoy: str) -> str:
        if order.envoy != envoy:
            return "this scrier is another envoy's"
        if self._marks.has(order.scrier):
            return GONE
        if order.not_after < self._clock.now():
            return (
                f"it was to be opened before {order.not_after:%Y-%m-%d %H:%M:%S} UTC by this machine's clock; check"
                " the clocks of both machines"
            )
        if self._is_ending:
            return "the agent is being stopped"
        if len(self._scriers) + len(self._opening) >= MOST_AT_ONCE:
            return f"{MOST_AT_ONCE} scriers are open here already; end one"
        return ""

    async def _open(self, order: ScrierOrder, root: str | None) -> None:
        """Open what is asked for, once."""
        try:
            if not await asyncio.to_thread(self._begin, order):
                await self._tell(ScrierEnded(order.scrier, ScrierEnd(reason=GONE)))
                return
            far = await self._open_far(order, root)
        except VigoError as error:
            _log.warning("scrier not opened scrier=%s operator=%s reason=%s", order.scrier, order.operator, error)
            await self._tell(ScrierEnded(order.scrier, ScrierEnd(reason=str(error))))
            return
        except Exception as error:  # noqa: BLE001 - who waits for it is told, whatever it is
            _log.exception("a scrier is not opened through an internal fault scrier=%s", order.scrier)
            await self._tell(ScrierEnded(order.scrier, ScrierEnd(reason=f"an internal fault of the agent: {error}")))
            return
        finally:
            self._opening.discard(order.scrier)
        _log.info(
            "scrier opened scrier=%s operator=%s kind=%s user=%s port=%s",
            order.scrier,
            order.operator,
            order.kind,
            order.user or "-",
            order.port or "-",
        )
        scrier = self._scriers[order.scrier] = OpenedScrier(order, far, self._tell)
        scrier.start()
        await self._tell(ScrierOpened(order.scrier))
        if self._is_ending:
            scrier.end(STOPPED)
        if self._say is None:
            scrier.detach()
            self._wait()

    def _end(self, scrier: OpenedScrier, reason: str) -> None:
        """End one that the server does not ask for any more."""
        scrier.detach()
        scrier.end(reason)
        self._scriers.pop(scrier.id, None)
        self._alone_since.pop(scrier.id, None)
        work = asyncio.create_task(scrier.close())
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        _log.info("scrier ended scrier=%s operator=%s", scrier.id, scrier.order.operator)

    async def _give_up(self) -> None:
        while any(not scrier.is_asked_for for scrier in self._scriers.values()):
            await asyncio.sleep(_LOOK_EVERY.total_seconds())
            now = self._clock.monotonic()
            for scrier in tuple(self._scriers.values()):
                if scrier.is_asked_for:
                    self._alone_since.pop(scrier.id, None)
                elif now - self._alone_since.setdefault(scrier.id, now) >= RESUME_WITHIN:
                    self._end(scrier, ALONE)

    def _begin(self, order: ScrierOrder) -> bool:
        """Note that an order is carried out; return False where it was before."""
        if self._clock.monotonic() - self._pruned_at > _PRUNED_EVERY:
            self._prune()
        return self._marks.begin(order.scrier, order.not_after, self._clock.now())

    def _prune(self) -> None:
        self._pruned_at = self._clock.monotonic()
        try:
            for order in self._marks.named():
                if self._marks.is_over(order, self._clock.now()):
                    self._marks.drop(order)
        except OSError as error:
            _log.warning("scriers of before are not forgotten reason=%s", error)

    async def _tell(self, message: ScrierReply) -> None:
        """Say something if a stream is held; what is not heard is asked for on the next."""
        if self._say is not None:
            try:
                await self._say(message)
            except Exception as error:  # noqa: BLE001 - whatever it is, the stream ends and says why
                _log.debug("not told on the stream reason=%s", error)
