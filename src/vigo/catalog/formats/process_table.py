"""One process as /proc shows it. Pure: content in, values out. Source: proc_pid_stat(5), proc_pid_cmdline(5)."""

from typing import NamedTuple

_START_TIME = 19
"""Where the start time stands behind the name in brackets, counted from 0."""
_KERNEL_PARENT = 2


class Process(NamedTuple):
    """A process: its number, the tick since the boot at which it began, its name and its words."""

    pid: int
    started_ticks: int
    name: str
    words: tuple[str, ...]
    is_ended: bool = False
    is_kernel: bool = False

    @property
    def program(self) -> str:
        """The last part of the program's path, else the name that the kernel has for it."""
        return self.words[0].rpartition("/")[2] if self.words else self.name

    @property
    def line(self) -> str:
        """The command line as a person would type it."""
        return " ".join(self.words)


def parse_process(pid: int, stat: str, cmdline: bytes) -> Process | None:
    """Return a process, or None where the text is none."""
    before, bracket, after = stat.rpartition(")")
    fields = after.split()
    if not bracket or len(fields) <= _START_TIME or not fields[_START_TIME].isdigit():
        return None
    words = tuple(word.decode(errors="replace") for word in cmdline.removesuffix(b"\0").split(b"\0"))
    return Process(
        pid=pid,
        started_ticks=int(fields[_START_TIME]),
        name=before.partition("(")[2],
        words=words if any(words) else (),
        is_ended=fields[0] in ("Z", "X"),
        is_kernel=fields[1] == str(_KERNEL_PARENT) or pid == _KERNEL_PARENT,
    )
