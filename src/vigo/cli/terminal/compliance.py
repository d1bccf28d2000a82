"""What a host's policy claims for it, and what is waived there: as tables for people, as data for programs."""

from datetime import date
from typing import Any

import msgspec

from vigo.cli.terminal.table import Cell, print_table
from vigo.core.terminal import print_line
from vigo.policy.compliance import Claimant, Compliance
from vigo.policy.documents.compliance import Waiver
from vigo.policy.trials import Trial


class HostCompliance(msgspec.Struct, frozen=True):
    """The claims and waivers of a host. `skipped` are configcrates of it that conditions leave nothing to do there."""

    compliance: Compliance
    claimed: dict[str, dict[str, tuple[Claimant, ...]]]
    waivers: tuple[Waiver, ...]
    skipped: frozenset[str]
    today: date


def host_compliance(compliance: Compliance, hostname: str, trial: Trial, today: date) -> HostCompliance:
    """Return what is claimed and waived for a host that was tried."""
    outcomes: dict[str, set[str]] = {}
    for one in trial.resources.values():
        outcomes.setdefault(one.planned.configcrate, set()).add(one.outcome)
    return HostCompliance(
        compliance=compliance,
        claimed=compliance.claimed(() if trial.plan is None else trial.plan.configcrates),
        waivers=compliance.waivers_for(hostname),
        skipped=frozenset(name for name, found in outcomes.items() if found == {"skipped"}),
        today=today,
    )


def print_compliance(host: HostCompliance) -> None:
    """Print the controls that are claimed with who claims them, and the waivers; nothing where there are none."""
    claims = [
        (framework, Cell(control, whole=True), host.compliance.title(framework, control), _claimants(host, claimants))
        for framework, controls in host.claimed.items()
        for control, claimants in controls.items()
    ]
    if claims:
        print_line()
        print_table(("FRAMEWORK", "CONTROL", "TITLE", "CLAIMED BY"), claims)
    if host.waivers:
        print_line()
        print_table(("WAIVED", "UNTIL", "APPROVED BY", "REASON", "PLACE"), [_row(host, one) for one in host.waivers])


def compliance_as_json(host: HostCompliance) -> dict[str, Any]:
    """Return all that `print_compliance` prints."""
    return {
        "claims": [
            {
                "framework": framework,
                "control": control,
                "title": host.compliance.title(framework, control),
                "configcrates": [
                    {"name": one.configcrate, "origin": str(one.origin), "skipped": one.configcrate in host.skipped}
                    for one in claimants
                ],
            }
            for framework, controls in host.claimed.items()
            for control, claimants in controls.items()
        ],
        "waivers": [
            {
                "framework": one.framework.text,
                "controls": [control.text for control in one.controls],
                "match": [pattern.text for pattern in one.match],
                "reason": one.reason,
                "approved_by": one.approved_by,
                "until": one.until.isoformat(),
                "lapsed": not one.holds_on(host.today),
                "ticket": one.ticket,
                "origin": str(one.origin),
            }
            for one in host.waivers
        ],
    }


def _claimants(host: HostCompliance, claimants: tuple[Claimant, ...]) -> str:
    return ", ".join(
        f"{one.configcrate} ({one.origin}){' skipped' if one.configcrate in host.skipped else ''}" for one in claimants
    )


def _row(host: HostCompliance, waiver: Waiver) -> tuple[Cell | str, ...]:
    has_lapsed = not waiver.holds_on(host.today)
    until = Cell(f"{waiver.until}{' (lapsed)' if has_lapsed else ''}", "yellow" if has_lapsed else "", whole=True)
    ticket = f"{waiver.ticket}: " if waiver.ticket is not None else ""
    controls = ", ".join(control.text for control in waiver.controls)
    place = Cell(str(waiver.origin), whole=True)
    return f"{waiver.framework.text} {controls}", until, waiver.approved_by, ticket + waiver.reason, place
