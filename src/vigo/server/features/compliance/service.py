"""Reports of what is claimed, waived and shown by the last runs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from vigo.core.clock import Clock
from vigo.core.errors import NotFoundError
from vigo.policy.compliance import Claimant, Compliance, number_by_number
from vigo.server.features.compliance.judging import STATES, judged, waiver_of, wrong_by_configcrate
from vigo.server.features.compliance.models import (
    ComplianceReport,
    ControlCoverage,
    ControlState,
    EnvoyCoverage,
    Evidence,
    FrameworkItem,
    FrameworkList,
    WaiverItem,
)
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.runs.models import LatestRun
from vigo.server.features.runs.service import RunService
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission

_MOST_EVIDENCE: Final = 100
_NOTHING: Final = Compliance({}, {}, ())


class _Envoy(NamedTuple):
    """What there is to judge an envoy by."""

    record: EnvoyRecord
    claimed: Mapping[str, Mapping[str, tuple[Claimant, ...]]]
    latest: LatestRun | None
    wrong: Mapping[str, str] | None


class ComplianceService:
    """Puts the claims of the live generation beside what envoys reported."""

    def __init__(self, clock: Clock, generations: GenerationService, envoys: EnvoyService, runs: RunService) -> None:
        self._clock = clock
        self._generations = generations
        self._envoys = envoys
        self._runs = runs

    async def frameworks(self, actor: Actor) -> FrameworkList:
        """Return all frameworks, and how far each is met."""
        actor.require(Permission.READ_COMPLIANCE)
        compliance = self._generations.compliance() or _NOTHING
        found = await self._known(actor, None, compliance)
        names = {claim.framework.text for claims in compliance.claims.values() for claim in claims}
        return FrameworkList(
            items=tuple(
                self._item(name, compliance, self._judged(name, compliance, found))
                for name in sorted(names | set(compliance.frameworks))
            )
        )

    async def report(self, actor: Actor, framework: str, host: str | None, *, in_full: bool) -> ComplianceReport:
        """Return a framework control by control, with evidence; in full all of that.

        Raises:
            NotFoundError: no configcrate claims a control of it, and it is not declared.
        """
        actor.require(Permission.READ_COMPLIANCE)
        compliance = self._generations.compliance() or _NOTHING
        if not _controls(framework, compliance):
            known = ", ".join(item.framework for item in (await self.frameworks(actor)).items) or "there is none"
            raise NotFoundError(f"expected a framework that the stacks name ({known}), found {framework[:60]!r}")
        found = await self._known(actor, host, compliance)
        evidence = self._judged(framework, compliance, found)
        item = self._item(framework, compliance, evidence)
        most = None if in_full else _MOST_EVIDENCE
        today = self._clock.now().date()
        return ComplianceReport(
            framework=item.framework,
            title=item.title,
            version=item.version,
            controls=item.controls,
            counts=item.counts,
            coverage_percent=item.coverage_percent,
            at=self._clock.now(),
            generation=self._generations.live_number,
            host=host,
            envoys=_by_envoy(evidence),
            by_control=tuple(
                _coverage(control, compliance.title(framework, control), of_control, most)
                for control, of_control in evidence.items()
            ),
            waivers=tuple(
                WaiverItem(
                    controls=tuple(control.text for control in one.controls),
                    match=tuple(pattern.text for pattern in one.match),
                    reason=one.reason,
                    approved_by=one.approved_by,
                    until=one.until,
                    ticket=one.ticket,
                    has_lapsed=not one.holds_on(today),
                )
                for one in compliance.waivers
                if one.framework.text == framework
            ),
        )

    async def _known(self, actor: Actor, host: str | None, compliance: Compliance) -> Sequence[_Envoy]:
        claimed: dict[tuple[str, ...], Mapping[str, Mapping[str, tuple[Claimant, ...]]]] = {}
        found = []
        for record in self._envoys.active(actor, host):
            assigned = self._generations.assignment(record.hostname)
            crates = () if assigned is None else assigned.configcrates
            if crates not in claimed:
                claimed[crates] = compliance.claimed(crates)
            latest = self._runs.latest(record.id)
            wrong: Mapping[str, str] | None = None
            if latest is not None and assigned is not None and latest.bundle_digest == assigned.bundle.digest:
                # Most have nothing wrong, and then nothing is read from the database.
                is_wrong = latest.counts["failed"] or latest.counts["blocked"] or latest.counts["skipped"]
                wrong = wrong_by_configcrate(await self._runs.latest_results(record.id)) if is_wrong else {}
            found.append(_Envoy(record, claimed[crates], latest, wrong))
        return found

    def _judged(self, framework: str, compliance: Compliance, envoys: Sequence[_Envoy]) -> dict[str, list[Evidence]]:
        today = self._clock.now().date()
        found: dict[str, list[Evidence]] = {control: [] for control in _controls(framework, compliance)}
        for envoy in envoys:
            claimed = envoy.claimed.get(framework, {})
            waivers = compliance.waivers_for(envoy.record.hostname)
            for control, evidence in found.items():
                claimants = claimed.get(control, ())
                waiver = waiver_of(waivers, framework, control, today)
                state, reason = judged(claimants, envoy.wrong, waiver)
                evidence.append(
                    Evidence(
                        hostname=envoy.record.hostname,
                        state=state,
                        configcrates=tuple(one.configcrate for one in claimants),
                        run=None if envoy.latest is None else envoy.latest.id,
                        run_at=None if envoy.latest is None else envoy.latest.started_at,
                        reason=reason,
                    )
                )
        return found

    def _item(
        self, framework: str, compliance: Compliance, evidence: Mapping[str, Sequence[Evidence]]
    ) -> FrameworkItem:
        declared = compliance.frameworks.get(framework)
        counts = _counts([one for of_control in evidence.values() for one in of_control])
        every = sum(counts.values())
        return FrameworkItem(
            framework=framework,
            title="" if declared is None else declared.title,
            version=None if declared is None else declared.version,
            controls=len(evidence),
            counts=counts,
            coverage_percent=round(100 * (counts["met"] + counts["waived"]) / every, 1) if every else 0.0,
        )


def _controls(framework: str, compliance: Compliance) -> list[str]:
    declared = compliance.frameworks.get(framework)
    names = set() if declared is None else set(declared.controls)
    names |= {
        claim.control.text
        for claims in compliance.claims.values()
        for claim in claims
        if claim.framework.text == framework
    }
    return sorted(names, key=number_by_number)


def _counts(evidence: Sequence[Evidence]) -> dict[ControlState, int]:
    counted = Counter(one.state for one in evidence)
    return {state: counted[state] for state in STATES}


def _coverage(control: str, title: str, evidence: Sequence[Evidence], most: int | None) -> ControlCoverage:
    worst = sorted(evidence, key=lambda one: (STATES.index(one.state), one.hostname))
    shown = worst[:most]
    return ControlCoverage(
        control=control,
        title=title,
        counts=_counts(evidence),
        evidence=tuple(shown),
        evidence_left_out=len(worst) - len(shown),
    )


def _by_envoy(evidence: Mapping[str, Sequence[Evidence]]) -> tuple[EnvoyCoverage, ...]:
    found: dict[str, list[Evidence]] = {}
    for of_control in evidence.values():
        for one in of_control:
            found.setdefault(one.hostname, []).append(one)
    return tuple(EnvoyCoverage(hostname=name, counts=_counts(found[name])) for name in sorted(found))
