"""What befalls a running agent, at a moment of its own choosing or ours."""

import resource
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.e2e.processes import Background
from tools.soaking.machine import Machine

Fault = Callable[[Machine, Background, float], None]
"""Acts on a machine and the run on it; the number is what the fault makes of it, 0 to 1."""

_LONGEST_STOP_SECONDS: Final = 60.0
_MIB: Final = 1 << 20


def killed(machine: Machine, run: Background, share: float) -> None:
    """End it with kill -9."""
    del machine, share
    run.kill()


def stopped(machine: Machine, run: Background, share: float) -> None:
    """Stop it as a debugger or a suspended machine does: mostly a moment, one time in fifty a whole minute."""
    del machine
    run.send(signal.SIGSTOP)
    time.sleep(_LONGEST_STOP_SECONDS if share > 0.98 else 3 * share)  # noqa: PLR2004 - one in fifty
    run.send(signal.SIGCONT)


def disk_full(machine: Machine, run: Background, share: float) -> None:
    """Fill its disk until it has ended."""
    del share
    machine.disk.fill()
    run.ended()
    machine.disk.make_room()


def read_only(machine: Machine, run: Background, share: float) -> None:
    """Make its root read-only until it has ended."""
    del share
    while run.is_running and not machine.set_read_only(machine.envoy.place, read_only=True):
        time.sleep(0.001)
    run.ended()
    machine.set_read_only(machine.envoy.place, read_only=False)


def out_of_memory(machine: Machine, run: Background, share: float) -> None:
    """Let it have little more memory than it has now."""
    del machine
    try:
        size = next(
            int(line.split()[1]) * 1024
            for line in Path(f"/proc/{run.pid}/status").read_text().splitlines()
            if line.startswith("VmSize:")
        )
        limit = size + int(4 * _MIB * share)
        resource.prlimit(run.pid, resource.RLIMIT_AS, (limit, limit))
    except (OSError, StopIteration):
        return  # it ended meanwhile


def nothing(machine: Machine, run: Background, share: float) -> None:
    """Leave it alone."""
    del machine, run, share


FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "kill": killed,
        "stop": stopped,
        "disk full": disk_full,
        "read-only": read_only,
        "out of memory": out_of_memory,
        "none": nothing,
    }
)
