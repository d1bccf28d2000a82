from pathlib import PurePath
from typing import Literal

import msgspec
import pytest

from vigo.cli.terminal.findings_formats import github_commands, sarif
from vigo.policy.diagnostics import Diagnostic, Severity

ERROR = Diagnostic(
    severity="error",
    code="unknown-key",
    message="no key has the name 'prot'",
    file="configcrates/web shop.vgo",
    line=3,
    column=5,
    source_line="    prot: 80",
    hint="one of: port",
)
WARNING = Diagnostic(severity="warning", code="unused", message="no entry gets it", file="a.vgo", line=1, column=1)


class Message(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class Artifact(msgspec.Struct, forbid_unknown_fields=True):
    uri: str
    uriBaseId: str  # noqa: N815 - the standard's name


class Region(msgspec.Struct, forbid_unknown_fields=True):
    startLine: int  # noqa: N815 - the same
    startColumn: int | None = None  # noqa: N815 - the same
    snippet: Message | None = None


class Physical(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    artifact_location: Artifact
    region: Region
    context_region: Region | None = None


class Location(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    physical_location: Physical


class Result(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    rule_id: str
    rule_index: int
    level: Literal["none", "note", "warning", "error"]
    message: Message
    locations: list[Location]


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    id: str


class Driver(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: str
    rules: list[Rule]


class Tool(msgspec.Struct, forbid_unknown_fields=True):
    driver: Driver


class Base(msgspec.Struct, forbid_unknown_fields=True):
    description: Message


class Run(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    tool: Tool
    column_kind: Literal["utf16CodeUnits", "unicodeCodePoints"]
    original_uri_base_ids: dict[str, Base]
    results: list[Result]


class Log(msgspec.Struct, forbid_unknown_fields=True):
    """The properties of the standard that we use: what it requires, with its names and values."""

    schema: str = msgspec.field(name="$schema")
    version: Literal["2.1.0"]
    runs: list[Run]


def run_of(*findings: Diagnostic) -> Run:
    (run,) = msgspec.convert(sarif(findings, "0.1.0"), Log).runs
    return run


def test_a_finding_is_one_workflow_command() -> None:
    assert github_commands([ERROR, WARNING]) == [
        (
            "::error file=configcrates/web shop.vgo,line=3,col=5,title=vigo%3A unknown-key::"
            "no key has the name 'prot'%0Ahint: one of: port"
        ),
        "::warning file=a.vgo,line=1,col=1,title=vigo%3A unused::no entry gets it",
    ]


def test_files_of_workflow_commands_count_from_the_folder_that_was_given() -> None:
    (line,) = github_commands([WARNING], PurePath("infra/stacks"))
    assert line.startswith("::warning file=infra/stacks/a.vgo,")


@pytest.mark.parametrize(
    ("sign", "in_message", "in_property"),
    [("%", "%25", "%25"), ("\r", "%0D", "%0D"), ("\n", "%0A", "%0A"), (":", ":", "%3A"), (",", ",", "%2C")],
)
def test_no_sign_ends_a_workflow_command_or_a_property(sign: str, in_message: str, in_property: str) -> None:
    odd = msgspec.structs.replace(WARNING, message=f"a{sign}b", file=f"c{sign}d")
    (line,) = github_commands([odd])
    assert line == f"::warning file=c{in_property}d,line=1,col=1,title=vigo%3A unused::a{in_message}b"


def test_an_escaped_sign_is_not_escaped_twice_or_taken_for_a_line() -> None:
    (line,) = github_commands([msgspec.structs.replace(WARNING, message="%0A\n::error::x")])
    assert line.endswith("::%250A%0A::error::x")


def test_a_log_is_as_sarif_requires() -> None:
    run = run_of(ERROR, WARNING)
    first, second = run.results
    assert run.tool.driver == Driver("vigocli", "0.1.0", [Rule("unknown-key"), Rule("unused")])
    assert [run.tool.driver.rules[one.rule_index].id for one in run.results] == [first.rule_id, second.rule_id]
    assert (first.level, second.level) == ("error", "warning")
    assert first.message.text == "no key has the name 'prot'\nhint: one of: port"


def test_a_place_in_sarif_is_relative_to_the_stacks() -> None:
    run = run_of(ERROR, WARNING)
    place, bare = (one.locations[0].physical_location for one in run.results)
    assert place.artifact_location == Artifact("configcrates/web%20shop.vgo", "STACKS")
    assert place.artifact_location.uriBaseId in run.original_uri_base_ids
    assert place.region == Region(3, 5)
    assert place.context_region == Region(3, snippet=Message("    prot: 80"))
    assert bare.context_region is None


def test_a_file_name_with_a_colon_is_no_scheme() -> None:
    run = run_of(msgspec.structs.replace(WARNING, file="http:a.vgo"))
    assert run.results[0].locations[0].physical_location.artifact_location.uri == "http%3Aa.vgo"


def test_without_findings_a_log_has_a_run_without_results() -> None:
    assert run_of().results == []


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_each_severity_is_a_level_and_a_command(severity: Severity) -> None:
    one = msgspec.structs.replace(WARNING, severity=severity)
    assert run_of(one).results[0].level == severity
    assert github_commands([one])[0].startswith(f"::{severity} ")
