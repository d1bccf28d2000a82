"""What a process does at the moment. Pure: text in, values out. Source: proc_pid_stat(5)."""

from typing import NamedTuple

from vigo.catalog.formats.numbers import whole_number

_STATE, _PARENT, _THREADS = 0, 1, 17
_KERNEL_PARENT = 2


class ProcessState(NamedTuple):
    """A process: its name as the kernel has it, the letter of its state, its parent and its number of threads."""

    name: str
    state: str
    parent: int
    threads: int

    @property
    def is_kernel(self) -> bool:
        """Whether it is a thread of the kernel itself, all of which have one parent and no parent of their own."""
        return self.parent == _KERNEL_PARENT


def parse_process_state(text: str) -> ProcessState | None:
    """Return what /proc/PID/stat tells, or None for another text; the name may hold blanks and brackets."""
    before, bracket, after = text.rpartition(")")
    fields = after.split()
    if not bracket or len(fields) <= _THREADS or len(fields[_STATE]) != 1:
        return None
    parent, threads = whole_number(fields[_PARENT]), whole_number(fields[_THREADS])
    if parent is None or threads is None:
        return None
    return ProcessState(before.partition("(")[2], fields[_STATE], parent, threads)
