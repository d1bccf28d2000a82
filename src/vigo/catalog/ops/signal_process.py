"""Telling a process to end."""

from typing import Literal

from vigo.catalog.ops.base import Op

SignalName = Literal["TERM", "KILL", "INT", "QUIT", "HUP", "USR1", "USR2"]


class SignalProcess(Op, frozen=True, kw_only=True):
    """Send a signal to one process, told from a later one of the same number by when it began, and wait for its end."""

    pid: int
    started_ticks: int
    program: str
    signal: SignalName = "TERM"
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `signal TERM to process 12 (nginx)`."""
        return f"signal {self.signal} to process {self.pid} ({self.program})"
