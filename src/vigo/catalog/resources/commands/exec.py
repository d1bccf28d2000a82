"""The kind `exec`."""

from collections.abc import Iterator
from typing import Annotated

from vigo.catalog.api import ReadHost, Resource, field
from vigo.catalog.formats.names import check_command
from vigo.catalog.ops import Op, Run
from vigo.catalog.protected import harmed_by
from vigo.catalog.resources.commands.guarding import SHELL, GuardedSpec, GuardState, check_guarded, guard_state
from vigo.core.errors import BlockedError, InvalidError


class ExecSpec(GuardedSpec, frozen=True, kw_only=True):
    """A command that is run where its guards do not say that it already did its work."""

    command: Annotated[tuple[str, ...], field("Program and arguments, no shell.", example=["make", "install"])] = ()
    shell: Annotated[str | None, field("Instead of command: text for /bin/sh -c.", example="make && make install")] = (
        None
    )


class Exec(Resource[ExecSpec, GuardState]):
    """Every guard that is given must ask for the command. Without a guard it runs in every pass.

    In an image nothing is run: the command would act on the machine that the agent runs on, not on the image.
    """

    kind, since, spec = "exec", "0.1", ExecSpec

    def validate(self, spec: ExecSpec) -> None:
        """Accept exactly one of command and shell, and values that a process can be given."""
        if bool(spec.command) == bool(spec.shell):
            found = "both" if spec.command else "neither"
            raise InvalidError(f"command: expected command (a list) or shell (a text), found {found}; keep one")
        check_command("command", _argv(spec))
        check_guarded(spec)

    def observe(self, spec: ExecSpec, host: ReadHost) -> GuardState:
        """Return whether the command is due."""
        return guard_state(spec, host)

    def plan(self, spec: ExecSpec, state: GuardState) -> Iterator[Op]:
        """Yield the command where it is due."""
        if not state.due:
            return
        if state.is_image:
            raise BlockedError(
                "command: not run in an image (--root): it would act on the running machine, not on the image;"
                " it is due once the image has been started"
            )
        yield Run(argv=_argv(spec), **spec.how_it_runs(), changes=("shell" if spec.shell else "command",))

    def cannot_undo(self, spec: ExecSpec) -> str:
        """Say that nobody knows what a command did."""
        del spec
        return "a command cannot be undone: declare the command that takes its work back, or leave on_remove out"

    def harms(self, spec: ExecSpec) -> tuple[str, ...]:
        """Return what of Vigo's own the command would stop or remove, as far as its words tell."""
        return harmed_by(_argv(spec))

    def settles(self, spec: ExecSpec) -> bool:
        """Return whether a guard can say that the work is done."""
        return spec.has_guard()


def _argv(spec: ExecSpec) -> tuple[str, ...]:
    return (SHELL, "-c", spec.shell) if spec.shell is not None else spec.command
