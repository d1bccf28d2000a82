"""What the compiler says of the stacks, as other programs read it: GitHub's workflow commands, and SARIF."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from vigo.policy.diagnostics import Diagnostic

SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASE: Final = "STACKS"
# Source: GitHub's runner, ActionCommand.cs. The percent sign first, as the others bring their own.
_IN_MESSAGES: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_IN_PROPERTIES: Final = (*_IN_MESSAGES, (":", "%3A"), (",", "%2C"))


def github_commands(findings: Iterable[Diagnostic], folder: PurePath | None = None) -> list[str]:
    """Return a line for each finding, which GitHub Actions shows at its place in a pull request.

    Files count from the root of the repository there, so the folder of the stacks is put before them where one is
    given. Source: GitHub's documentation, "Workflow commands for GitHub Actions".
    """
    return [_github_command(finding, folder) for finding in findings]


def sarif(findings: Sequence[Diagnostic], version: str) -> dict[str, Any]:
    """Return a log with one run. Paths are relative to the stacks; a rule is a diagnostic's code.

    Source: SARIF 2.1.0 (OASIS).
    """
    codes = sorted({finding.code for finding in findings})
    driver = {"name": "vigocli", "version": version, "rules": [{"id": code} for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "The folder of the stacks."}}},
        "results": [_sarif_result(finding, codes.index(finding.code)) for finding in findings],
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _github_command(finding: Diagnostic, folder: PurePath | None) -> str:
    file = finding.file if folder is None else (folder / finding.file).as_posix()
    properties = {"file": file, "line": finding.line, "col": finding.column, "title": f"vigo: {finding.code}"}
    written = ",".join(f"{name}={_escaped(str(value), _IN_PROPERTIES)}" for name, value in properties.items())
    return f"::{finding.severity} {written}::{_escaped(_message(finding), _IN_MESSAGES)}"


def _sarif_result(finding: Diagnostic, rule_index: int) -> dict[str, Any]:
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(finding.file), "uriBaseId": _BASE},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    if finding.source_line is not None:
        place["contextRegion"] = {"startLine": finding.line, "snippet": {"text": finding.source_line}}
    return {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": finding.severity,
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": place}],
    }


def _message(finding: Diagnostic) -> str:
    return f"{finding.message}\nhint: {finding.hint}" if finding.hint else finding.message


def _escaped(text: str, signs: Iterable[tuple[str, str]]) -> str:
    for sign, escaped in signs:
        text = text.replace(sign, escaped)
    return text
