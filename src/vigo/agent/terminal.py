"""What the agent prints for people of a run and of traits."""

from collections.abc import Iterator

from vigo.agent.report import CycleReport
from vigo.core.run import OUTCOMES, Outcome, ResourceResult
from vigo.core.terminal import print_line
from vigo.core.traits import Traits

_COLOURS: dict[Outcome, str] = {"changed": "green", "failed": "red", "blocked": "yellow", "skipped": "yellow"}
_WIDTH = len("would change")


def print_report(report: CycleReport) -> None:
    """Print one line for each resource that is not simply as it should be, and a summary."""
    for result in report.run.results if report.run is not None else ():
        if _is_worth_a_line(result):
            print_line(_line(result, dry_run=report.dry_run), colour=_COLOURS.get(result.outcome))
            for text in _diff_lines(result) if report.dry_run else ():
                print_line(f"    {text}")
    if report.message:
        print_line(report.message, colour="red" if report.is_problem else "yellow")
    print_line(summary(report))


def summary(report: CycleReport) -> str:
    """Return the last line of a run: how many resources ended with each outcome, and what became of the report."""
    if report.run is None:
        return "nothing was applied"
    counts = report.run.counts()
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome]) or "no resources"
    text = f"generation {report.run.generation}: {told} in {report.run.duration_ms / 1000:.2f} s"
    if report.dry_run:
        return f"dry run, nothing was changed: {text}"
    if report.delivered:
        return text
    return f"{text}; {report.waiting_runs} results wait for the server"


def _is_worth_a_line(result: ResourceResult) -> bool:
    from vigo.agent.engine.progress import is_as_declared  # noqa: PLC0415 - `vigo version` need not load the engine

    return result.outcome != "unchanged" and not is_as_declared(result)


def _line(result: ResourceResult, *, dry_run: bool) -> str:
    outcome = "would change" if dry_run and result.outcome == "changed" else result.outcome
    details = ", ".join(result.changed)
    if result.reason:
        details = f"{details}: {result.reason}" if details else result.reason
    return f"{outcome:<{_WIDTH}} {result.id}  {details}"


def _diff_lines(result: ResourceResult) -> Iterator[str]:
    yield from result.diff.splitlines() or result.ops


def trait_lines(traits: Traits) -> Iterator[str]:
    """Yield the traits for people: `set.name = value`, one a line."""
    for name, fields in sorted(traits.items()):
        for field, value in fields.items():
            yield from _value_lines(f"{name}.{field}", value)


def _value_lines(path: str, value: object) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _value_lines(f"{path}.{key}", inner)
    elif isinstance(value, list | tuple) and any(isinstance(one, dict | list | tuple) for one in value):
        for index, inner in enumerate(value):
            yield from _value_lines(f"{path}[{index}]", inner)
    elif isinstance(value, list | tuple):
        yield f"{path} = {', '.join(map(str, value))}"
    else:
        yield f"{path} = {value}"
