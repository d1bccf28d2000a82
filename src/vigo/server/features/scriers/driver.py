"""The sessions that go on: telling agents, hearing of them, and ending each for sure."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from vigo.core.clock import Clock
from vigo.core.durations import format_duration
from vigo.core.errors import InvalidError, UnavailableError, VigoError
from vigo.core.ids import EnvoyId, ScrierId
from vigo.core.scrier import RESUME_WITHIN, ScrierEnd, ScrierRule
from vigo.core.wire.scrier_messages import (
    EndScrier,
    OpenScrier,
    ResizeScrier,
    ScrierData,
    ScrierEnded,
    ScrierOpened,
    ScrierTaken,
)
from vigo.core.wire.stream_messages import AgentMessage
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.scriers import store
from vigo.server.features.scriers.live import LiveScrier
from vigo.server.features.scriers.models import ScrierItem
from vigo.server.features.streams.service import StreamService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import InForce
from vigo.server.platform.db.database import Database

SWEEP: Final = timedelta(seconds=1)
"""How often it is looked which limit passed, and whose right was withdrawn."""

OPEN_WITHIN: Final = timedelta(seconds=15)
"""An agent that holds a stream opens a session within this."""

STOPPED: Final = "the server was stopped"

_MOST_REASON: Final = 1_000
_CLOSE_WITHIN: Final = timedelta(seconds=5)

_log = logging.getLogger(__name__)


class ScrierDriver:
    """Hears of streams as their listener."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        identities: InForce,
        envoys: EnvoyService,
        generations: GenerationService,
        streams: StreamService,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._identities = identities
        self._envoys = envoys
        self._generations = generations
        self._streams = streams
        self._live: dict[ScrierId, LiveScrier] = {}
        self._to_store: dict[ScrierId, ScrierItem] = {}
        self._work: set[asyncio.Task[None]] = set()
        streams.attend(self)

    def load(self) -> None:
        """Note the end of those that went on when the server ended; call it before anything is served."""
        for item in self._database.read_now(store.going_on):
            self._to_store[item.id] = msgspec.structs.replace(item, reason=STOPPED, ended_at=self._clock.now())

    def rule_for(self, hostname: str) -> ScrierRule | None:
        """Return who may open sessions on a machine now; None where nobody may."""
        return self._generations.scrier_rule(hostname)

    def is_reachable(self, envoy: EnvoyId) -> bool:
        """Return whether an envoy can be told to open one."""
        return self._streams.connected_since(envoy) is not None

    def find(self, scrier: ScrierId) -> LiveScrier | None:
        """Return one that goes on, or that ended just now."""
        return self._live.get(scrier)

    def going_on(self) -> list[LiveScrier]:
        """Return those that go on, the newest first."""
        return [one for one in reversed(self._live.values()) if one.end is None]

    def count(self, of: Callable[[LiveScrier], bool]) -> int:
        """Return how many of those that go on are of some sort."""
        return sum(of(one) for one in self.going_on())

    def begin(self, live: LiveScrier) -> None:
        """Have one that is stored opened."""
        self._live[live.order.scrier] = live
        self._spawn(self._pump(live))
        self._spawn(self._ask(live))

    def opened(self, envoy: EnvoyId) -> None:
        """Go on, on another stream, with what an envoy has open."""
        for live in self._live.values():
            if live.order.envoy == envoy and live.end is None:
                live.is_asked_for = False
                self._spawn(self._ask(live))

    async def heard(self, envoy: EnvoyId, message: AgentMessage) -> bool:
        """Take what an envoy tells of a session; true where it is one of its own that goes on."""
        if not isinstance(message, ScrierOpened | ScrierData | ScrierTaken | ScrierEnded):
            return False
        live = self._live.get(message.scrier)
        if live is None or live.order.envoy != envoy or live.end is not None:
            self._spawn(self._told_the_end(envoy, message.scrier))
            return False
        try:
            if isinstance(message, ScrierOpened):
                live.opened(message)
            elif isinstance(message, ScrierData):
                live.came(message.part)
            elif isinstance(message, ScrierTaken):
                live.typed_in(message)
            else:
                self.end(live, message.end)
        except InvalidError as error:
            self.end(live, ScrierEnd(reason=f"the agent and the server disagree on what was sent: {error}"))
        except UnavailableError as error:
            self.end(live, ScrierEnd(reason=str(error)))
        return True

    def end(self, live: LiveScrier, end: ScrierEnd) -> None:
        """End one; the first end counts."""
        if live.end is not None:
            return
        live.finish(msgspec.structs.replace(end, reason=end.reason[:_MOST_REASON]))
        self._spawn(self._told_the_end(live.order.envoy, live.order.scrier))
        self._to_store[live.order.scrier] = msgspec.structs.replace(live.item, ended_at=self._clock.now())
        _log.info("scrier ended scrier=%s operator=%s reason=%s", live.order.scrier, live.order.operator, end.reason)
        self._spawn(self._closed(live))

    async def sweep(self) -> None:
        """End those whose time is over or whose right was withdrawn, and store what could not be stored before."""
        now = self._clock.monotonic()
        for live in tuple(self._live.values()):
            if live.ended_at is not None:
                if now - live.ended_at > RESUME_WITHIN:
                    del self._live[live.order.scrier]
            elif reason := self._over(live, now):
                self.end(live, ScrierEnd(reason=reason))
        await self._store()

    async def close(self) -> None:
        """End all of them: the server stops."""
        for live in tuple(self._live.values()):
            self.end(live, ScrierEnd(reason=STOPPED))
        if self._work:
            _, left = await asyncio.wait(self._work, timeout=_CLOSE_WITHIN.total_seconds())
            for task in left:  # it waits for an agent that takes nothing any more
                task.cancel()

    def _over(self, live: LiveScrier, now: timedelta) -> str:
        """Return why one has to end now, nothing where it need not."""
        if self._streams.connected_since(live.order.envoy) is not None:
            live.alone_since = None
        elif live.alone_since is None:
            live.alone_since = now
        return self._withdrawn(live) or _lapsed(live, now)

    def _withdrawn(self, live: LiveScrier) -> str:
        envoy, operator = self._envoys.find(live.order.envoy), live.order.operator
        if envoy is None or not envoy.is_active:
            return "the envoy was revoked"
        if not self._identities.is_in_force(live.actor):
            return f"the token of {operator} is no longer in force"
        if not _allows(self.rule_for(live.item.hostname), live):
            return f"scrier.vgo no longer lets {operator} in there as before"
        return ""

    async def _told_the_end(self, envoy: EnvoyId, scrier: ScrierId) -> None:
        """Have an agent end one. Without a stream it does so by itself, since nobody asks for it on the next."""
        await self._streams.say(envoy, EndScrier(scrier))

    async def _ask(self, live: LiveScrier) -> None:
        await self._streams.say(live.order.envoy, OpenScrier(live.signed, live.received_bytes))

    async def _pump(self, live: LiveScrier) -> None:
        """Tell the agent what is typed, as fast as it takes it."""
        scrier, envoy = live.order.scrier, live.order.envoy
        while live.end is None:
            await live.to_agent.heard()
            if live.size is not None and live.is_asked_for:
                (columns, rows), live.size = live.size, None
                await self._streams.say(envoy, ResizeScrier(scrier, columns, rows))
            while live.is_asked_for and live.end is None and (message := live.next_for_agent()) is not None:
                if not await self._streams.say(envoy, message):
                    live.is_asked_for = False

    async def _closed(self, live: LiveScrier) -> None:
        """Bring the recording to its end, and store how it ended."""
        if live.recording is not None:
            try:
                await asyncio.to_thread(live.recording.close)
            except UnavailableError as error:
                _log.error("the recording of scrier %s has no end: %s", live.order.scrier, error)
        try:
            await self._store()
        except (VigoError, SQLAlchemyError) as error:
            _log.error("the end of scrier %s is not stored yet: %s", live.order.scrier, error)

    async def _store(self) -> None:
        """Store the ends that are not, each with its row in the audit trail."""
        items = tuple(self._to_store.values())
        if not items:
            return

        def job(connection: Connection) -> None:
            for item in items:
                detail = {
                    "hostname": item.hostname,
                    "reason": item.reason,
                    "exit_code": item.exit_code,
                    "input_bytes": item.input_bytes,
                    "output_bytes": item.output_bytes,
                }
                act = Act(actor=item.operator, action="scriers.ended", subject=item.id, detail=detail)
                self._trail.append(connection, act)
                store.finish(connection, item)

        # Two at once would write each row twice.
        for item in items:
            self._to_store.pop(item.id)
        try:
            await self._database.write(job)
        except BaseException:
            self._to_store.update({item.id: item for item in items})
            raise

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def _allows(rule: ScrierRule | None, live: LiveScrier) -> bool:
    if rule is None:
        return False
    user = rule.user_for(live.order.operator)
    return user == live.order.user if live.order.kind == "shell" else user is not None and live.order.port in rule.ports


def _lapsed(live: LiveScrier, now: timedelta) -> str:
    rule, patience = live.rule, f"{RESUME_WITHIN.total_seconds():g} s"
    limits = (
        (live.opened_at, rule.longest, f"it was open for {format_duration(rule.longest)}, which is its limit"),
        (live.active_at, rule.idle, f"nothing was typed for {format_duration(rule.idle)}"),
        (live.unwatched_since, RESUME_WITHIN, f"its operator was gone for {patience}"),
        (live.alone_since, RESUME_WITHIN, f"the agent was out of reach for {patience}"),
        (
            None if live.is_open else live.opened_at,
            OPEN_WITHIN,
            f"the agent did not open it within {OPEN_WITHIN.total_seconds():g} s",
        ),
    )
    return next((reason for since, limit, reason in limits if since is not None and now - since > limit), "")
