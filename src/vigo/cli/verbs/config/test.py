"""`vigocli config test`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.judging import Judged
    from vigo.cli.client.local_policy import LocalPolicy
    from vigo.policy.diagnostics import Diagnostic, SourceLines
    from vigo.policy.documents.tests import PolicyTest
    from vigo.policy.expectations import Difference, Verdict


@click.command("test", cls=Verb)
@click.option(
    "--stacks",
    type=click.Path(path_type=Path),
    help="The folder of .vgo files; it needs neither server nor data folder. `stacks` in the data folder otherwise.",
)
@click.option("--junit", "junit_file", type=click.Path(path_type=Path), help="Write the results there too, as XML.")
@click.option("--jobs", type=click.IntRange(1, 256), help="How many run side by side; one a processor otherwise.")
@json_option
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.pass_context
def command(
    ctx: click.Context,
    *,
    stacks: Path | None,
    junit_file: Path | None,
    jobs: int | None,
    as_json: bool,
    names: tuple[str, ...],
) -> None:
    """Try stacks on the made-up machines in their tests/*.vgo. No server and no machine takes part.

    NAME is the name of a test, or a pattern such as 'web*'; all tests run where none is given. What differs is told
    with file, line and column of the expectation.

    Examples:
      vigocli config test --stacks ./stacks
      vigocli config test --stacks ./stacks 'a production *'
      vigocli config test --stacks ./stacks --junit results.xml

    Exit statuses:
      0  all passed, or there are no tests
      1  one failed, or the stacks have errors
      2  the command line is wrong
    """
    from vigo.cli.client.judging import judged  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.local_policy import policy_here  # noqa: PLC0415 - the same
    from vigo.policy.expectations import all_tests  # noqa: PLC0415 - the same

    here = policy_here(ctx, stacks)
    if here.policy is None:
        _print_errors(here, as_json=as_json)
        ctx.exit(1)
    tests = _chosen(all_tests(here.sources), names)
    found = judged(here.policy, tests, jobs)
    verdicts = [one.verdict for one in found]
    if junit_file is not None:
        _write_junit(junit_file, found)
    if as_json:
        print_json(_as_json(found))
    else:
        _print_verdicts(here, verdicts)
    ctx.exit(0 if all(one.passed for one in verdicts) else 1)


def _chosen(tests: "tuple[PolicyTest, ...]", names: tuple[str, ...]) -> "list[PolicyTest]":
    from fnmatch import fnmatchcase  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.core.nearest import did_you_mean  # noqa: PLC0415 - the same

    if not names:
        return list(tests)
    found = {
        name: [test for test in tests if name == test.name.text or fnmatchcase(test.name.text, name)] for name in names
    }
    for name, matching in found.items():
        if not matching:
            near = did_you_mean(name, (test.name.text for test in tests))
            raise click.BadParameter(f"no test has the name {name!r}{near}", param_hint="NAME")
    chosen = {id(test) for matching in found.values() for test in matching}
    return [test for test in tests if id(test) in chosen]


def _print_errors(here: "LocalPolicy", *, as_json: bool) -> None:
    from vigo.cli.client.stacks import Validated  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.findings import counted, print_findings  # noqa: PLC0415 - the same

    if as_json:
        print_json(Validated(str(here.folder), here.findings).as_json())
        return
    print_findings(here.findings)
    told = f"{here.folder}: {counted(here.findings)}: no test was run"
    print_line(told, colour="red", error=True)


def _print_verdicts(here: "LocalPolicy", verdicts: "list[Verdict]") -> None:
    from vigo.cli.terminal.findings import plural, print_findings  # noqa: PLC0415 - for people alone
    from vigo.policy.diagnostics import SourceLines  # noqa: PLC0415 - the same

    if not verdicts:
        print_line(f"{here.folder}: no tests; they stand in tests/*.vgo")
        return
    lines = SourceLines(here.sources.files)
    failed = [one for one in verdicts if not one.passed]
    for verdict in failed:
        name = verdict.test.name
        print_line(f"failed: {name.text} ({name.origin.file}:{name.origin.line})", colour="red", bold=True, error=True)
        for one in verdict.differences:
            print_findings([_finding(one, lines)])
            for line in one.diff:
                print_line(f"    {line}", colour={"-": "red", "+": "green"}.get(line[:1]), error=True)
    passed = f"{len(verdicts) - len(failed)} passed"
    if failed:
        told = f"{here.folder}: {plural(len(verdicts), 'test')}: {passed}, {len(failed)} failed"
        print_line(told, colour="red", error=True)
    else:
        print_line(f"{here.folder}: {plural(len(verdicts), 'test')}: {passed}", colour="green")


def _finding(difference: "Difference", lines: "SourceLines") -> "Diagnostic":
    from vigo.policy.diagnostics import Diagnostic  # noqa: PLC0415 - for people alone

    place = difference.place
    return Diagnostic(
        severity="error",
        code="test",
        message=difference.message,
        file=place.file,
        line=place.line,
        column=place.column,
        source_line=lines.line(place),
    )


def _as_json(found: "list[Judged]") -> dict[str, Any]:
    failed = sum(not one.verdict.passed for one in found)
    return {
        "valid": True,
        "passed": len(found) - failed,
        "failed": failed,
        "tests": [
            {
                "name": verdict.test.name.text,
                "host": verdict.test.host.text,
                "file": verdict.test.file,
                "line": verdict.test.name.origin.line,
                "passed": verdict.passed,
                "duration_ms": round(seconds * 1000, 3),
                "differences": [
                    {
                        "file": one.place.file,
                        "line": one.place.line,
                        "column": one.place.column,
                        "message": one.message,
                        "diff": list(one.diff),
                    }
                    for one in verdict.differences
                ],
            }
            for verdict, seconds in found
        ],
    }


def _write_junit(path: Path, found: "list[Judged]") -> None:
    from vigo.cli.terminal.junit import junit  # noqa: PLC0415 - few runs ask for it
    from vigo.core.errors import InvalidError  # noqa: PLC0415 - the same

    try:
        path.write_bytes(junit(found))
    except OSError as error:
        raise InvalidError(f"--junit {path}: cannot be written: {error.strerror}; name a file in a folder") from error
