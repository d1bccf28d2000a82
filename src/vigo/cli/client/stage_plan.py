"""The plan that the server makes for its stacks, as far as people are shown it."""

from vigo.cli.client.answers import Generation
from vigo.policy.diagnostics import Diagnostic
from vigo.policy.planning.answer import FleetPlan


class StagePlan(FleetPlan, frozen=True, kw_only=True):
    """What publishing the stacks would change, and what they were compared with."""

    live: Generation | None
    warnings: tuple[Diagnostic, ...]
