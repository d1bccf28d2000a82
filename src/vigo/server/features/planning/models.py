"""What publishing the stacks as they are would change, and against what that was found."""

import msgspec

from vigo.core.ids import Digest
from vigo.policy.planning.answer import FleetPlan
from vigo.server.features.generations.models import Finding, Generation


class PlanFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which envoys a plan is about: those whose hostname fits a name, glob or `~regex`; those of an environment.

    One counts where it is in the environment before or after. Null is no bound.
    """

    host: str | None = None
    environment: str | None = None


class StagePlan(FleetPlan, frozen=True, kw_only=True):
    """The plan for the stacks as they are. `live` is the generation that it compares with, null before the first one.

    `stage_digest` is the digest that a generation of these stacks would have.
    """

    live: Generation | None
    stage_digest: Digest
    only: PlanFilter
    warnings: tuple[Finding, ...]
