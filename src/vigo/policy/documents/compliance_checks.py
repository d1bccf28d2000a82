"""What claims and waivers name, held against what is declared and claimed: controls, frameworks, hosts."""

from collections.abc import Iterable

from vigo.core.hostnames import is_exact
from vigo.policy.documents.compliance import FILE, Claim, Declared, Waiver
from vigo.policy.documents.reading import Reading
from vigo.policy.matching import Matcher
from vigo.policy.yaml_tree import Scalar


class ComplianceChecks:
    """Checks the names in claims and waivers."""

    def __init__(self, reading: Reading, declared: Declared) -> None:
        self._reading = reading
        self._declared = declared
        self._findings = reading.findings
        self._judged: dict[str, str | None] = {}

    def check_declared(self, claims: Iterable[Claim]) -> None:
        """Refuse controls that a framework with a list of controls lacks; warn of names that resemble a framework's."""
        for claim in claims:
            self._check(claim.framework, claim.control, "compliance")
        for waiver in self._declared.waivers:
            for control in waiver.controls:
                self._check(waiver.framework, control, "waiver")

    def warn_of_waivers(self, claims: Iterable[Claim], matcher: Matcher) -> None:
        """Warn of waivers of what nobody claims or declares, and of hosts that no entry covers: they have no effect."""
        known: dict[str, set[str]] = {name: set(one.controls) for name, one in self._declared.frameworks.items()}
        for claim in claims:
            known.setdefault(claim.framework.text, set()).add(claim.control.text)
        for waiver in self._declared.waivers:
            self._warn_of_what_nobody_claims(waiver, known)
            for pattern in waiver.match:
                if is_exact(pattern.text) and matcher.first(pattern.text) is None:
                    message = f"match: no entry covers {pattern.text[:80]!r}, so nothing is waived for it"
                    hint = "correct the name, or remove it once the machine is gone"
                    self._findings.warning(pattern.origin, "unknown-host", message, hint=hint)

    def _check(self, framework: Scalar, control: Scalar, what: str) -> None:
        declared = self._declared.frameworks.get(framework.text)
        if declared is None:
            self._warn_of_resemblance(framework, what)
        elif declared.controls and control.text not in declared.controls:
            message = f"{what}: {framework.text} has no control {control.text!r}"
            message += self._findings.did_you_mean(control.text, declared.controls)
            place = f"{FILE}:{declared.name.origin.line}"
            self._reading.error(
                control.origin, "unknown-control", message, f"correct it, or add it to those at {place}"
            )

    def _warn_of_resemblance(self, framework: Scalar, what: str) -> None:
        name = framework.text
        if name not in self._judged:
            self._judged[name] = self._findings.nearest(name, self._declared.frameworks)
        near = self._judged[name]
        if near is not None:
            message = f"{what}: no framework {name!r} is declared; did you mean {near!r}?"
            hint = f"if it is meant, declare it in {FILE} with its title"
            self._findings.warning(framework.origin, "unknown-framework", message, hint=hint)

    def _warn_of_what_nobody_claims(self, waiver: Waiver, known: dict[str, set[str]]) -> None:
        name = waiver.framework.text
        if self._judged.get(name) is not None:
            return
        if name not in known:
            message = f"waiver: no configcrate claims anything of {name!r}{self._findings.did_you_mean(name, known)}"
            hint = f"correct the name, or declare the framework in {FILE}"
            self._findings.warning(waiver.framework.origin, "unclaimed", message, hint=hint)
            return
        for control in waiver.controls:
            if control.text not in known[name]:
                message = f"waiver: no configcrate claims {control.text!r} of {name}"
                message += self._findings.did_you_mean(control.text, known[name])
                hint = f"correct the control, or list the controls of {name} in {FILE}"
                self._findings.warning(control.origin, "unclaimed", message, hint=hint)
