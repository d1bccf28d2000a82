"""What `exec` and `script` share: the guards that say whether the work is done, and how a program is run."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from vigo.catalog.api import Command, ReadHost, Spec, field
from vigo.catalog.formats.names import Mode, check_account, check_command, check_path
from vigo.core.errors import InvalidError, UnavailableError

SHELL = "/bin/sh"
TOUCHES = ("packages", "accounts", "services")
"""What a command of the operator's may change: anything."""

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_HIGHEST_STATUS = 255


class GuardedSpec(Spec, frozen=True, kw_only=True):
    """Work that is done where its guards do not say that it was done already."""

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
    environment: Annotated[
        Mapping[str, str], field("Variables added to a small fixed environment.", may_be_secret=True)
    ] = {}
    stdin: Annotated[str | None, field("Text for its standard input.", may_be_secret=True)] = None
    returns: Annotated[tuple[int, ...], field("Exit statuses that mean success.")] = (0,)
    umask: Annotated[Mode | None, field("File creation mask, octal.", example="0077")] = None

    def has_guard(self) -> bool:
        """Return whether a guard can say that the work is done."""
        return self.unless is not None or self.onlyif is not None or self.creates is not None

    def how_it_runs(self) -> dict[str, Any]:
        """Return what a `Run` is told beside its words."""
        return {
            "cwd": self.cwd,
            "user": self.user,
            "environment": self.environment,
            "stdin": self.stdin,
            "umask": None if self.umask is None else int(self.umask, 8),
            "returns": self.returns,
            "touches": TOUCHES,
        }


class GuardState(msgspec.Struct, frozen=True):
    """Whether the guards ask for the work, and whether it could be done on this host at all."""

    due: bool
    is_image: bool


def check_guarded(spec: GuardedSpec) -> None:
    """Accept values that a process can be given.

    Raises:
        InvalidError: one cannot be.
    """
    for name in ("unless", "onlyif"):
        guard = getattr(spec, name)
        if guard is not None:
            check_command(name, _argv(guard))
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


def guard_state(spec: GuardedSpec, host: ReadHost) -> GuardState:
    """Return whether the work is due. In an image the guards are not run either, only `creates` is looked at.

    Raises:
        UnavailableError: a guard cannot be run.
    """
    created = spec.creates is not None and host.stat(spec.creates) is not None
    if created or host.is_image():
        return GuardState(due=not created, is_image=host.is_image())
    done = spec.unless is not None and _holds("unless", spec.unless, spec, host)
    due = not done and (spec.onlyif is None or _holds("onlyif", spec.onlyif, spec, host))
    return GuardState(due=due, is_image=False)


def _argv(guard: str | tuple[str, ...]) -> tuple[str, ...]:
    return (SHELL, "-c", guard) if isinstance(guard, str) else guard


def _holds(name: str, guard: str | tuple[str, ...], spec: GuardedSpec, host: ReadHost) -> bool:
    argv = _argv(guard)
    result = host.check(Command(argv=argv, cwd=spec.cwd, user=spec.user, environment=spec.environment))
    if not isinstance(guard, str) and result.status in (_NOT_FOUND, _NOT_EXECUTABLE):
        # A guard that cannot run says nothing; taking it for "no" would run the command every time.
        raise UnavailableError(
            f"{name}: expected a program {argv[0]!r} to ask, found none that runs (status {result.status});"
            " install it first or correct the name"
        )
    return result.status == 0
