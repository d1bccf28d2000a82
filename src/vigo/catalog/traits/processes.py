"""The trait set `processes`."""

from collections import Counter
from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.formats.process_states import ProcessState, parse_process_state
from vigo.catalog.traits.measured import measured
from vigo.core.errors import UnavailableError

_STEP, _SMALL_STEP = 50, 5
_MOST_LOOKED_AT = 4000
_MOST_PARENTS, _MANY_CHILDREN = 20, 5
_RUNNING, _WAITING_FOR_DISK, _ZOMBIE = "R", "D", "Z"
_STOPPED = "Tt"
_SECOND = 2


class ProcessesTraits(TraitSet, frozen=True, kw_only=True):
    """How many processes there are and what they do, as far as the agent sees them: in a container its own.

    Numbers are told again once they moved by their step: `vigo.catalog.traits.measured` says why. On a host with more
    than 4,000 processes the states are those of the 4,000 oldest.
    """

    count: Annotated[int, measured("Number of all processes, the kernel's own threads too; to 50.", step=_STEP)]
    looked_at: Annotated[int, measured("Number of those that the fields below are about; to 50.", step=_STEP)]
    threads: Annotated[int, measured("Number of their threads; to 50.", step=_STEP)]
    kernel: Annotated[int, measured("How many are threads of the kernel itself; to 50.", step=_STEP)]
    running: Annotated[int, measured("How many run or wait for a processor (R); to 5.", step=_SMALL_STEP)]
    blocked: Annotated[
        int,
        measured("How many wait for a disk or the like and cannot be interrupted (D); to 5.", step=_SMALL_STEP),
    ]
    stopped: Annotated[int, measured("How many a signal or a debugger holds (T); to 5.", step=_SMALL_STEP)]
    zombies: Annotated[
        int, measured("How many have ended and wait for their parent to notice (Z); to 5.", step=_SMALL_STEP)
    ]
    zombie_parents: Annotated[
        tuple[str, ...],
        field("Names of the programs that leave 5 zombies or more unnoticed, sorted, at most 20.", example=["java"]),
    ]


@collector("processes", every=timedelta(minutes=15), timeout=timedelta(seconds=10))
def collect_processes(host: ReadHost) -> ProcessesTraits:
    """Report the processes. Source: proc_pid_stat(5).

    Raises:
        UnavailableError: this is an image, /proc is not mounted, or a process may not be looked at.
    """
    if host.is_image():
        raise UnavailableError("an image has no processes; they show on the machine that boots it")
    names = host.list_directory("/proc")
    if names is None:
        raise UnavailableError("expected the processes in /proc, found no such folder; mount /proc")
    pids = sorted(pid for name in names if (pid := whole_number(name)) is not None)
    found = {pid: state for pid in pids[:_MOST_LOOKED_AT] if (state := _state(host, pid)) is not None}
    by_state = Counter(state.state for state in found.values())
    return ProcessesTraits(
        count=len(pids),
        looked_at=len(found),
        threads=sum(state.threads for state in found.values()),
        kernel=sum(state.is_kernel for state in found.values()) if _shows_the_kernel(found) else 0,
        running=by_state[_RUNNING],
        blocked=by_state[_WAITING_FOR_DISK],
        stopped=sum(by_state[letter] for letter in _STOPPED),
        zombies=by_state[_ZOMBIE],
        zombie_parents=_zombie_parents(found),
    )


def _shows_the_kernel(processes: dict[int, ProcessState]) -> bool:
    """Return whether the second process is the kernel's, parent of its threads: in a container it is any other."""
    second = processes.get(_SECOND)
    return second is not None and (second.name, second.parent) == ("kthreadd", 0)


def _state(host: ReadHost, pid: int) -> ProcessState | None:
    """Return what a process does, or None where it ended meanwhile."""
    try:
        text = host.read_text(f"/proc/{pid}/stat")
    except UnavailableError:
        if host.stat(f"/proc/{pid}") is not None:
            raise
        return None
    return None if text is None else parse_process_state(text)


def _zombie_parents(processes: dict[int, ProcessState]) -> tuple[str, ...]:
    waiting = Counter(state.parent for state in processes.values() if state.state == _ZOMBIE)
    many = {processes[pid].name for pid, number in waiting.items() if number >= _MANY_CHILDREN and pid in processes}
    return tuple(sorted(many)[:_MOST_PARENTS])
