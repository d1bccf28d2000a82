"""What the compiler says of the stacks, as people read it."""

from collections.abc import Iterable, Sequence

from vigo.core.terminal import print_line
from vigo.policy.diagnostics import Diagnostic, as_lines


def print_findings(findings: Iterable[Diagnostic]) -> None:
    """Print each finding on standard error: where, what, the line with a mark under the place, what to do."""
    for finding in findings:
        first, *rest = as_lines(finding)
        print_line(first, colour="red" if finding.severity == "error" else "yellow", error=True)
        for line in rest:
            print_line(line, error=True)


def counted(findings: Sequence[Diagnostic]) -> str:
    """Return how many errors and warnings there are."""
    errors = sum(finding.severity == "error" for finding in findings)
    parts = [plural(errors, "error")] if errors else []
    return ", ".join([*parts, plural(len(findings) - errors, "warning")])


def plural(count: int, word: str, several: str = "") -> str:
    """Return a count with its word."""
    return f"{count} {word if count == 1 else several or f'{word}s'}"
