"""One cycle: collect the traits, check in, apply, report."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from vigo.agent.conversation import Conversation, Spoken, was_refused
from vigo.agent.engine.engine import Engine
from vigo.agent.engine.fitting import fitting_results
from vigo.agent.engine.sightings import Sightings
from vigo.agent.engine.standing import Standing
from vigo.agent.held_policy import HeldPolicy, NoPolicy, held_policy
from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.journal.journal import Journal
from vigo.agent.journal.records import LastRun
from vigo.agent.link.channel import OpenStream
from vigo.agent.link.link import Link
from vigo.agent.machine import Machine, protected_folders
from vigo.agent.news import is_news, remarked
from vigo.agent.pass_link import PassLink
from vigo.agent.report import CycleReport, message_of
from vigo.catalog.api import ReadFiles
from vigo.catalog.scan import kinds_on_demand
from vigo.core.clock import Clock
from vigo.core.encoding import decode, encode
from vigo.core.errors import ForbiddenError, UnauthenticatedError, UnavailableError, VigoError
from vigo.core.ids import Digest, ResourceId, new_run_id
from vigo.core.run import Cause, ResourceResult, Run
from vigo.core.traits import Traits

DEFAULT_INTERVAL = timedelta(minutes=5)
LONGEST_INTERVAL = timedelta(days=7)
"""A server that asks for more is not obeyed: a machine that stays silent for years cannot be told otherwise."""

MakeMachine = Callable[[Identity], Machine]

_log = logging.getLogger(__name__)


def never() -> str:
    """Return no reason to stop."""
    return ""


class Cycles:
    """Runs cycles one after the other and keeps the connection between them. The caller holds the run lock.

    `outside_window` lets maintenance windows count for nothing; with `looks_at_all` no resource is passed over since
    nothing of it has moved. With `is_watching` they remember between two cycles how the resources stand, and which of
    their paths to watch; see `repair`. Without it what was found in its state is kept in the journal.
    """

    def __init__(
        self,
        folder: IdentityFolder,
        make_machine: MakeMachine,
        clock: Clock,
        stop: Callable[[], str] = never,
        *,
        outside_window: bool = False,
        looks_at_all: bool = False,
        is_watching: bool = False,
    ) -> None:
        self._folder = folder
        self._make_machine = make_machine
        self._clock = clock
        self._stop = stop
        self._outside_window = outside_window
        self._looks_at_all = looks_at_all
        self._sightings = Sightings()
        self._link: Link | None = None
        self._identity: Identity | None = None
        self._missing: dict[str, str] = {}
        self._is_watching = is_watching
        self._basis = _NO_BASIS
        self.standing = Standing()
        self.is_applying = False
        self.interval = DEFAULT_INTERVAL

    async def run(self, *, dry_run: bool = False, contact: bool = True, cause: Cause = "command") -> CycleReport:
        """Return what a cycle came to. Without `contact` the server is left alone and the held bundle applied.

        Raises:
            NotEnrolledError: this machine has no identity.
            UnavailableError: the state folder cannot be used.
        """
        identity, link = await self._ready()
        journal = Journal.open(self._folder.state_dir)
        try:
            journal.belongs_to(identity.envoy)
            link.use(journal)
            return await self._cycle(identity, link, journal, dry_run=dry_run, contact=contact, cause=cause)
        finally:
            try:
                self.interval = _interval(journal.state().interval_seconds or identity.interval_seconds)
            finally:
                journal.close()

    async def repair(self, ids: frozenset[ResourceId], remarks: Mapping[ResourceId, str]) -> CycleReport | None:
        """Return what a pass over some resources and what depends on them came to.

        The server is asked for nothing but what resources need: secrets, and signatures under certificates.

        It works on what the last cycle applied; None where that is not what holds any more, so that it takes a cycle.
        `remarks` are added to the reasons of resources. A run is kept where it tells what the last one did not.
        """
        identity = self._folder.load()
        journal = Journal.open(self._folder.state_dir)
        try:
            journal.belongs_to(identity.envoy)
            policy = held_policy(identity, journal, self._clock.now())
            is_other = not isinstance(policy, HeldPolicy) or policy.held.bundle.digest != self._basis.digest
            if was_refused(journal) or identity != self._identity or is_other or not isinstance(policy, HeldPolicy):
                return None
            machine = self._make_machine(identity)
            before = dict(self.standing.outcomes)
            traits: Traits = decode(self._basis.traits, dict[str, dict[str, Any]])
            pass_link = PassLink(await self._link_for(journal))
            run = await self._applied(
                policy, machine, journal, traits, pass_link, dry_run=False, cause="event", only=ids
            )
            run = msgspec.structs.replace(
                run, offline=self._basis.offline, results=tuple(remarked(one, remarks) for one in run.results)
            )
            if is_news(run, before, remarks):
                await self._keep(run, journal, None)
            return CycleReport(run=run, offline=run.offline, waiting_runs=journal.results.state().count)
        finally:
            journal.close()

    async def deliver(self) -> None:
        """Deliver the runs that wait, to a server that is there."""
        identity, link = await self._ready()
        journal = Journal.open(self._folder.state_dir)
        try:
            link.use(journal)
            await Conversation(identity, self._folder, journal, link, self._clock).deliver()
        finally:
            journal.close()

    def files(self) -> ReadFiles:
        """Return the machine's files as they are now.

        Raises:
            NotEnrolledError: this machine has no identity.
        """
        return self._make_machine(self._folder.load()).host

    async def reconnect(self) -> str:
        """Try to reach a server; return why none can be, or an empty text. One that refuses this envoy is reached."""
        identity, link = await self._ready()
        journal = Journal.open(self._folder.state_dir)
        conversation = Conversation(identity, self._folder, journal, link, self._clock)
        try:
            link.use(journal)
            await conversation.connect()
        except (UnauthenticatedError, ForbiddenError):
            return ""
        except VigoError as error:
            return str(error)
        finally:
            self._identity = conversation.identity
            journal.close()
        return ""

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[OpenStream]:
        """Give the stream by which the server reaches this envoy; once it is given, cycles may run.

        Raises:
            NotEnrolledError: this machine has no identity.
            VigoError: it cannot be opened, or ended, with the reason.
        """
        _, link = await self._ready()
        async with AsyncExitStack() as stack:
            journal = Journal.open(self._folder.state_dir)
            try:
                link.use(journal)
                stream = await stack.enter_async_context(link.stream())
            finally:
                journal.close()
            yield stream

    async def close(self) -> None:
        """Close the connection."""
        if self._link is not None:
            await self._link.close()

    async def _ready(self) -> tuple[Identity, Link]:
        """Return the identity as it is now, since it may have been replaced or renewed, and the link that fits."""
        identity = self._folder.load()
        if self._link is None or identity != self._identity:
            await self.close()
            self._link = Link(identity, self._folder, self._clock)
            self._identity = identity
        return identity, self._link

    async def _link_for(self, journal: Journal) -> Link:
        """Return the link, which is only used where something has to be asked."""
        _, link = await self._ready()
        link.use(journal)
        return link

    async def _cycle(
        self, identity: Identity, link: Link, journal: Journal, *, dry_run: bool, contact: bool, cause: Cause
    ) -> CycleReport:
        machine = self._make_machine(identity)
        traits = await self._collected(machine, journal)
        conversation = Conversation(identity, self._folder, journal, link, self._clock)
        spoken = await conversation.check_in(traits) if contact else Spoken(reached=False, problem="not asked now")
        self._identity = identity = conversation.identity
        waiting = journal.results.state
        if spoken.refused or (not spoken.reached and was_refused(journal)):
            self.standing = Standing()
            # Cutting the network must not bring a revoked machine's policy back.
            when = "" if spoken.refused else " when it last answered; now"
            message = f"the server refused this envoy{when}: {spoken.problem}; nothing was applied or changed"
            return CycleReport(
                refused=True, is_problem=True, dry_run=dry_run, message=message, waiting_runs=waiting().count
            )
        policy = held_policy(identity, journal, self._clock.now())
        run = None
        if isinstance(policy, HeldPolicy):
            pass_link = PassLink(link if spoken.reached else None, spoken.problem)
            work = self._applied(policy, machine, journal, traits, pass_link, dry_run=dry_run, cause=cause)
            run = msgspec.structs.replace(await work, offline=not spoken.reached)
            self._basis = _Basis(
                policy.held.bundle.digest, encode(traits) if self._is_watching else b"", not spoken.reached
            )
            if not dry_run:
                await self._keep(run, journal, link if spoken.reached else None)
        else:
            self.standing = Standing()
        delivered = spoken.reached and not dry_run and not self._stop() and await conversation.deliver()
        return CycleReport(
            run=run,
            offline=not spoken.reached,
            delivered=delivered,
            dry_run=dry_run,
            is_problem=(isinstance(policy, NoPolicy) and policy.is_problem)
            or (spoken.reached and bool(spoken.problem)),
            message=message_of(policy, spoken),
            waiting_runs=waiting().count,
        )

    async def _collected(self, machine: Machine, journal: Journal) -> Traits:
        collected = await asyncio.to_thread(machine.collect, journal.collected())
        for name, reason in collected.failures.items():
            if self._missing.get(name) != reason:  # said once, not at every cycle
                _log.warning("trait set missing set=%s reason=%s", name, reason)
        self._missing = collected.failures
        try:
            journal.keep_collected(collected.cache)
        except UnavailableError as error:
            # A full disk costs the time to collect again; it does not keep the machine from its policy.
            _log.warning("traits cannot be kept reason=%s", error)
        agent = collected.traits.get("agent")
        if agent is None:
            return collected.traits
        return {**collected.traits, "agent": {**agent, "queued_runs": journal.results.state().count}}

    async def _applied(
        self,
        policy: HeldPolicy,
        machine: Machine,
        journal: Journal,
        traits: Traits,
        pass_link: PassLink,
        *,
        dry_run: bool,
        cause: Cause,
        only: frozenset[ResourceId] | UnsetType = UNSET,
    ) -> Run:
        is_partial = only is not UNSET
        standing = self.standing if is_partial else Standing()
        root = None if self._identity is None else self._identity.root
        sightings = self._sightings_of(policy, journal)
        engine = Engine(
            machine.host,
            machine.execute,
            self._clock,
            kinds=kinds_on_demand(),
            protected=protected_folders(self._folder.state_dir, root),
            stop=self._stop,
            look_afresh=machine.look_afresh,
            one_look=machine.one_look,
            has_moved=machine.has_moved,
            sightings=sightings,
            resolve=pass_link.resolve,
        )
        started_at, started = self._clock.now(), self._clock.monotonic()
        functions = machine.functions(traits)

        def apply() -> tuple[ResourceResult, ...]:
            results = engine.apply(
                policy.plan,
                traits,
                functions,
                notices=journal,
                undos=journal.undos,
                dry_run=dry_run,
                outside_window=self._outside_window,
                standing=standing if self._is_watching else None,
                only=only,
            )
            return results if dry_run else fitting_results(results)

        machine.use_authority(pass_link.sign)
        self.is_applying = True
        try:
            results = await asyncio.to_thread(apply)
        finally:
            self.is_applying = False
            pass_link.close()
        if sightings.is_new and not self._is_watching:
            self._keep_sightings(sightings, journal)
        if policy.plan.reconverge == "interval":
            standing.watched.clear()
        self.standing = standing
        return Run(
            id=new_run_id(),
            generation=policy.held.bundle.generation,
            bundle_digest=policy.held.bundle.digest,
            started_at=started_at,
            duration_ms=round((self._clock.monotonic() - started).total_seconds() * 1000, 3),
            results=results,
            cause=cause,
            partial=is_partial,
        )

    def _sightings_of(self, policy: HeldPolicy, journal: Journal) -> Sightings:
        """Return what was found in its state: a daemon remembers it, and else it is in the journal."""
        # With another secret what is made of it is another thing, though the policy is the same.
        epoch = journal.state().secrets_epoch
        digest = policy.held.bundle.digest if not epoch else Digest(f"{policy.held.bundle.digest}:{epoch:x}")
        if not self._is_watching:
            return Sightings(digest) if self._looks_at_all else journal.sightings(digest)
        self._sightings.are_of(digest)
        return self._sightings

    def _keep_sightings(self, sightings: Sightings, journal: Journal) -> None:
        try:
            journal.keep_sightings(sightings)
        except UnavailableError as error:
            _log.warning("what is in its state is looked at again by the next run reason=%s", error)

    async def _keep(self, run: Run, journal: Journal, link: Link | None) -> None:
        """Queue a run. On a full disk it is sent at once if the server is there; what waits already stays."""
        try:
            journal.results.push(run)
            if not run.partial:
                journal.remember(last_run=LastRun.of(run))
        except UnavailableError as error:
            _log.warning("results cannot be stored run=%s reason=%s", run.id, error)
            if link is None:
                return
            try:
                await link.report(run)
            except VigoError as refusal:
                _log.warning("results are lost run=%s reason=%s", run.id, refusal)


class _Basis(NamedTuple):
    """What the last cycle applied: which bundle, with which traits (packed, they are large), and without a server?"""

    digest: Digest
    traits: bytes
    offline: bool


_NO_BASIS = _Basis(Digest(""), b"", offline=True)


def _interval(seconds: int) -> timedelta:
    """Return the time between two cycles that a server asked for, within reason."""
    if seconds <= 0:
        return DEFAULT_INTERVAL
    return timedelta(seconds=min(seconds, int(LONGEST_INTERVAL.total_seconds())))
