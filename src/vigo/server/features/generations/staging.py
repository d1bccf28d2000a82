"""What would be published: a copy of the stacks or of a former generation, compiled by this version."""

from pathlib import Path

import msgspec

from vigo.core.errors import DamagedError, NotFoundError
from vigo.core.ids import GenerationNumber
from vigo.server.features.generations.models import (
    Check,
    Compile,
    CompiledStacks,
    Finding,
    Policy,
    StacksRejectedError,
    nothing_wrong,
)
from vigo.server.features.generations.snapshot import LiveFolder, Staged, number_of


class Staging:
    """Copies and compiles. It reads and writes files, so it belongs into a thread."""

    def __init__(self, folder: LiveFolder, stacks: Path, compiler: Compile, check: Check = nothing_wrong) -> None:
        self._folder = folder
        self._stacks = stacks
        self.compile = compiler
        self._check = check

    def stacks(self) -> tuple[Staged, CompiledStacks]:
        """Return the stacks as they are now.

        Raises: as `LiveFolder.stage`, and what the compiler raises.
        """
        return self._staged(self._stacks)

    def again(self, number: GenerationNumber) -> tuple[Staged, CompiledStacks]:
        """Return a generation that was live before.

        Raises:
            NotFoundError: there is none with this number.
            DamagedError: it does not hold what was published.
        """
        folder = self._folder
        names = [name for name in folder.names() if number_of(name) == number and not folder.was_never_live(name)]
        if not names:
            raise NotFoundError(
                f"expected the number of a generation that was published, found {number}; `vigocli config history`"
                " lists them"
            )
        manifest = folder.verified(names[0])
        staged, compiled = self._staged(folder.stacks_of(names[0]))
        if staged.digest != manifest.digest:
            staged.discard()
            raise DamagedError(f"generation {number} was changed while it was read; do it again, and look at the disk")
        return staged, compiled

    def _staged(self, source: Path) -> tuple[Staged, CompiledStacks]:
        staged = self._folder.stage(source)
        try:
            return staged, self._checked(self.compile(staged.stacks), staged.stacks)
        except BaseException:
            staged.discard()
            raise

    def _checked(self, compiled: CompiledStacks, root: Path) -> CompiledStacks:
        """Return what was compiled with what else is found, and without the policy where that is an error."""
        if compiled.policy is None:
            return compiled
        wrong = self._check(compiled.policy)
        found = tuple(msgspec.structs.replace(one, source_line=_line(root, one)) for one in wrong)
        has_errors = any(one.severity == "error" for one in found)
        everything = sorted((*compiled.findings, *found), key=lambda one: (one.file, one.line, one.column))
        return CompiledStacks(None if has_errors else compiled.policy, tuple(everything))


def _line(root: Path, finding: Finding) -> str:
    lines = (root / finding.file).read_text("utf-8", errors="replace").split("\n")
    return lines[finding.line - 1] if finding.line <= len(lines) else ""


def checked_policy(compiled: CompiledStacks, failure: str) -> Policy:
    """Return what was compiled.

    Raises:
        StacksRejectedError: there are errors; `failure` says what that led to.
    """
    if compiled.policy is not None:
        return compiled.policy
    errors = [finding for finding in compiled.findings if finding.severity == "error"]
    first = errors[0]
    rest = "" if len(errors) == 1 else f" (and {len(errors) - 1} more)"
    raise StacksRejectedError(
        f"{failure}. {first.file}:{first.line}:{first.column}: {first.message}{rest}", compiled.findings
    )
