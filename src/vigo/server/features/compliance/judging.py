"""What the results of an envoy's last run say of what its configcrates claim: pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from vigo.core.run import Outcome, ResourceResult
from vigo.policy.compliance import Claimant
from vigo.policy.documents.compliance import Waiver
from vigo.server.features.compliance.models import ControlState

STATES: Final[tuple[ControlState, ...]] = ("unmet", "unknown", "unclaimed", "waived", "met")
"""The worst first."""
_WRONG: Final[frozenset[Outcome]] = frozenset({"failed", "blocked", "skipped"})


def wrong_by_configcrate(results: Iterable[ResourceResult]) -> dict[str, str]:
    """Return for each configcrate that did not do all its work the first thing that it did not do, and why."""
    found: dict[str, str] = {}
    for result in results:
        crate = result.id.partition("/")[0]
        if result.outcome in _WRONG and crate not in found:
            found[crate] = f"{result.id} {result.outcome}{f': {result.reason}' if result.reason else ''}"
    return found


def judged(
    claimants: tuple[Claimant, ...], wrong: Mapping[str, str] | None, waiver: Waiver | None
) -> tuple[ControlState, str]:
    """Return how a control is on an envoy, and why. `wrong` is None where the envoy has not told of the live policy.

    One claimant that did its work is enough: each claims that it fulfils the control by itself.
    """
    state: ControlState
    if not claimants:
        state, reason = "unclaimed", ""
    elif wrong is None:
        state, reason = "unknown", "it has not told of the live policy"
    elif any(one.configcrate not in wrong for one in claimants):
        return "met", ""
    else:
        state, reason = "unmet", wrong[claimants[0].configcrate]
    if waiver is None:
        return state, reason
    return "waived", f"{waiver.reason} (allowed by {waiver.approved_by} until {waiver.until})"


def waiver_of(waivers: Iterable[Waiver], framework: str, control: str, today: date) -> Waiver | None:
    """Return a waiver that covers a control today."""
    return next(
        (
            one
            for one in waivers
            if one.framework.text == framework
            and one.holds_on(today)
            and any(wanted.text == control for wanted in one.controls)
        ),
        None,
    )
