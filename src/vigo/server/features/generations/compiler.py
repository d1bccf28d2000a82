"""The policy compiler, in the words of generations."""

from pathlib import Path
from threading import Lock

from vigo.core.clock import Clock
from vigo.policy.compiling import Compiled, Compiler
from vigo.policy.compliance import lapsed_waivers
from vigo.policy.diagnostics import Diagnostic
from vigo.policy.sources import read_sources
from vigo.server.features.generations.models import CompiledStacks, Finding


class FolderCompiler:
    """Compiles folders of stacks, one at a time, each only as far as it differs from the former ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._compiler = Compiler()
        self._lock = Lock()

    def __call__(self, root: Path) -> CompiledStacks:
        """Return the policy of the stacks under a folder, or none where they have errors, and all that was found."""
        sources = read_sources(root)
        with self._lock:
            compiled = self._compiler.compile(sources)
        lapsed = lapsed_waivers(sources, self._clock.now().date())
        return _in_our_words(compiled, tuple(sorted((*compiled.diagnostics, *lapsed), key=_place)))


def _place(found: Diagnostic) -> tuple[str, int, int]:
    return found.file, found.line, found.column


def _in_our_words(compiled: Compiled, diagnostics: tuple[Diagnostic, ...]) -> CompiledStacks:
    findings = tuple(
        Finding(
            severity=found.severity,
            code=found.code,
            message=found.message,
            file=found.file,
            line=found.line,
            column=found.column,
            source_line=found.source_line or "",
            hint=found.hint or "",
        )
        for found in diagnostics
    )
    return CompiledStacks(compiled.policy, findings)
