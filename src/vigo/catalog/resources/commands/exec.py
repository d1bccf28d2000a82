"""The kind `exec`."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from vigo.catalog.api import Command, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import Mode, check_account, check_command, check_path
from vigo.catalog.ops import Op, Run
from vigo.catalog.protected import harmed_by
from vigo.core.errors import BlockedError, InvalidError, UnavailableError

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_HIGHEST_STATUS = 255
_SHELL = "/bin/sh"


class ExecSpec(Spec, frozen=True, kw_only=True):
    """A command that is run where its guards do not say that it already did its work."""

    command: Annotated[tuple[str, ...], field("Program and arguments, no shell.", example=["make", "install"])] = ()
    shell: Annotated[str | None, field("Instead of command: text for /bin/sh -c.", example="make && make install")] = (
        None
    )
    unless: Annotated[
        str | tuple[str, ...] | None,
        field(
            "A command that only reads, as a list or text for the shell: where it succeeds nothing is done.",
            example="tool --version | grep -q '^2[.]'",
        ),
    ] = None
    onlyif: Annotated[
        str | tuple[str, ...] | None,
        field("A command that only reads, as a list or text for the shell: where it fails nothing is done."),
    ] = None
    creates: Annotated[
        str | None,
        field("A path: where it is there nothing is done.", example="/usr/local/bin/tool", is_path=True),
    ] = None
    cwd: Annotated[str | None, field("Directory to run in.", is_path=True)] = None
    user: Annotated[str | None, field("User to run as; the agent's own where left out.")] = None
    environment: Annotated[Mapping[str, str], field("Variables added to a small fixed environment.")] = {}
    stdin: Annotated[str | None, field("Text for its standard input.")] = None
    returns: Annotated[tuple[int, ...], field("Exit statuses that mean success.")] = (0,)
    umask: Annotated[Mode | None, field("File creation mask, octal.", example="0077")] = None


class ExecState(msgspec.Struct, frozen=True):
    """Whether the guards ask for the command, and whether it could act on this host at all."""

    due: bool
    is_image: bool


class Exec(Resource[ExecSpec, ExecState]):
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
        for name in ("unless", "onlyif"):
            guard = getattr(spec, name)
            if guard is not None:
                check_command(name, _guard_argv(guard))
        for name in ("creates", "cwd"):
            path = getattr(spec, name)
            if path is not None:
                check_path(name, path)
        if spec.user is not None:
            check_account("user", spec.user)
        for name, value in spec.environment.items():
            if not name or "=" in name or "\0" in name + value:
                raise InvalidError(f"environment: expected names without `=` and values without NUL, found {name!r}")
        wrong = [status for status in spec.returns if not 0 <= status <= _HIGHEST_STATUS]
        if wrong or not spec.returns:
            raise InvalidError(f"returns: expected exit statuses from 0 to 255, found {wrong or 'none'}; correct them")

    def observe(self, spec: ExecSpec, host: ReadHost) -> ExecState:
        """Return whether the command is due. In an image the guards are not run either, only `creates` is looked at."""
        created = spec.creates is not None and host.stat(spec.creates) is not None
        if created or host.is_image():
            return ExecState(due=not created, is_image=host.is_image())
        done = spec.unless is not None and _holds("unless", spec.unless, spec, host)
        due = not done and (spec.onlyif is None or _holds("onlyif", spec.onlyif, spec, host))
        return ExecState(due=due, is_image=False)

    def plan(self, spec: ExecSpec, state: ExecState) -> Iterator[Op]:
        """Yield the command where it is due."""
        if not state.due:
            return
        if state.is_image:
            raise BlockedError(
                "command: not run in an image (--root): it would act on the running machine, not on the image;"
                " it is due once the image has been started"
            )
        yield Run(
            argv=_argv(spec),
            cwd=spec.cwd,
            user=spec.user,
            environment=spec.environment,
            stdin=spec.stdin,
            umask=None if spec.umask is None else int(spec.umask, 8),
            returns=spec.returns,
            touches=("packages", "accounts", "services"),
            changes=("shell" if spec.shell else "command",),
        )

    def cannot_undo(self, spec: ExecSpec) -> str:
        """Say that nobody knows what a command did."""
        del spec
        return "a command cannot be undone: declare the command that takes its work back, or leave on_remove out"

    def harms(self, spec: ExecSpec) -> tuple[str, ...]:
        """Return what of Vigo's own the command would stop or remove, as far as its words tell."""
        return harmed_by(_argv(spec))

    def settles(self, spec: ExecSpec) -> bool:
        """Return whether a guard can say that the work is done."""
        return spec.unless is not None or spec.onlyif is not None or spec.creates is not None


def _argv(spec: ExecSpec) -> tuple[str, ...]:
    return (_SHELL, "-c", spec.shell) if spec.shell is not None else spec.command


def _guard_argv(guard: str | tuple[str, ...]) -> tuple[str, ...]:
    return (_SHELL, "-c", guard) if isinstance(guard, str) else guard


def _holds(name: str, guard: str | tuple[str, ...], spec: ExecSpec, host: ReadHost) -> bool:
    argv = _guard_argv(guard)
    result = host.check(Command(argv=argv, cwd=spec.cwd, user=spec.user, environment=spec.environment))
    if not isinstance(guard, str) and result.status in (_NOT_FOUND, _NOT_EXECUTABLE):
        # A guard that cannot run says nothing; taking it for "no" would run the command every time.
        raise UnavailableError(
            f"{name}: expected a program {argv[0]!r} to ask, found none that runs (status {result.status});"
            " install it first or correct the name"
        )
    return result.status == 0
