"""Validating, publishing and serving generations. The server applies nothing but what stands under `.live`."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection

from vigo.core.errors import ConflictError, DamagedError, InvalidError, VigoError
from vigo.core.ids import Digest, GenerationNumber
from vigo.core.named_task import NamedTask
from vigo.core.saved_query import SavedQuery
from vigo.core.scrier import ScrierRule
from vigo.core.workflow import Workflow
from vigo.policy.compliance import Compliance
from vigo.server.features.generations import store
from vigo.server.features.generations.changed_files import changed_files
from vigo.server.features.generations.differences import stacks_difference
from vigo.server.features.generations.freezing import Freezing
from vigo.server.features.generations.live import LiveGeneration, Sealer
from vigo.server.features.generations.models import (
    Assignment,
    Check,
    Compile,
    CompiledStacks,
    GenerationChanges,
    GenerationList,
    GenerationStatus,
    Manifest,
    Policy,
    Published,
    RolledBack,
    StacksDifference,
    StageAndLive,
    Validated,
    nothing_wrong,
)
from vigo.server.features.generations.snapshot import LiveFolder, Staged, folder_name, number_of
from vigo.server.features.generations.staging import Staging, checked_policy
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.folder.layout import DataFolder

_log = logging.getLogger(__name__)

_MOST_MESSAGE: Final = 2000


class _Change(NamedTuple):
    """Who publishes what, as the manifest and the audit trail keep it. `of` is the generation that one goes back to."""

    actor: str
    message: str
    of: GenerationNumber | None = None

    def act(self, manifest: Manifest) -> Act:
        detail: dict[str, object] = {"digest": manifest.digest, "message": self.message}
        if self.of is not None:
            detail["of"] = self.of
        action = "generation.publish" if self.of is None else "generation.rollback"
        return Act(actor=self.actor, action=action, subject=str(manifest.number), detail=detail)


class GenerationService:
    """The published generations of one data folder."""

    def __init__(
        self,
        folder: DataFolder,
        database: Database,
        trail: Trail,
        sealer: Sealer,
        compiler: Compile,
        check: Check = nothing_wrong,
    ) -> None:
        self._stacks = folder.stacks
        self._live_folder = LiveFolder(folder.live)
        self._database = database
        self._trail = trail
        self._sealer = sealer
        self._staging = Staging(self._live_folder, self._stacks, compiler, check)
        self._publishing = asyncio.Lock()
        self.freezing = Freezing(database, trail, sealer.clock)
        self._live: LiveGeneration | None = None
        self.problem: str | None = None
        """Why the generation that should be live is not; None when all is well."""

    @property
    def live_number(self) -> GenerationNumber | None:
        """The number of the live generation, or None before the first."""
        return None if self._live is None else self._live.number

    def assignment(self, hostname: str) -> Assignment | None:
        """Return what a hostname gets from the live generation."""
        return None if self._live is None else self._live.assignment(hostname)

    def scrier_rule(self, hostname: str) -> ScrierRule | None:
        """Return who may open sessions on a machine by the live generation; None where nobody may."""
        return None if self._live is None else self._live.policy.scrier_rule(hostname)

    def named_tasks(self) -> Mapping[str, NamedTask]:
        """Return the tasks that the live generation declares, by name."""
        return {} if self._live is None else self._live.policy.named_tasks()

    def workflows(self) -> Mapping[str, Workflow]:
        """Return the workflows that the live generation declares, by name."""
        return {} if self._live is None else self._live.policy.workflows()

    def saved_queries(self) -> Mapping[str, SavedQuery]:
        """Return the queries that the live generation declares, by name."""
        return {} if self._live is None else self._live.policy.saved_queries()

    def live_policy(self) -> Policy | None:
        """Return what the live generation was compiled to."""
        return None if self._live is None else self._live.policy

    def compliance(self) -> Compliance | None:
        """Return what the live generation claims and waives."""
        return None if self._live is None else self._live.compliance

    def load(self) -> None:
        """Serve what `.live` says: the current generation, or the newest good one before it when it is damaged.

        For the start: it takes as long as compiling does, and removes what a crash left behind.
        """
        self._live_folder.sweep()
        self._load()

    async def reload(self) -> None:
        """Serve what `.live` says now. A publication under way ends first, so that neither undoes the other."""
        async with self._publishing:
            await asyncio.to_thread(self._load)

    def _load(self) -> None:
        problems: list[str] = []
        for name in self._candidates(problems):
            try:
                live = self._loaded(name)
            except (VigoError, OSError) as error:
                problems.append(str(error))
                continue
            if self._live is None or (self._live.number, self._live.digest) != (live.number, live.digest):
                self._live = live
            break
        self.problem = None
        if problems:
            serving = "no policy" if self.live_number is None else f"generation {self.live_number}"
            self.problem = (
                f"{'; '.join(problems)}; serving {serving} instead: publish the stacks again"
                " (`vigocli config publish`), and look at the disk"
            )
            _log.error("a published generation is damaged: %s", self.problem)

    async def reconcile(self) -> None:
        """Bring the database's copy of the manifests up to what stands under `.live`.

        A folder that neither the database knows nor could ever have been live is what a crash left of a publication
        that never came to be.
        """
        known = await self._database.read(store.numbers)
        missing: list[Manifest] = []
        for name in self._live_folder.names():
            if number_of(name) in known:
                continue
            if self._live_folder.was_never_live(name):
                _log.warning("generation %d was not completed when the server ended; it is removed", number_of(name))
                self._live_folder.discard(name)
                continue
            try:
                missing.append(self._live_folder.manifest(name))
            except DamagedError as error:
                _log.warning("a generation is left out of the list: %s", error)

        def job(connection: Connection) -> None:
            for manifest in missing:
                store.add(connection, manifest)

        if missing:
            await self._database.write(job)

    async def validate(self, actor: Actor) -> Validated:
        """Return the warnings of stacks without errors.

        Raises:
            StacksRejectedError: they have errors.
        """
        actor.require(Permission.VALIDATE_STACKS)
        staged, compiled = await asyncio.to_thread(self._staging.stacks)
        staged.discard()
        checked_policy(compiled, "the stacks have errors: they cannot be published")
        return Validated(warnings=compiled.findings)

    async def compared(self, actor: Actor) -> StageAndLive:
        """Return the stacks as they are and what is live, to be held against each other.

        Raises:
            StacksRejectedError: the stacks have errors.
        """
        actor.require(Permission.VALIDATE_STACKS)
        staged, compiled = await asyncio.to_thread(self._staging.stacks)
        await asyncio.to_thread(staged.discard)
        policy = checked_policy(compiled, "the stacks have errors: they cannot be published")
        live = self._live
        return StageAndLive(
            stage=policy,
            digest=staged.digest,
            warnings=compiled.findings,
            live=None if live is None else live.policy,
            generation=None if live is None else live.listed,
        )

    async def publish(self, actor: Actor, message: str, base: int | None = None) -> Published:
        """Make the stacks the live generation, unless it has their content already.

        `base` is the generation that the author knows.

        Raises:
            StacksRejectedError: they have errors; the live generation stays.
            InvalidError: the message is empty or too long, or there is no generation `base`.
            ConflictError: a generation newer than `base` is live, or nothing may be published now.
        """
        actor.require(Permission.PUBLISH_GENERATIONS)
        change = _Change(actor.name, _checked_message(message))
        failure = "the stacks have errors: nothing was published and the live generation stays"

        async def publish() -> Published:
            async with self._publishing:
                self._check_base(base)
                published, _ = await self._publish(change, self._staging.stacks, failure)
                return published

        # Goes on when its caller is gone: half of it would be worse than either.
        return await asyncio.shield(asyncio.ensure_future(publish()))

    async def roll_back(self, actor: Actor, number: GenerationNumber, message: str | None) -> RolledBack:
        """Publish a former generation's content as a new one. The stacks are not touched.

        Raises:
            NotFoundError: there is no such generation.
            StacksRejectedError: this version does not compile it; the live generation stays.
            DamagedError: it does not hold what was published.
            InvalidError: the message is empty or too long.
            ConflictError: nothing may be published now.
        """
        actor.require(Permission.PUBLISH_GENERATIONS)
        said = f"roll back to generation {number}" if message is None else _checked_message(message)
        change = _Change(actor.name, said, number)
        failure = (
            f"generation {number} does not compile with this version of vigosrv: nothing was published and the live"
            " generation stays"
        )

        async def roll_back() -> RolledBack:
            async with self._publishing:
                done, files = await self._publish(change, lambda: self._staging.again(number), failure)
                differing = await asyncio.to_thread(stacks_difference, self._stacks, self._live_folder, files)
            return RolledBack(
                generation=done.generation, warnings=done.warnings, unchanged=done.unchanged, stacks=differing
            )

        return await asyncio.shield(asyncio.ensure_future(roll_back()))

    async def status(self, actor: Actor) -> GenerationStatus:
        """Return what is live, the freeze that is in force, and how the stacks differ from what is live."""
        actor.require(Permission.READ_GENERATIONS)
        live = self._live
        return GenerationStatus(
            live=None if live is None else live.listed,
            problem=self.problem,
            freeze=await self._database.read(self.freezing.in_force),
            stacks=await asyncio.to_thread(self._difference, live),
        )

    async def page(self, actor: Actor, before: GenerationNumber | None, limit: int) -> GenerationList:
        """Return generations, the newest first."""
        actor.require(Permission.READ_GENERATIONS)
        items = await self._database.read(
            lambda connection: store.newest_first(connection, self.live_number, before, limit)
        )
        more = len(items) == limit and items[-1].number > 1
        return GenerationList(items=items, next_cursor=str(items[-1].number) if more else None)

    async def changed_files(self, actor: Actor, number: GenerationNumber) -> GenerationChanges:
        """Return what a generation has otherwise than the one before it.

        Raises:
            NotFoundError: there is no such generation.
        """
        actor.require(Permission.VALIDATE_STACKS)
        return await asyncio.to_thread(changed_files, self._live_folder, number)

    async def _publish(
        self, change: _Change, stage: Callable[[], tuple[Staged, CompiledStacks]], failure: str
    ) -> tuple[Published, dict[str, Digest]]:
        """Return what was done and the files that are live then. For whoever holds the lock."""
        await self._database.read(self.freezing.check)
        staged, compiled = await asyncio.to_thread(stage)
        try:
            return await self._publish_staged(change, staged, checked_policy(compiled, failure), compiled), staged.files
        finally:
            await asyncio.to_thread(staged.discard)

    async def _publish_staged(
        self, change: _Change, staged: Staged, policy: Policy, compiled: CompiledStacks
    ) -> Published:
        live = self._live
        if live is not None and live.digest == staged.digest and self.problem is None:
            return Published(generation=live.listed, warnings=compiled.findings, unchanged=True)
        taken = {number_of(name) for name in self._live_folder.names()} | await self._database.read(store.numbers)
        manifest = Manifest(
            number=GenerationNumber(max(taken, default=0) + 1),
            digest=staged.digest,
            message=change.message,
            author=change.actor,
            published_at=self._sealer.clock.now(),
            files=staged.files,
        )
        await self._make_live(change, staged, manifest)
        self._live = LiveGeneration(manifest, policy, self._sealer)
        self.problem = None
        _log.info("generation %d is live, published by %s", manifest.number, change.actor)
        return Published(generation=self._live.listed, warnings=compiled.findings)

    async def _make_live(self, change: _Change, staged: Staged, manifest: Manifest) -> None:
        """Write the files, then the audited row, then the pointer: a crash between leaves the former one live."""
        act = change.act(manifest)

        def job(connection: Connection) -> None:
            # Compiling takes its time, in which someone may have frozen the generation that is live.
            self.freezing.check(connection)
            self._trail.append(connection, act)
            store.add(connection, manifest)

        kept = await asyncio.to_thread(self._live_folder.keep, staged, manifest)
        try:
            await self._database.write(job)
        except BaseException:
            await asyncio.to_thread(self._live_folder.forget, kept)
            raise
        await asyncio.to_thread(self._live_folder.make_live, manifest)

    def _check_base(self, base: int | None) -> None:
        live = 0 if self._live is None else self._live.number
        if base is None or base == live:
            return
        if self._live is None or not 0 <= base < live:
            raise InvalidError(
                f"expected as base a generation up to the live one, {live}, found {base}; `vigocli config history`"
                " lists them"
            )
        newer = self._live.listed
        raise ConflictError(
            f"expected generation {base} to be live still, found generation {live} of {newer.author}"
            f" ({newer.message}); nothing was published: look at what it changed, then publish with --base {live}"
        )

    def _difference(self, live: LiveGeneration | None) -> StacksDifference:
        """Return how the stacks differ from a generation; from nothing, where none is live."""
        try:
            files = {} if live is None else self._live_folder.manifest(folder_name(live.number, live.digest)).files
        except DamagedError as error:
            return StacksDifference(problem=str(error))
        return stacks_difference(self._stacks, self._live_folder, files)

    def _candidates(self, problems: list[str]) -> list[str]:
        names = self._live_folder.names()
        try:
            current = self._live_folder.current()
        except DamagedError as error:
            problems.append(str(error))
            return names
        if current is None:
            return []
        return [current, *(name for name in names if number_of(name) < number_of(current))]

    def _loaded(self, name: str) -> LiveGeneration:
        manifest = self._live_folder.verified(name)
        compiled = self._staging.compile(self._live_folder.stacks_of(name))
        if compiled.policy is None:
            first = next(finding for finding in compiled.findings if finding.severity == "error")
            raise DamagedError(
                f"generation {manifest.number} does not compile with this version of vigosrv:"
                f" {first.file}:{first.line}:{first.column}: {first.message}"
            )
        return LiveGeneration(manifest, compiled.policy, self._sealer)


def _checked_message(text: str) -> str:
    message = text.strip()
    if not 0 < len(message) <= _MOST_MESSAGE:
        raise InvalidError(f"expected a message of 1 to {_MOST_MESSAGE} characters that says why, found none such")
    return message
