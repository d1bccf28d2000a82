"""The roster: who is enrolled, what each one last said, and who was shown the door."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import (
    ConflictError,
    DamagedError,
    ForbiddenError,
    InvalidError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from vigo.core.hostnames import matches
from vigo.core.ids import Digest, EnvoyId
from vigo.core.labels import Labels
from vigo.core.target import Target
from vigo.core.traits import Traits, unpack_traits
from vigo.server.features.envoys import store
from vigo.server.features.envoys.convergence import Convergence, next_cadence
from vigo.server.features.envoys.fleet import Fleet
from vigo.server.features.envoys.index import EnvoyIndex
from vigo.server.features.envoys.marks import MachineMarks
from vigo.server.features.envoys.models import (
    EnvoyDetail,
    EnvoyItem,
    EnvoyList,
    EnvoyRecord,
    Status,
)
from vigo.server.features.envoys.overview import Overview
from vigo.server.features.envoys.targets import Candidate, fitting
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.runs.service import RunService
from vigo.server.features.streams.service import StreamService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.gate import Envoy
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.pki.authority import Issued
from vigo.server.platform.settings.model import CurrentSettings

_log = logging.getLogger(__name__)

# An envoy that floods the server with refused calls must not flood the audit trail too.
_AUDITED_EVERY: Final = timedelta(minutes=1)
# Two machines with one identity greet in turns, every few seconds.
_ALARMED_EVERY: Final = timedelta(hours=1)


class EnvoyService:
    """All envoys. Fulfils the gate's `Roster`."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        runs: RunService,
        generations: GenerationService,
        streams: StreamService,
        settings: CurrentSettings,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._runs = runs
        self._generations = generations
        self._streams = streams
        self._settings = settings
        self.overview = Overview(clock, settings, runs, generations, streams)
        self.index = EnvoyIndex(database.read_now(store.everyone))
        self.fleet = Fleet(self.index, self.overview, clock)
        self._marks = MachineMarks()
        self._refusals: list[Act] = []
        self._refused_at: dict[tuple[EnvoyId, str], timedelta] = {}

    def find(self, envoy: EnvoyId) -> EnvoyRecord | None:
        """Return the envoy with this identity, revoked ones too."""
        return self.index.find(envoy)

    def note_seen(self, record: EnvoyRecord, now: datetime) -> None:
        """Take note that an envoy calls at this moment, and how often it does."""
        if record.last_seen_at is not None:
            gap, told = now - record.last_seen_at, self._settings.value.check_in_interval
            record.cadence = next_cadence(record.cadence, gap, told)
        record.last_seen_at = now

    def note_sequence(self, envoy: Envoy, sequence: int) -> None:
        """Remember the highest sequence; it is stored with the next batch."""
        envoy.sequence = sequence
        record = self.index.find(envoy.id)
        if record is not None:
            self.index.touch(record)

    def note_refusal(self, envoy: EnvoyId, hostname: str, reason: str, source: str) -> None:
        """Log and audit a call that looks like an attack or a copied identity, at most one a minute and kind."""
        kind = reason.partition(" ")[0]
        now = self._clock.monotonic()
        last = self._refused_at.get((envoy, kind))
        if last is not None and now - last < _AUDITED_EVERY:
            return
        self._refused_at[envoy, kind] = now
        _log.warning("refused a call of %s (%s) from %s: %s", hostname, envoy, source, reason)
        detail = {"hostname": hostname, "source": source, "reason": reason}
        self._refusals.append(
            Act(actor=f"envoy {hostname}", action="call.refused", subject=envoy, detail=detail, outcome="refused")
        )

    async def flush(self) -> None:
        """Store in one batch what changed in memory. What cannot be stored is tried again with the next."""
        touched, refusals = self.index.take_touched(), self._refusals
        self._refusals = []
        if not touched and not refusals:
            return
        snapshots = [store.snapshot(record) for record in touched]

        def job(connection: Connection) -> None:
            if snapshots:
                store.flush(connection, snapshots)
            for act in refusals:
                self._trail.append(connection, act)

        try:
            await self._database.write(job)
        except UnavailableError:
            for record in touched:
                self.index.touch(record)
            self._refusals = refusals + self._refusals
            raise

    def add(self, connection: Connection, record: EnvoyRecord) -> None:
        """Store a new envoy, in the transaction that uses up its token. `index.add` follows the commit.

        Raises:
            ConflictError: another active envoy has this name.
        """
        if store.active_named(connection, record.hostname) is not None:
            raise ConflictError(
                f"the hostname {record.hostname} belongs to an envoy that is active; if that machine is gone or shall"
                f" be enrolled anew, run `vigocli envoys revoke {record.hostname}` first"
            )
        store.add(connection, record)

    def active_named(self, connection: Connection, hostname: str) -> tuple[EnvoyId, bytes] | None:
        """Return the identity and the signing key of the active envoy with a name, as the transaction sees it."""
        return store.active_named(connection, hostname)

    def set_certificate(self, connection: Connection, envoy: EnvoyId, issued: Issued) -> None:
        """Store an envoy's newest certificate. `EnvoyRecord.certified` follows the commit."""
        store.set_certificate(connection, envoy, issued)

    def set_key(self, connection: Connection, envoy: EnvoyId, signing_key: bytes, labels: Labels) -> None:
        """Store another signing key of an envoy. `enrolled_anew` follows the commit."""
        present = self.index.find(envoy)
        store.set_key(connection, envoy, signing_key, labels if present is None else present.labels | labels)

    def enrolled_anew(self, record: EnvoyRecord, signing_key: bytes, labels: Labels) -> None:
        """Have the former key open nothing any more, and end the stream that was opened with it."""
        record.enrolled_anew(signing_key, labels)
        self._marks.forget(record.id)
        self._streams.end(record.id, UnauthenticatedError("this envoy was enrolled anew, with another key"))

    def set_sequence(self, connection: Connection, envoy: EnvoyId, sequence: int) -> None:
        """Store a sequence at once, and not with the next batch."""
        store.set_sequence(connection, envoy, sequence)

    async def note_mark(self, envoy: Envoy, mark: str, source: str) -> None:
        """Take what stands for the machine that an envoy greets from; raise the alarm where it is one of two."""
        record = self.index.find(envoy.id)
        if record is None or not self._marks.is_second_machine(envoy.id, mark):
            return
        now = self._clock.now()
        last, record.copied_at = record.copied_at, now
        if last is not None and now - last < _ALARMED_EVERY:
            return
        _log.warning("the identity of %s (%s) is used by two machines, now from %s", record.hostname, record.id, source)
        detail = {"hostname": record.hostname, "source": source}
        act = Act(actor=f"envoy {record.hostname}", action="envoy.copied", subject=record.id, detail=detail)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.set_copied(connection, record.id, now)

        await self._database.write(job)

    async def keep_traits(self, record: EnvoyRecord, digest: Digest, packed: bytes) -> None:
        """Store an envoy's traits durably.

        Raises:
            DamagedError, TooLargeError: they cannot be unpacked.
            InvalidError: they hold what cannot be shown.
        """
        _check_shown(unpack_traits(packed))
        now = self._clock.now()

        def then(_: None) -> None:
            record.traits_digest = digest

        await self._database.write(
            lambda connection: store.put_traits(connection, record.id, digest, packed, now), then
        )

    def list(
        self,
        actor: Actor,
        hostname: str | None,
        status: Status | None,
        labels: Labels,
        limit: int,
        cursor: str | None,
    ) -> EnvoyList:
        """Return a page of envoys by hostname, which have all of some labels.

        `hostname` is a name, a glob or `~regex`.
        """
        actor.require(Permission.READ_ENVOYS)
        after = (cursor or "").partition(" ")
        found = [
            record
            for record in self.index.everyone()
            if (record.hostname, record.id) > (after[0], after[2])
            and (status is None or record.status == status)
            and (hostname is None or matches(hostname, record.hostname))
            and labels.items() <= record.labels.items()
        ]
        shown = found[:limit]
        following = f"{shown[-1].hostname} {shown[-1].id}" if len(found) > limit else None
        return EnvoyList(items=tuple(self.overview.item(record) for record in shown), next_cursor=following)

    def active(self, actor: Actor, hostname: str | None) -> tuple[EnvoyRecord, ...]:
        """Return the envoys that may call, by hostname, which is bounded by a name, a glob or `~regex`."""
        actor.require(Permission.READ_ENVOYS)
        return tuple(
            record
            for record in self.index.everyone()
            if record.is_active and (hostname is None or matches(hostname, record.hostname))
        )

    async def targeted(self, actor: Actor, target: Target) -> Sequence[EnvoyRecord]:
        """Return the active envoys that a target means, by hostname; there is at least one.

        Raises:
            ForbiddenError: the actor may not act on one of them; the audit trail has that.
            InvalidError: the target says nothing, or cannot be understood.
            NotFoundError: nobody fits it.
        """
        actor.require(Permission.READ_ENVOYS)
        candidates = []
        for record in self.index.everyone():
            assigned = self._generations.assignment(record.hostname) if record.is_active else None
            if record.is_active:
                environment, roles = (None, ()) if assigned is None else (assigned.environment, assigned.roles)
                candidates.append(Candidate(record, environment, roles))
        # In a thread: of tens of thousands of envoys that takes seconds, and check-ins go on meanwhile.
        found = await asyncio.to_thread(fitting, target, candidates, self.stored_traits)
        await self.require_machines(actor, [record.hostname for record in found])
        return found

    async def require_machines(self, actor: Actor, hostnames: Sequence[str]) -> None:
        """Return when an actor may act on all of these machines.

        Raises:
            ForbiddenError: it may not; the audit trail has that.
        """
        try:
            actor.require_machines(hostnames)
        except ForbiddenError as error:
            act = Act(
                actor=actor.name,
                action="access.refused",
                subject="machines",
                detail={"reason": str(error)},
                outcome="refused",
            )
            await self._database.write(lambda connection: self._trail.append(connection, act))
            raise

    def stored_traits(self, envoys: Sequence[EnvoyId]) -> dict[EnvoyId, Traits]:
        """Return the traits that some envoys told last, as far as they are stored. It blocks: it is for threads."""
        packed = self._database.read_now(lambda connection: store.traits_of_some(connection, envoys))
        found: dict[EnvoyId, Traits] = {}
        for envoy, data in packed.items():
            try:
                found[envoy] = unpack_traits(data)
            except (DamagedError, TooLargeError) as error:
                _log.warning("the stored traits of envoy %s cannot be read: %s", envoy, error)
        return found

    async def show(self, actor: Actor, name_or_id: str) -> EnvoyDetail:
        """Return an envoy with its traits and the latest outcome of each resource.

        Raises:
            NotFoundError: there is none.
        """
        actor.require(Permission.READ_ENVOYS)
        record = self.index.get(name_or_id)
        packed = await self._database.read(lambda connection: store.traits_of(connection, record.id))
        traits: Traits = {} if packed is None else unpack_traits(packed)
        results = await self._runs.latest_results(record.id)
        return EnvoyDetail(**msgspec.structs.asdict(self.overview.item(record)), traits=traits, resources=results)

    async def revoke(self, actor: Actor, name_or_id: str) -> EnvoyItem:
        """Refuse an envoy from this moment on. Doing it twice is harmless.

        Raises:
            NotFoundError: there is none.
            UnavailableError: it could not be stored; the envoy is then as it was.
        """
        actor.require(Permission.REVOKE_ENVOYS)
        record = self.index.get(name_or_id)
        await self.require_machines(actor, [record.hostname])
        if record.is_active:
            now = self._clock.now()
            act = Act(actor=actor.name, action="envoy.revoke", subject=record.id, detail={"hostname": record.hostname})

            def job(connection: Connection) -> None:
                self._trail.append(connection, act)
                store.revoke(connection, record.id, now)

            def then(_: None) -> None:
                record.status, record.revoked_at = "revoked", now
                self.index.touch(record)
                _log.info("the envoy of %s was revoked by %s", record.hostname, actor.name)

            await self._database.write(job, then)
        return self.overview.item(record)

    def convergence(self, record: EnvoyRecord) -> Convergence:
        """Return whether an envoy is in the state that the live generation declares, as far as it told."""
        return self.overview.axes(record).convergence


def _check_shown(traits: Traits) -> None:
    try:
        msgspec.json.encode(traits)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidError(f"expected traits that JSON can hold, found others: {error}") from error
