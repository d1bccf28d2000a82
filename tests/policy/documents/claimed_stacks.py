"""Stacks that claim and waive, read as far as their documents go."""

from collections.abc import Mapping
from typing import NamedTuple

from vigo.policy.diagnostics import Diagnostic, Findings, SourceLines, as_text
from vigo.policy.documents.compliance import Claim, Waiver
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.stacks import Stacks, read_stacks

FRAMEWORKS = 'frameworks: {cis-debian-12: {title: CIS, controls: {5.2.1: Keys, 5.2.7: Root, "5.10": Last}}}'
WAIVER = {
    "framework": "cis-debian-12",
    "controls": "5.2.7",
    "match": "jump-*",
    "reason": "one tool",
    "approved_by": "Ada",
    "until": "2027-03-31",
}
ENTRIES = 'envoys: [{match: "*", configcrates: [ssh]}]\n'


class Found(NamedTuple):
    stacks: Stacks
    diagnostics: tuple[Diagnostic, ...]

    @property
    def message(self) -> str:
        """The only message."""
        assert len(self.diagnostics) == 1, as_text(self.diagnostics)
        return self.diagnostics[0].message

    @property
    def codes(self) -> list[str]:
        return [f"{one.file}:{one.line}:{one.column} {one.severity} {one.code}" for one in self.diagnostics]

    @property
    def is_refused(self) -> bool:
        return any(one.severity == "error" for one in self.diagnostics)


def read(files: Mapping[str, str]) -> Found:
    contents = {name: text.encode() for name, text in files.items()}
    findings = Findings(SourceLines(contents))
    return Found(read_stacks(Reading(contents, findings)), findings.diagnostics())


def with_claims(written: str, **more: str) -> Found:
    crate = f"configcrate: ssh\ncompliance: {written}\n"
    files = {f"{name}.vgo": text for name, text in more.items()}
    return read({"configcrates/ssh.vgo": crate, "envoys.vgo": ENTRIES, **files})


def with_file(written: str) -> Found:
    return with_claims("{cis-debian-12: [5.2.1, 5.2.7]}", compliance=written)


def waiver_with(**changes: str | None) -> str:
    given = {key: value for key, value in (WAIVER | changes).items() if value is not None}
    return "waivers: [{" + ", ".join(f"{key}: {value}" for key, value in given.items()) + "}]"


def with_waiver(**changes: str | None) -> Found:
    return with_file(waiver_with(**changes))


def claims(written: str) -> tuple[Claim, ...]:
    stacks, found = read({"configcrates/ssh.vgo": f"configcrate: ssh\ncompliance: {written}\n"})
    assert not found
    return stacks.configcrates["ssh"].claims


def waivers(text: str) -> tuple[Waiver, ...]:
    return read({"compliance.vgo": text})[0].compliance.waivers
