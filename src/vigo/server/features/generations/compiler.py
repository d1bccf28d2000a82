"""The policy compiler, in the words of generations."""

from pathlib import Path

from vigo.policy.compiling import compile_stacks
from vigo.policy.sources import read_sources
from vigo.server.features.generations.models import CompiledStacks, Finding


def compile_folder(root: Path) -> CompiledStacks:
    """Return the policy of the stacks under a folder, or none where they have errors, and all that was found."""
    compiled = compile_stacks(read_sources(root))
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
        for found in compiled.diagnostics
    )
    return CompiledStacks(compiled.policy, findings)
