"""Validating, publishing and serving generations. The server applies nothing but what stands under `.live`."""

import asyncio
import logging
from typing import Final

from sqlalchemy import Connection

from vigo.core.errors import DamagedError, InvalidError, VigoError
from vigo.core.ids import GenerationNumber
from vigo.server.features.generations import store
from vigo.server.features.generations.live import LiveGeneration, Sealer
from vigo.server.features.generations.models import (
    Assignment,
    Compile,
    CompiledStacks,
    Generation,
    GenerationList,
    Manifest,
    Policy,
    Published,
    StacksRejectedError,
    Validated,
)
from vigo.server.features.generations.snapshot import LiveFolder, Staged, number_of
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.folder.layout import DataFolder

_log = logging.getLogger(__name__)

_MOST_MESSAGE: Final = 2000


class GenerationService:
    """The published generations of one data folder."""

    def __init__(self, folder: DataFolder, database: Database, trail: Trail, sealer: Sealer, compiler: Compile) -> None:
        self._stacks = folder.stacks
        self._live_folder = LiveFolder(folder.live)
        self._database = database
        self._trail = trail
        self._sealer = sealer
        self._compile = compiler
        self._publishing = asyncio.Lock()
        self._live: LiveGeneration | None = None
        self.problem: str | None = None
        """Why the generation that should be live is not; None when all is well."""

    @property
    def live_number(self) -> GenerationNumber | None:
        """The number of the live generation, or None before the first."""
        return None if self._live is None else self._live.number

    @property
    def policy_keys(self) -> tuple[str, ...]:
        """The keys of which one signed every bundle."""
        return (self._sealer.public_key,)

    def assignment(self, hostname: str) -> Assignment | None:
        """Return what a hostname gets from the live generation."""
        return None if self._live is None else self._live.assignment(hostname)

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
        staged, compiled = await asyncio.to_thread(self._staged)
        staged.discard()
        _check(compiled, "they cannot be published")
        return Validated(warnings=compiled.findings)

    async def publish(self, actor: Actor, message: str) -> Published:
        """Make the stacks the live generation, unless it has their content already.

        Raises:
            StacksRejectedError: they have errors; the live generation stays.
            InvalidError: the message is empty or too long.
        """
        actor.require(Permission.PUBLISH_GENERATIONS)
        if not 0 < len(message.strip()) <= _MOST_MESSAGE:
            raise InvalidError(f"expected a message of 1 to {_MOST_MESSAGE} characters that says why, found none such")
        # Goes on when its caller is gone: half of it would be worse than either.
        return await asyncio.shield(asyncio.ensure_future(self._publish_alone(actor, message.strip())))

    async def page(self, actor: Actor, before: GenerationNumber | None, limit: int) -> GenerationList:
        """Return generations, the newest first."""
        actor.require(Permission.READ_GENERATIONS)
        items = await self._database.read(
            lambda connection: store.newest_first(connection, self.live_number, before, limit)
        )
        more = len(items) == limit and items[-1].number > 1
        return GenerationList(items=items, next_cursor=str(items[-1].number) if more else None)

    async def _publish_alone(self, actor: Actor, message: str) -> Published:
        async with self._publishing:
            staged, compiled = await asyncio.to_thread(self._staged)
            try:
                return await self._publish(actor, message, staged, compiled)
            finally:
                await asyncio.to_thread(staged.discard)

    async def _publish(self, actor: Actor, message: str, staged: Staged, compiled: CompiledStacks) -> Published:
        policy = _check(compiled, "nothing was published and the live generation stays")
        live = self._live
        if live is not None and live.digest == staged.digest and self.problem is None:
            present = await self._database.read(
                lambda connection: store.newest_first(
                    connection, live.number, GenerationNumber(live.number + 1), limit=1
                )
            )
            return Published(generation=present[0], warnings=compiled.findings, unchanged=True)
        taken = {number_of(name) for name in self._live_folder.names()} | await self._database.read(store.numbers)
        manifest = Manifest(
            number=GenerationNumber(max(taken, default=0) + 1),
            digest=staged.digest,
            message=message,
            author=actor.name,
            published_at=self._sealer.clock.now(),
            files=staged.files,
        )
        await self._make_live(actor, staged, manifest)
        self._live = LiveGeneration(manifest, policy, self._sealer)
        self.problem = None
        _log.info("generation %d is live, published by %s", manifest.number, actor.name)
        return Published(generation=_listed(manifest), warnings=compiled.findings)

    async def _make_live(self, actor: Actor, staged: Staged, manifest: Manifest) -> None:
        """Write the files, then the audited row, then the pointer: a crash between leaves the former one live."""
        act = Act(
            actor=actor.name,
            action="generation.publish",
            subject=str(manifest.number),
            detail={"digest": manifest.digest, "message": manifest.message},
        )

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.add(connection, manifest)

        kept = await asyncio.to_thread(self._live_folder.keep, staged, manifest)
        try:
            await self._database.write(job)
        except BaseException:
            await asyncio.to_thread(self._live_folder.forget, kept)
            raise
        await asyncio.to_thread(self._live_folder.make_live, manifest)

    def _staged(self) -> tuple[Staged, CompiledStacks]:
        staged = self._live_folder.stage(self._stacks)
        try:
            return staged, self._compile(staged.stacks)
        except BaseException:
            staged.discard()
            raise

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
        compiled = self._compile(self._live_folder.stacks_of(name))
        if compiled.policy is None:
            first = next(finding for finding in compiled.findings if finding.severity == "error")
            raise DamagedError(
                f"generation {manifest.number} does not compile with this version of vigosrv:"
                f" {first.file}:{first.line}:{first.column}: {first.message}"
            )
        return LiveGeneration(manifest, compiled.policy, self._sealer)


def _check(compiled: CompiledStacks, consequence: str) -> Policy:
    if compiled.policy is not None:
        return compiled.policy
    errors = [finding for finding in compiled.findings if finding.severity == "error"]
    first = errors[0]
    rest = "" if len(errors) == 1 else f" (and {len(errors) - 1} more)"
    raise StacksRejectedError(
        f"the stacks have errors: {consequence}. {first.file}:{first.line}:{first.column}: {first.message}{rest}",
        compiled.findings,
    )


def _listed(manifest: Manifest) -> Generation:
    return Generation(
        number=manifest.number,
        digest=manifest.digest,
        message=manifest.message,
        author=manifest.author,
        published_at=manifest.published_at,
        live=True,
    )
