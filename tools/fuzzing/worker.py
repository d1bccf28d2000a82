"""One compilation in a process of its own: how long it took, how far the memory grew, and whether it kept its word."""

import multiprocessing
import re
import resource
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, Literal

import msgspec

from vigo.core.encoding import encode_as_written
from vigo.policy.compiling import Compiled, compile_stacks
from vigo.policy.diagnostics import LINE_BREAK, as_text
from vigo.policy.sources import Sources

Stacks = Mapping[str, bytes]
FaultKind = Literal["crash", "hang", "growth", "broken promise"]

POLL_SECONDS: Final = 0.02
_ADDRESS_SPACE_BYTES: Final = 3 << 30
"""What a worker can take before the system refuses; a growth is noticed long before, this is for what grows at once."""

_HERTZ: Final = 100
_LONGEST_TRACE: Final = 4_000
_UNPRINTABLE: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Limits(msgspec.Struct, frozen=True):
    """What one compilation may take: seconds of computing, and bytes of memory above those at the start."""

    cpu_seconds: float = 10.0
    growth_bytes: int = 200 * 1024 * 1024


class Fault(msgspec.Struct, frozen=True):
    """What was wrong with one compilation."""

    kind: FaultKind
    detail: str


class Run(msgspec.Struct, frozen=True):
    """One compilation: what it took, and its fault if it had one. `errors` and `plans` say what it came to."""

    cpu_seconds: float = 0.0
    growth_bytes: int = 0
    resident_bytes: int = 0
    errors: int = 0
    plans: int = 0
    fault: Fault | None = None


class Worker:
    """A process that compiles what it is given. One that was ended is replaced at the next call."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._context = multiprocessing.get_context("spawn")
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._start_bytes = 0

    def compile(self, stacks: Stacks) -> Run:
        """Return what compiling some stacks took; what exceeds a limit is ended."""
        process, connection = self._ready()
        before = _cpu_seconds(process.pid)
        with suppress(BrokenPipeError):
            connection.send_bytes(msgspec.msgpack.encode(dict(stacks)))
        peak_bytes = 0
        while not connection.poll(POLL_SECONDS):
            cpu_seconds = _cpu_seconds(process.pid) - before
            peak_bytes = max(peak_bytes, _memory(process.pid, "VmRSS"))
            grown = peak_bytes - self._start_bytes
            fault = None
            if cpu_seconds > self._limits.cpu_seconds:
                fault = Fault("hang", f"it did not end within {self._limits.cpu_seconds:g} s of computing")
            elif grown > self._limits.growth_bytes:
                fault = Fault("growth", f"its memory grew by more than {self._limits.growth_bytes >> 20} MiB")
            if fault is not None:
                self.end()
                return Run(cpu_seconds, grown, peak_bytes, fault=fault)
        try:
            run = msgspec.msgpack.decode(connection.recv_bytes(), type=Run)
        except EOFError:
            process.join()
            status = process.exitcode
            self.end()
            return Run(fault=Fault("crash", f"the process ended with status {status}"))
        grown = max(run.growth_bytes, peak_bytes - self._start_bytes)
        if run.fault is None and grown > self._limits.growth_bytes:
            run = msgspec.structs.replace(run, fault=Fault("growth", f"its memory grew by {grown >> 20} MiB"))
        if run.fault is not None:
            self.end()
        return msgspec.structs.replace(run, growth_bytes=grown)

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def _ready(self) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        if self._process is not None and self._connection is not None:
            return self._process, self._connection
        self._connection, theirs = self._context.Pipe()
        self._process = self._context.Process(target=serve, args=(theirs, _ADDRESS_SPACE_BYTES), daemon=True)
        self._process.start()
        theirs.close()
        self._start_bytes = msgspec.msgpack.decode(self._connection.recv_bytes(), type=Run).resident_bytes
        return self._process, self._connection


def serve(connection: Connection, address_space_bytes: int) -> None:
    """Compile what comes until nothing comes any more. The first answer says how much memory the start took."""
    resource.setrlimit(resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    compile_stacks(Sources({"envoys.vgo": b"envoys: []\n"}))
    start_bytes = _memory("self", "VmRSS")
    connection.send_bytes(msgspec.msgpack.encode(Run(resident_bytes=start_bytes)))
    with suppress(EOFError):
        while True:
            stacks = msgspec.msgpack.decode(connection.recv_bytes(), type=dict[str, bytes])
            Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
            begun = time.process_time()
            run = _tried(stacks)
            run = msgspec.structs.replace(
                run,
                cpu_seconds=time.process_time() - begun,
                growth_bytes=_memory("self", "VmHWM") - start_bytes,
                resident_bytes=_memory("self", "VmRSS"),
            )
            connection.send_bytes(msgspec.msgpack.encode(run))


def _tried(stacks: Stacks) -> Run:

    try:
        found = compile_stacks(Sources(stacks))
        entries = () if found.policy is None else found.policy.entries
        for entry in entries:
            if found.policy is not None:
                encode_as_written(found.policy.plan(entry))  # one at a time, as envoys ask for them
        promise = broken_promise(stacks, found)
        errors = sum(one.severity == "error" for one in found.diagnostics)
        return Run(
            errors=errors, plans=len(entries), fault=None if promise is None else Fault("broken promise", promise)
        )
    except BaseException as error:  # noqa: BLE001 - whatever is raised is what the fuzzer looks for
        trace = "".join(traceback.format_exception(error))
        return Run(fault=Fault("crash", f"{type(error).__name__}: {trace[-_LONGEST_TRACE:]}"))


def broken_promise(stacks: Stacks, found: Compiled) -> str | None:
    """Return which promise of the compiler does not hold for what it made of some stacks, or None."""
    told = found.diagnostics
    if (found.policy is None) != any(one.severity == "error" for one in told):
        return "a policy is there where errors are, or neither"
    if [(one.file, one.line, one.column) for one in told] != sorted((one.file, one.line, one.column) for one in told):
        return "diagnostics are not sorted by place"
    lines: dict[str, list[str]] = {}
    for one in told:
        if one.code == "internal":
            return f"the compiler blames itself: {one.message}"
        if one.file not in lines:
            text = stacks.get(one.file, b"").decode(errors="replace").removeprefix("\ufeff")
            lines[one.file] = LINE_BREAK.split(text)
        there = lines[one.file]
        if not (1 <= one.line <= len(there) and 1 <= one.column <= len(there[one.line - 1]) + 1):
            return f"{one.file}:{one.line}:{one.column} is not in the file: {one.message[:200]}"
    if _UNPRINTABLE.search(as_text(told)):
        return "what is printed holds characters that control a terminal"
    return None


def _memory(pid: int | str | None, name: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0  # it has ended; that is told by the connection
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _cpu_seconds(pid: int | None) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _HERTZ
