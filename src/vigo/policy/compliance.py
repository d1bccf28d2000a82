"""What the stacks claim and waive, open for questions. It stands beside the plans: no machine gets any of it."""

import re
from collections.abc import Iterable
from collections.abc import Mapping as Map
from datetime import date
from typing import Self

import msgspec

from vigo.core.plan import Origin
from vigo.policy.diagnostics import Diagnostic, Findings, SourceLines
from vigo.policy.documents.compliance import FILE, Claim, Framework, Waiver, read_compliance
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.stacks import Stacks
from vigo.policy.sources import Sources


class Claimant(msgspec.Struct, frozen=True):
    """A configcrate that claims a control, and where it says so."""

    configcrate: str
    origin: Origin


class Compliance(msgspec.Struct, frozen=True):
    """The frameworks that are declared, the claims of each configcrate, and the waivers, in the order of the stacks.

    That a control is claimed says nothing of a machine: whether the configcrate does its work there, its runs tell.
    """

    frameworks: Map[str, Framework]
    claims: Map[str, tuple[Claim, ...]]
    waivers: tuple[Waiver, ...]

    @classmethod
    def of(cls, stacks: Stacks) -> Self:
        """Return what some stacks say."""
        return cls(
            frameworks=stacks.compliance.frameworks,
            claims={name: crate.claims for name, crate in stacks.configcrates.items() if crate.claims},
            waivers=stacks.compliance.waivers,
        )

    def claimed(self, configcrates: Iterable[str]) -> dict[str, dict[str, tuple[Claimant, ...]]]:
        """Return what some configcrates claim, such as those of a plan: by framework and control, who and where.

        Frameworks and controls are sorted, 5.2.10 after 5.2.9; those who claim one stand in the order that was given.
        """
        found: dict[str, dict[str, list[Claimant]]] = {}
        for name in configcrates:
            for claim in self.claims.get(name, ()):
                controls = found.setdefault(claim.framework.text, {})
                controls.setdefault(claim.control.text, []).append(Claimant(name, claim.control.origin))
        return {
            framework: {
                control: tuple(found[framework][control]) for control in sorted(found[framework], key=number_by_number)
            }
            for framework in sorted(found)
        }

    def title(self, framework: str, control: str) -> str:
        """Return the declared title of a control, or an empty text."""
        declared = self.frameworks.get(framework)
        one = None if declared is None else declared.controls.get(control)
        return "" if one is None else one.title

    def waivers_for(self, hostname: str) -> tuple[Waiver, ...]:
        """Return the waivers that cover a machine; those that have lapsed too."""
        return tuple(waiver for waiver in self.waivers if waiver.covers(hostname))


def number_by_number(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Return what sorts the names of controls as people count: 5.2.10 stands after 5.2.9.

    >>> sorted(["5.10", "5.9", "A.1", "5"], key=number_by_number)
    ['5', '5.9', '5.10', 'A.1']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((False, int(part), part) if part[0] in "0123456789" else (True, 0, part) for part in parts)


def lapsed_waivers(sources: Sources, today: date) -> tuple[Diagnostic, ...]:
    """Return a warning for each waiver in some stacks whose last day is over. `today` is the day in UTC."""
    only = {name: content for name, content in sources.files.items() if name == FILE}
    lines = SourceLines(only)
    # Compiling tells what else is wrong with the file.
    waivers = read_compliance(Reading(only, Findings(lines))).waivers
    findings = Findings(lines)
    for waiver in waivers:
        if not waiver.holds_on(today):
            message = f"until: this waiver has lapsed: {waiver.until} was its last day, so it waives nothing"
            hint = "remove it, or have it approved anew until a later day"
            findings.warning(waiver.until_origin, "lapsed", message, hint=hint)
    return findings.diagnostics()
