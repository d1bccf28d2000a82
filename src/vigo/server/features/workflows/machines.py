"""Which machines the steps of a workflow are for, and whether the stacks still let it run there."""

from collections.abc import Iterable, Sequence
from typing import Final

from vigo.core.errors import ForbiddenError, NotFoundError
from vigo.core.ids import EnvoyId
from vigo.core.target import Target
from vigo.core.workflow import Step, Workflow
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.platform.auth.actor import Actor

_MOST_NAMED: Final = 5


class Machines:
    """Finds the machines of steps."""

    def __init__(self, envoys: EnvoyService) -> None:
        self._envoys = envoys

    async def require(self, actor: Actor, envoys: Iterable[EnvoyId]) -> None:
        """Return when an actor may act on all of these.

        Raises:
            ForbiddenError: it may not; the audit trail has that.
        """
        records = [record for envoy in envoys if (record := self._envoys.find(envoy)) is not None]
        await self._envoys.require_machines(actor, [record.hostname for record in records])

    async def of(self, actor: Actor, workflow: Workflow, step: Step, within: Target | None) -> Sequence[EnvoyRecord]:
        """Return the machines of a step that has a target of its own or the workflow's; there is at least one.

        Raises:
            ForbiddenError: the stacks do not let the workflow run on one of them.
            InvalidError: the target cannot be understood.
            NotFoundError: nobody fits it.
        """
        target = step.target or workflow.target or Target()
        found = await self._envoys.targeted(actor, target)
        if within is not None:
            narrowed = {record.id for record in await self._envoys.targeted(actor, within)}
            found = [record for record in found if record.id in narrowed]
            if not found:
                raise NotFoundError(f"expected machines of `{step.told()}` that {within.text()} means too, found none")
        outside = [record.hostname for record in found if not workflow.may_run_on(record.hostname)]
        if outside:
            more = f" and {len(outside) - _MOST_NAMED} more" if len(outside) > _MOST_NAMED else ""
            raise ForbiddenError(
                f"workflows.vgo does not let {workflow.name} run on {', '.join(outside[:_MOST_NAMED])}{more}"
            )
        return found
