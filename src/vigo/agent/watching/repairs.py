"""Between two cycles: what the machine tells of, and the repair of what it concerns."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from typing import Final, Protocol

from vigo.agent.engine.standing import Standing
from vigo.agent.report import CycleReport
from vigo.agent.watching.damping import Damper
from vigo.agent.watching.fights import Fights
from vigo.agent.watching.folder_events import FolderEvents
from vigo.agent.watching.watched_folders import WatchedFolders
from vigo.catalog.api import ReadFiles
from vigo.core.clock import Clock
from vigo.core.errors import BlockedError, ConflictError
from vigo.core.ids import ResourceId

SETTLE: Final = timedelta(milliseconds=100)
"""Waited after the first event: an editor makes several, and a flood wakes the agent no more often than that."""

REST_FACTOR: Final = 5
"""After a pass the agent rests so many times as long as it took, which bounds what repairs may take of a core."""

LONGEST_REST: Final = timedelta(seconds=5)
BUSY_REST: Final = timedelta(seconds=1)
FULL_CHECK_EVERY: Final = timedelta(seconds=15)

_log = logging.getLogger(__name__)


class Repairer(Protocol):
    """The side of the cycles that repairs need."""

    standing: Standing

    def files(self) -> ReadFiles:
        """Return the machine's files as they are now."""
        ...

    async def repair(self, ids: frozenset[ResourceId], remarks: Mapping[ResourceId, str]) -> CycleReport | None:
        """Return what a pass over some resources came to, or None where it takes a whole cycle."""
        ...


Turn = Callable[[], AbstractAsyncContextManager[None]]
"""Held while there is a cycle or a repair: what is known here of the machine changes under it alone."""

Work = Callable[[Callable[[], Awaitable[CycleReport | None]]], Awaitable[CycleReport | None]]
"""Does a piece of work as the one run of this machine. Raises ConflictError where there is another."""


class Repairs:
    """Listens to the folders of what resources own, and repairs them.

    `listen` asks the machine to tell; where it does not, drift waits for the interval, and that is logged once.
    `check_all` asks for a cycle now.
    """

    def __init__(
        self,
        repairer: Repairer,
        listen: Callable[[], FolderEvents],
        clock: Clock,
        turn: Turn,
        work: Work,
        check_all: Callable[[], None],
        fights: Fights,
        *,
        settle: timedelta = SETTLE,
    ) -> None:
        self._repairer = repairer
        self._listen = listen
        self._clock = clock
        self._turn = turn
        self._work = work
        self._ask_for_cycle = check_all
        self._fights = fights
        self._settle = settle
        self._folders: WatchedFolders | None = None
        self._descriptor = -1
        self._damper = Damper(clock)
        self._touched: set[ResourceId] = set()
        self._astray: set[ResourceId] = set()
        self._heard = asyncio.Event()
        self._rest = timedelta(0)
        self._is_doubtful = False
        self._checked_at: timedelta | None = None
        self._problem = ""

    def follow(self) -> None:
        """Watch what the last cycle found to be worth watching. The caller holds the turn."""
        wanted = {id_: tuple(paths) for id_, paths in self._repairer.standing.watched.items() if paths}
        self._is_doubtful = False
        self._touched &= wanted.keys()
        self._astray.clear()
        self._damper.forget_quiet()
        if not wanted:
            self._stop_listening()
            return
        try:
            if self._folders is None:
                events = self._listen()
                self._folders, self._descriptor = WatchedFolders(events), events.fileno()
                self._hear()
            self._touched |= self._folders.keep_only(wanted, self._repairer.files())
        except BlockedError as error:
            self._give_up(error)
        else:
            if self._problem or not self._checked_at:
                _log.info("drift is repaired at once resources=%d folders=%d", len(wanted), len(self._folders))
            self._problem = ""
        self._checked_at = self._clock.monotonic()
        self._heard.set()

    async def run(self) -> None:
        """Repair until cancelled."""
        try:
            while True:
                await self._next_moment()
                await asyncio.sleep(max(self._settle, self._rest).total_seconds())
                async with self._turn():
                    await self._repair_what_moved()
                self._hear()
        finally:
            self._stop_listening()
            self._fights.close()

    async def _next_moment(self) -> None:
        """Wait for an event, or for the end of the pause of a resource that is fought over, or for a check."""
        waits = [self._damper.waits(id_) for id_ in self._touched | self._astray]
        if self._is_doubtful:
            waits.append(self._until_check())
        with suppress(TimeoutError):
            async with asyncio.timeout(min(waits).total_seconds() if waits else None):
                await self._heard.wait()
        self._heard.clear()

    async def _repair_what_moved(self) -> None:
        folders = self._folders
        if folders is None:
            self._touched.clear()
            return
        heard = folders.heard()
        self._touched |= heard.touched
        self._astray |= heard.astray
        self._is_doubtful = self._is_doubtful or heard.is_doubtful
        if self._is_doubtful and not self._until_check():
            self._check_all("events were lost")
            return
        standing, files = self._repairer.standing, self._repairer.files()
        due = {id_ for id_ in self._touched | self._astray if not self._damper.waits(id_)}
        moved = {id_ for id_ in due if id_ in self._astray or standing.has_moved(id_, files)}
        self._touched -= due
        self._astray -= due
        if moved:
            await self._repair(frozenset(moved), folders)

    async def _repair(self, moved: frozenset[ResourceId], folders: WatchedFolders) -> None:
        started = self._clock.monotonic()
        remarks = self._fights.remarks(moved, self._damper)
        try:
            report = await self._work(lambda: self._repairer.repair(moved, remarks))
        except ConflictError:
            self._touched |= moved
            self._rest = BUSY_REST
            self._heard.set()
            return
        self._rest = min(LONGEST_REST, REST_FACTOR * (self._clock.monotonic() - started))
        if report is None or report.run is None:
            self._check_all("the policy is another one, or the repair failed")
            return
        self._fights.told(remarks, self._damper)
        # What was undone again before the agent had another look counts too, though it failed.
        changed = {result.id: bool(result.changed) for result in report.run.results}
        for id_ in moved:
            turns = self._damper.took_turn(id_, repaired=changed.get(id_, False))
            self._fights.consider(id_, turns, folders.paths_of(id_))
        self._follow_again(moved.union(changed), folders)

    def _follow_again(self, ids: frozenset[ResourceId], folders: WatchedFolders) -> None:
        """Watch the way to what was worked on, which may be another one now."""
        standing, files = self._repairer.standing, self._repairer.files()
        wanted = {id_: tuple(standing.watched[id_]) for id_ in ids if id_ in standing.watched}
        try:
            self._touched |= folders.watch(wanted, files)
        except BlockedError as error:
            self._give_up(error)
        # What the repair of one did to the files of others, and what others did meanwhile, shows in the next look.
        self._heard.set()

    def _hear(self) -> None:
        if self._folders is not None:
            asyncio.get_running_loop().add_reader(self._descriptor, self._has_heard)

    def _has_heard(self) -> None:
        # Not again before it was read: a flood would keep the loop busy with nothing else.
        asyncio.get_running_loop().remove_reader(self._descriptor)
        self._heard.set()

    def _stop_listening(self) -> None:
        if self._folders is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._folders.close()
            self._folders = None

    def _give_up(self, error: BlockedError) -> None:
        """Leave drift to the interval until the next cycle tries again; said once."""
        self._stop_listening()
        if self._problem != str(error):
            _log.warning("drift is repaired at the interval alone reason=%s", error)
        self._problem = str(error)

    def _until_check(self) -> timedelta:
        if self._checked_at is None:
            return timedelta(0)
        return max(timedelta(0), self._checked_at + FULL_CHECK_EVERY - self._clock.monotonic())

    def _check_all(self, reason: str) -> None:
        self._is_doubtful = True
        if not self._until_check():
            self._is_doubtful = False
            self._checked_at = self._clock.monotonic()
            _log.warning("everything is checked reason=%s", reason)
            self._ask_for_cycle()


MakeRepairs = Callable[[Repairer, Turn, Work, Callable[[], None]], Repairs]
"""Makes the repairs of a daemon, given its cycles and what it does for repairs."""
