"""The policy that an agent holds, verified each time that it is used."""

import logging
from datetime import datetime
from typing import NamedTuple

from vigo.agent.identity.identity import Identity
from vigo.agent.journal.journal import Journal
from vigo.agent.journal.records import HeldBundle
from vigo.agent.link.acceptance import accepted
from vigo.core.errors import VigoError
from vigo.core.plan import Plan

_log = logging.getLogger(__name__)


class HeldPolicy(NamedTuple):
    """What a cycle applies."""

    plan: Plan
    held: HeldBundle


class NoPolicy(NamedTuple):
    """Why a cycle applies nothing."""

    reason: str
    is_problem: bool


def held_policy(identity: Identity, journal: Journal, now: datetime) -> HeldPolicy | NoPolicy:
    """Return what to apply."""
    state, held = journal.state(), journal.bundle()
    if state.without_policy:
        return NoPolicy(f"no policy matches {identity.hostname}; nothing was applied", is_problem=False)
    if held is None:
        return NoPolicy("no policy is held yet; nothing was applied", is_problem=True)
    try:
        plan = accepted(
            held.bundle,
            keys=identity.verify_keys(),
            hostname=identity.hostname,
            now=now,
            highest_generation=state.highest_generation,
        )
    except VigoError as error:
        _log.warning("held bundle not applied reason=%s", error)
        return NoPolicy(f"the held policy is not applied: {error}", is_problem=True)
    return HeldPolicy(plan, held)
