"""Planning: what would become of each envoy if the stacks were published as they are."""

import asyncio

import msgspec

from vigo.catalog.scan import resource_kinds
from vigo.core.errors import NotFoundError
from vigo.policy.planning.fleet import FleetMachine, plan_fleet
from vigo.policy.planning.telling import IN_FULL, IN_SHORT
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.generations.models import StageAndLive
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.planning.models import PlanFilter, StagePlan
from vigo.server.platform.auth.actor import Actor


class PlanningService:
    """Compares the stage with the live generation for the whole fleet."""

    def __init__(self, generations: GenerationService, envoys: EnvoyService) -> None:
        self._generations = generations
        self._envoys = envoys
        # A plan for a large fleet takes seconds of one processor, which check-ins need too.
        self._planning = asyncio.Lock()

    async def plan(self, actor: Actor, only: PlanFilter, *, in_full: bool) -> StagePlan:
        """Return what publishing the stacks would change for the envoys that are not revoked.

        In full it holds each envoy and each difference, otherwise as much as a person reads.

        Raises:
            ForbiddenError: the actor may not validate stacks, or may not see envoys.
            StacksRejectedError: the stacks have errors.
            NotFoundError: there is no such envoy.
            InvalidError: the pattern of a hostname cannot be read.
        """
        machines = [FleetMachine(one.id, one.hostname) for one in self._envoys.active(actor, only.host)]

        async def plan() -> StagePlan:
            async with self._planning:
                compared = await self._generations.compared(actor)
                return await asyncio.to_thread(self._plan, compared, machines, only, in_full=in_full)

        # The thread goes on when its caller is gone, and so does its turn.
        found = await asyncio.shield(asyncio.ensure_future(plan()))
        if not found.envoys.total and only != PlanFilter():
            raise NotFoundError(
                "expected a hostname and an environment that some envoy has, found none that fits; `vigocli envoys"
                " list` shows them"
            )
        return found

    def _plan(
        self, compared: StageAndLive, machines: list[FleetMachine], only: PlanFilter, *, in_full: bool
    ) -> StagePlan:
        found = plan_fleet(
            compared.live,
            compared.stage,
            machines,
            self._envoys.stored_traits,
            resource_kinds(),
            environment=only.environment,
            bounds=IN_FULL if in_full else IN_SHORT,
        )
        return StagePlan(
            **msgspec.structs.asdict(found),
            live=compared.generation,
            stage_digest=compared.digest,
            only=only,
            warnings=compared.warnings,
        )
