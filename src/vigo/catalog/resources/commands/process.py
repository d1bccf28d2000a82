"""The kind `process`."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import check_one_line, shown
from vigo.catalog.formats.process_table import Process, parse_process
from vigo.catalog.ops import Op
from vigo.catalog.ops.signal_process import SignalName, SignalProcess
from vigo.catalog.protected import PROGRAMS
from vigo.core.errors import BlockedError, InvalidError, UnavailableError

Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
_AGENT = "vigo.agent"


class ProcessSpec(Spec, frozen=True, kw_only=True):
    """Processes of a program: that they run, in what number, or that none does."""

    process: Annotated[str, field("Name of the program, without its folder.", example="nginx")]
    match: Annotated[
        str | None, field("A regular expression that is found in the whole command line too.", example="--config /srv/")
    ] = None
    count: Annotated[Count | None, field("How many shall run, exactly.", example=4)] = None
    min: Annotated[Count | None, field("How many shall run at least; 1 where nothing else is said.")] = None
    max: Annotated[Count | None, field("How many may run at most.")] = None
    signal: Annotated[SignalName, field("What ends them.")] = "TERM"
    state: Annotated[
        Literal["running", "stopped"],
        field("With running they are only counted, and a wrong number is a failure: a service starts them."),
    ] = "running"


class ProcessState(msgspec.Struct, frozen=True):
    """The processes that are meant, and the number of the agent's own."""

    found: tuple[Process, ...]
    own: int


class ProcessKind(Resource[ProcessSpec, ProcessState]):
    """A process that is to end is told by the signal, and waited for ten seconds; one that stays is a failure.

    Processes that have ended and wait for their parent do not count. The first process, the kernel's own and Vigo's
    are never signalled.
    """

    kind, since, spec = "process", "0.1", ProcessSpec
    name_field = "process"

    def validate(self, spec: ProcessSpec) -> None:
        """Accept a name, an expression and numbers that fit together."""
        check_one_line("process", spec.process)
        if not spec.process.strip() or "/" in spec.process:
            raise InvalidError(f"process: expected a program's name without a folder, found {shown(spec.process)}")
        if spec.match is not None:
            _pattern(spec.match)
        numbers = [name for name in ("count", "min", "max") if getattr(spec, name) is not None]
        if spec.state == "stopped" and numbers:
            raise InvalidError(f"{numbers[0]}: expected none beside state: stopped, found one; remove it")
        if spec.count is not None and len(numbers) > 1:
            raise InvalidError("count: expected it or min and max, found both; keep one")
        if spec.min is not None and spec.max is not None and spec.min > spec.max:
            raise InvalidError(f"min: expected at most max, {spec.max}, found {spec.min}; correct one")

    def observe(self, spec: ProcessSpec, host: ReadHost) -> ProcessState:
        """Return the processes that are meant.

        Raises:
            BlockedError: in an image nothing runs.
        """
        if host.is_image():
            raise BlockedError("process: an image (--root) has no processes; it is due once the image has been started")
        own = host.read_link("/proc/self") or ""
        pattern = None if spec.match is None else _pattern(spec.match)
        found = []
        for name in host.list_directory("/proc") or ():
            process = _process(host, name) if name.isascii() and name.isdigit() else None
            if process is not None and _is_meant(process, spec.process, pattern):
                found.append(process)
        found.sort(key=lambda one: one.pid)
        return ProcessState(tuple(found), int(own) if own.isdigit() else 0)

    def plan(self, spec: ProcessSpec, state: ProcessState) -> Iterator[Op]:
        """Yield the signals; a number that is wrong is an error.

        Raises:
            UnavailableError: too few or too many run.
            InvalidError: a process that is not to be touched is meant.
        """
        if spec.state == "running":
            _require_number(spec, len(state.found))
            return
        for process in state.found:
            _require_harmless(process, state.own)
        for process in state.found:
            yield SignalProcess(
                pid=process.pid, started_ticks=process.started_ticks, program=spec.process, signal=spec.signal
            )

    def owns(self, spec: ProcessSpec) -> tuple[str, ...]:
        """Return the program, with the expression that narrows it."""
        return (f"process:{spec.process}" + (f":{spec.match}" if spec.match else ""),)

    def harms(self, spec: ProcessSpec) -> tuple[str, ...]:
        """Return the program where it is to stop."""
        return (f"process:{spec.process}",) if spec.state == "stopped" else ()

    def watches(self, spec: ProcessSpec) -> tuple[str, ...]:
        """Return nothing: no file tells of processes."""
        del spec
        return ()

    def cannot_undo(self, spec: ProcessSpec) -> str:
        """Say that nothing starts what was ended."""
        return "processes that were ended are not started again" if spec.state == "stopped" else ""


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidError(f"match: expected a regular expression, found {shown(text)}: {error}; correct it") from error


def _process(host: ReadHost, name: str) -> Process | None:
    """Return a process, or None where it ended meanwhile."""
    try:
        stat, cmdline = host.read_text(f"/proc/{name}/stat"), host.read_bytes(f"/proc/{name}/cmdline")
    except UnavailableError:  # ESRCH: it ended between the two reads
        return None
    return None if stat is None or cmdline is None else parse_process(int(name), stat, cmdline)


def _is_meant(process: Process, name: str, pattern: re.Pattern[str] | None) -> bool:
    if process.is_ended or name not in (process.name, process.program):
        return False
    return pattern is None or pattern.search(process.line) is not None


def _require_number(spec: ProcessSpec, found: int) -> None:
    low = spec.count if spec.count is not None else spec.min
    high = spec.count if spec.count is not None else spec.max
    if low is None:
        low = 1 if high is None else 0
    if low <= found and (high is None or found <= high):
        return
    wanted = f"exactly {low}" if low == high else f"at least {low}" if found < low else f"at most {high}"
    raise UnavailableError(
        f"process: expected {wanted} of {spec.process} to run, found {found}; a service resource starts and stops them"
    )


def _require_harmless(process: Process, own: int) -> None:
    is_vigo = process.pid == own or process.program in PROGRAMS or _AGENT in process.words
    if process.pid == 1 or process.is_kernel or is_vigo:
        whose = "Vigo's own" if is_vigo else "what the machine runs on"
        raise InvalidError(
            f"process: refused: process {process.pid} is {whose}; narrow the resource with match, or leave it out"
        )
