"""The kind `script`."""

from collections.abc import Iterator
from typing import Annotated

from vigo.catalog.api import ReadHost, Resource, field
from vigo.catalog.formats.names import check_command, check_path, shown
from vigo.catalog.ops import Op
from vigo.catalog.ops.script import RunScript
from vigo.catalog.protected import harmed_by
from vigo.catalog.resources.commands.guarding import SHELL, GuardedSpec, GuardState, check_guarded, guard_state
from vigo.core.errors import BlockedError, InvalidError


class ScriptSpec(GuardedSpec, frozen=True, kw_only=True):
    """A script that is run where its guards do not say that it already did its work."""

    content: Annotated[
        str | None, field("The script, as text.", example="set -eu\nmake install\n", may_be_secret=True)
    ] = None
    source: Annotated[
        str | None,
        field("A file in the stacks that holds the script.", example="files/setup.sh", stacks_file="content"),
    ] = None
    interpreter: Annotated[
        tuple[str, ...] | str,
        field("The program that reads the script, or it and its options.", example="/usr/bin/python3"),
    ] = SHELL
    args: Annotated[tuple[str, ...], field("Arguments of the script.", example=["--verbose"])] = ()


class Script(Resource[ScriptSpec, GuardState]):
    """The script is a file that only its user may read while it runs, and is gone afterwards.

    It is not shown anywhere. Every guard that is given must ask for it; without a guard it runs in every pass. In an
    image nothing is run.
    """

    kind, since, spec = "script", "0.1", ScriptSpec

    def validate(self, spec: ScriptSpec) -> None:
        """Accept one script, an interpreter by its path, and values that a process can be given."""
        if (spec.content is None) == (spec.source is None):
            found = "neither" if spec.content is None else "both"
            raise InvalidError(f"content: expected content or source, found {found}; keep one")
        if spec.content is not None and not spec.content.strip():
            raise InvalidError("content: expected a script, found an empty text; add it")
        words = _interpreter(spec)
        if not words:
            raise InvalidError("interpreter: expected a program such as /bin/sh, found nothing; add it")
        check_command("interpreter", words)
        check_path("interpreter", words[0])
        for argument in spec.args:
            if "\0" in argument:
                raise InvalidError(f"args: expected words without NUL, found {shown(argument)}; correct it")
        check_guarded(spec)

    def observe(self, spec: ScriptSpec, host: ReadHost) -> GuardState:
        """Return whether the script is due."""
        return guard_state(spec, host)

    def plan(self, spec: ScriptSpec, state: GuardState) -> Iterator[Op]:
        """Yield the script where it is due."""
        if not state.due:
            return
        if state.is_image:
            raise BlockedError(
                "content: not run in an image (--root): it would act on the running machine, not on the image; it is"
                " due once the image has been started"
            )
        yield RunScript(
            argv=_interpreter(spec),
            script=(spec.content or "").encode(),
            args=spec.args,
            **spec.how_it_runs(),
            changes=("content",),
        )

    def cannot_undo(self, spec: ScriptSpec) -> str:
        """Say that nobody knows what a script did."""
        del spec
        return "a script cannot be undone: declare the one that takes its work back, or leave on_remove out"

    def harms(self, spec: ScriptSpec) -> tuple[str, ...]:
        """Return what of Vigo's own the script would stop or remove, as far as its words tell."""
        return harmed_by((*_interpreter(spec), f" {spec.content or ''}"))

    def settles(self, spec: ScriptSpec) -> bool:
        """Return whether a guard can say that the work is done."""
        return spec.has_guard()


def _interpreter(spec: ScriptSpec) -> tuple[str, ...]:
    return (spec.interpreter,) if isinstance(spec.interpreter, str) else spec.interpreter
