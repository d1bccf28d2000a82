"""The installed programs as processes: run to their end, or in the background with their output in files."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

BIN = Path(sys.executable).parent
LONGEST_SECONDS = 60
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("VIGO_")} | {"NO_COLOR": "1"}
_BETWEEN_LOOKS_SECONDS = 0.05
_TAIL_LINES = 60
_never = threading.Event()
_logs: list[Path] = []


class Ended(NamedTuple):
    """How a program ended, and what it said."""

    status: int
    out: str
    err: str


class Background:
    """A program that runs on. It is ended by its number when the block is left, also by an error."""

    def __init__(self, argv: Sequence[object], output: Path, *, name: str) -> None:
        output.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in output.glob(f"{name}.*.err"))
        self.out_path, self.err_path = output / f"{name}.{number}.out", output / f"{name}.{number}.err"
        _logs.append(self.err_path)
        with self.out_path.open("wb") as out, self.err_path.open("wb") as err:
            self._process = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=ENVIRONMENT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def out(self) -> str:
        return self.out_path.read_text(errors="replace")

    @property
    def err(self) -> str:
        return self.err_path.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it with kill -9; doing it twice is harmless."""
        self._process.kill()
        self._process.wait(LONGEST_SECONDS)

    def ended(self) -> Ended:
        """Wait until it has ended by itself."""
        return Ended(self._process.wait(LONGEST_SECONDS), self.out, self.err)

    def terminate(self) -> Ended:
        """Ask it to end, and wait until it has."""
        self.send(signal.SIGTERM)
        return self.ended()

    def kill_after(self, seconds: float) -> Ended:
        """Let it run for so long or to its end, whichever comes first, and then end it with kill -9."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self.ended()

    def until_it_says(self, text: str, times: int = 1) -> None:
        """Return when its standard error has a text so often."""
        self.until(f"{text!r} to be logged {times} times", lambda: self.err.count(text) >= times)

    def until(self, what: str, holds: Callable[[], object]) -> None:
        """Return when something holds; fail where this process ends before."""

        def holds_or_ended() -> bool:
            return bool(holds()) or not self.is_running

        until(what, holds_or_ended, lambda: self.err)
        assert self.is_running or holds(), f"{self.err_path.name} ended before {what}:\n{self.err}"


def call(program: str | Path, *arguments: str | Path, prefix: Sequence[str] = (), **environment: str) -> Ended:
    """Run one of Vigo's programs to its end."""
    argv = [*prefix, str(BIN / program), *map(str, arguments)]
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
        stdin=subprocess.DEVNULL,
        env=ENVIRONMENT | environment,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def call_well(program: str, *arguments: str | Path, prefix: Sequence[str] = ()) -> str:
    """Run one of Vigo's programs, which must succeed, and return what it printed."""
    done = call(program, *arguments, prefix=prefix)
    assert done.status == 0, f"{program} {' '.join(map(str, arguments))}: status {done.status}\n{done.out}{done.err}"
    return done.out


def until(what: str, holds: Callable[[], object], found: Callable[[], object] = lambda: "") -> None:
    """Return when something holds; fail with what was found where it does not come to."""
    ends_at = time.monotonic() + LONGEST_SECONDS
    while not holds():
        if time.monotonic() > ends_at:
            raise AssertionError(f"waited {LONGEST_SECONDS} s for {what}; found {found()}")
        _never.wait(_BETWEEN_LOOKS_SECONDS)


def log_tails() -> list[tuple[str, str]]:
    """Return the last lines of what the present test's processes logged, and begin anew."""
    tails = [(str(path), path.read_text(errors="replace").splitlines()) for path in _logs if path.exists()]
    return [(name, "\n".join(lines[-_TAIL_LINES:])) for name, lines in tails if lines]


def forget_logs() -> None:
    """Begin a new module: its failures show its own processes."""
    _logs.clear()
