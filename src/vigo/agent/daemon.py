"""The agent that stays: a cycle at each interval, whether or not the server answers."""

import asyncio
import logging
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from vigo.agent.cycle import Cycles
from vigo.agent.engine.lock import one_run_at_a_time
from vigo.agent.engine.progress import is_as_declared
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.identity.keeping_private import keep_private
from vigo.agent.link.backoff import RandomShare, backoff_delay, phase_delay
from vigo.agent.memory import give_back
from vigo.agent.reachability import Reachability
from vigo.agent.report import CycleReport
from vigo.agent.scrier.desk import ScrierDesk
from vigo.agent.scrier.open_far import open_far
from vigo.agent.tasks.desk import TaskDesk
from vigo.agent.tasks.run_order import run_order
from vigo.agent.terminal import summary
from vigo.agent.watching.repairs import MakeRepairs
from vigo.core.clock import Clock
from vigo.core.errors import ConflictError, VigoError
from vigo.core.ids import EnvoyId
from vigo.core.run import Cause, ResourceResult

REFUSED_BASE, REFUSED_CAP = timedelta(minutes=1), timedelta(hours=1)
LOOK_EVERY = timedelta(seconds=10)
"""How often a refused envoy looks whether it was enrolled anew."""

STOPPED = "skipped because the agent was asked to stop; the next run goes on"

MakeCycles = Callable[[Callable[[], str]], Cycles]
"""Makes the cycles of a daemon, given what tells them why to stop, or an empty text."""

DELIVER_AFTER = timedelta(seconds=1)
"""Waited after a repair before it is reported: a server that is slow must not hold up the next one."""

_log = logging.getLogger(__name__)


class Daemon:
    """Runs cycles until it is asked to stop.

    `interval` overrides what the server says. While no server answers, convergence goes on at the interval and the
    server is tried in between, with growing, jittered waits. With `make_repairs` drift is repaired in between too.
    """

    def __init__(
        self,
        folder: IdentityFolder,
        make_cycles: MakeCycles,
        clock: Clock,
        *,
        interval: timedelta | None = None,
        random_share: RandomShare = random.random,
        look_every: timedelta = LOOK_EVERY,
        make_repairs: MakeRepairs | None = None,
    ) -> None:
        self._folder = folder
        self._cycles = make_cycles(lambda: STOPPED if self._is_stopping else "")
        self._clock = clock
        self._interval = interval
        self._random_share = random_share
        self._look_every = look_every
        self._is_stopping = False
        self._failures = 0
        self._refusals = 0
        self._awake = asyncio.Event()
        self._talking: asyncio.Task[CycleReport] | None = None
        self._cause: Cause = "interval"
        self._one_at_a_time = asyncio.Lock()
        self._delivery: asyncio.Task[None] | None = None
        self._is_delivering = False
        self._desk = TaskDesk(folder, run_order, clock)
        self._scriers = ScrierDesk(folder, open_far, clock)
        self._reachability = Reachability(
            self._cycles.stream, self._turn_to_speak, self._check_in_within, self._desk, self._scriers, random_share
        )
        self._repairs = (
            None if make_repairs is None else make_repairs(self._cycles, self._turn, self._work, self._check_all)
        )

    async def run(self) -> None:
        """Return once asked to stop, after the resource under work then.

        Raises:
            NotEnrolledError: this machine has no identity to begin with.
        """
        identity = self._folder.load()
        keep_private(self._folder.state_dir)
        share = int(identity.envoy.replace("-", "")[:8], 16) / 2**32
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.wake)
        _log.info("daemon started envoy=%s hostname=%s", identity.envoy, identity.hostname)
        repairing = asyncio.create_task(self._keep_repairing())
        self._desk.start()
        self._scriers.start()
        self._reachability.start()
        try:
            while not self._is_stopping:
                async with self._turn():
                    await self._cycle()
                    self._follow()
                give_back()
                await self._until_due(share)
        finally:
            await self._reachability.end()
            await self._desk.end()
            await self._scriers.end()
            async with self._turn():  # a repair is brought to its end
                repairing.cancel()
                await self._stop_delivering()
            with suppress(asyncio.CancelledError):
                await repairing
            await self._cycles.close()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)
        _log.info("daemon stopped")

    def stop(self) -> None:
        """End after the resource that is worked on."""
        self._is_stopping = True
        self._awake.set()
        # Changes to the machine are brought to an end; a conversation can be taken up again by the next start.
        if self._talking is not None and not self._cycles.is_applying:
            self._talking.cancel()

    def wake(self) -> None:
        """Run a cycle now, and ask the server even if it did not answer before."""
        self._failures = 0
        self._cause = "command"
        self._awake.set()

    def _check_in_within(self, within: timedelta) -> None:
        """Run a cycle at a moment of chance within a time, as the server asks."""
        delay = within.total_seconds() * self._random_share()
        asyncio.get_running_loop().call_later(delay, self.wake)

    def _check_all(self) -> None:
        """Run a cycle now, since it is not known what happened to the machine."""
        self._cause = "event"
        self._awake.set()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Let there be a cycle, or a look for what to repair."""
        async with self._one_at_a_time:
            yield

    @asynccontextmanager
    async def _turn_to_speak(self) -> AsyncIterator[None]:
        """Let nobody else use the link, or open the journal: a process may have that open only once."""
        async with self._turn():
            await self._stop_delivering(also_later=False)
            yield

    async def _stop_delivering(self, *, also_later: bool = True) -> None:
        """Let the journal and the link be free; what is not delivered stays in the journal."""
        if self._delivery is not None and (self._is_delivering or also_later):
            self._delivery.cancel()
            await asyncio.gather(self._delivery, return_exceptions=True)
            self._delivery = None

    async def _deliver(self) -> None:
        await asyncio.sleep(DELIVER_AFTER.total_seconds())
        async with self._turn():
            self._is_delivering = True  # from now on a cycle or a repair ends this
        try:
            with one_run_at_a_time(self._folder.state_dir / "run.lock"):
                await self._cycles.deliver()
        except VigoError as error:
            _log.info("results wait for the next cycle reason=%s", error)
        finally:
            self._is_delivering = False

    async def _work(self, work: Callable[[], Awaitable[CycleReport | None]]) -> CycleReport | None:
        """Repair as the one run of this machine, and tell of it.

        Raises:
            ConflictError: there is another run.
        """
        await self._stop_delivering(also_later=False)
        with one_run_at_a_time(self._folder.state_dir / "run.lock"):
            try:
                report = await work()
            except VigoError as error:
                _log.warning("repair failed code=%s reason=%s", error.code, error)
                return None
        if report is not None and report.run is not None:
            for result in report.run.results:
                _tell(result)
            is_awaited = self._delivery is not None and not self._delivery.done()
            if report.waiting_runs and not self._failures and not is_awaited:
                self._delivery = asyncio.create_task(self._deliver())
            counts = report.run.counts()
            level = logging.INFO if counts["changed"] or counts["failed"] else logging.DEBUG
            _log.log(level, "repair done %s", summary(report))
        return report

    async def _keep_repairing(self) -> None:
        while self._repairs is not None:
            try:
                await self._repairs.run()
            except Exception:  # noqa: BLE001 - the next cycle takes it up again
                _log.exception("repairs ended through an internal fault")

    def _follow(self) -> None:
        if self._repairs is None or self._is_stopping:
            return
        try:
            self._repairs.follow()
        except VigoError as error:
            _log.warning("drift is not watched for reason=%s", error)
        except Exception:  # noqa: BLE001 - the interval is there for that
            _log.exception("drift is not watched for through an internal fault")

    async def _cycle(self) -> None:
        """Run one cycle; whatever goes wrong is logged, and the next one comes."""
        await self._stop_delivering()
        cause: Cause
        cause, self._cause = self._cause, "interval"
        try:
            with one_run_at_a_time(self._folder.state_dir / "run.lock"):
                self._talking = asyncio.create_task(self._cycles.run(contact=not self._failures, cause=cause))
                self._note(await self._talking)
        except ConflictError as error:
            _log.info("cycle left out reason=%s", error)
        except VigoError as error:
            _log.warning("cycle failed code=%s reason=%s", error.code, error)
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
        except Exception:  # noqa: BLE001 - a daemon outlives any one cycle
            _log.exception("cycle failed through an internal fault")
        finally:
            self._talking = None

    def _note(self, report: CycleReport) -> None:
        self._refusals = self._refusals + 1 if report.refused else 0
        if report.offline and not self._failures:
            self._failures = 1
        elif not report.offline:
            self._failures = 0
        self._reachability.is_server_there(is_there=not report.offline and not report.refused)
        for result in report.run.results if report.run is not None else ():
            _tell(result)
        level = logging.WARNING if report.has_failed or report.message else logging.INFO
        message = f" message={report.message}" if report.message else ""
        _log.log(level, "cycle done offline=%s %s%s", report.offline, summary(report), message)

    async def _until_due(self, share: float) -> None:
        """Wait for this envoy's next moment, a signal, or a server that answers again."""
        if self._refusals:
            pause = backoff_delay(self._refusals, self._random_share, REFUSED_BASE, REFUSED_CAP)
            await self._until_enrolled_anew(pause)
            return
        interval = self._interval or self._cycles.interval
        due_at = self._clock.monotonic() + phase_delay(self._clock.now().timestamp(), interval, share)
        while (left := due_at - self._clock.monotonic()) > timedelta(0):
            pause = left
            if self._failures:
                pause = min(left, backoff_delay(self._failures, self._random_share, cap=interval))
            if await self._sleep(pause):
                return
            if self._failures and await self._is_reachable():
                return

    async def _until_enrolled_anew(self, pause: timedelta) -> None:
        """Wait, but for no longer than until this machine has another identity, or a signal comes."""
        refused, ends_at = self._envoy(), self._clock.monotonic() + pause
        while (left := ends_at - self._clock.monotonic()) > timedelta(0):
            if await self._sleep(min(left, self._look_every)) or self._envoy() != refused:
                return

    def _envoy(self) -> EnvoyId | None:
        try:
            return self._folder.load().envoy
        except VigoError:  # it is being replaced at this moment
            return None

    async def _is_reachable(self) -> bool:
        """Try the server; when it answers again, the cycle that follows also asks it."""
        try:
            async with self._turn_to_speak():
                problem = await self._cycles.reconnect()
        except VigoError as error:
            problem = str(error)
        self._failures = self._failures + 1 if problem else 0
        return not problem

    async def _sleep(self, pause: timedelta) -> bool:
        """Return whether a signal ended the pause early."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await self._awake.wait()
        woken = self._awake.is_set()
        if not self._is_stopping:
            self._awake.clear()
        return woken


def _tell(result: ResourceResult) -> None:
    """Log a resource that is not simply as it should be."""
    if result.outcome == "unchanged" or is_as_declared(result):
        return
    level = logging.INFO if result.outcome == "changed" else logging.WARNING
    reason = f" reason={result.reason}" if result.reason else ""
    _log.log(level, "resource=%s outcome=%s changed=%s%s", result.id, result.outcome, ",".join(result.changed), reason)
