"""The trait set `agent`."""

from datetime import timedelta
from typing import Annotated

import vigo
from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.kernel import parse_cpu_seconds, parse_sizes
from vigo.catalog.traits.measured import measured

_MEMORY_STEP_BYTES = 16 * 1024 * 1024
_CPU_STEP_SECONDS = 60


class AgentTraits(TraitSet, frozen=True, kw_only=True):
    """The agent itself. What it uses is told again once it moved by a step: `vigo.catalog.traits.measured` says why.

    With `--root` the process shows in no file of the host; then its use is not known.
    """

    version: Annotated[str, field("Version of the agent.", example="0.1.0")]
    memory_bytes: Annotated[
        int | None, measured("Memory that the agent's process holds, in bytes; to 16 MiB.", step=_MEMORY_STEP_BYTES)
    ]
    cpu_seconds: Annotated[
        int | None,
        measured("Time that its process has computed since it began, in seconds; to 60.", step=_CPU_STEP_SECONDS),
    ]
    queued_runs: Annotated[
        int, field("Runs whose results wait for the server; the agent fills this in, since no host knows it.")
    ] = 0


@collector("agent", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_agent(host: ReadHost) -> AgentTraits:
    """Report the agent's version and use. Source: proc_pid_status(5), VmRSS; proc_pid_stat(5)."""
    status, stat = host.read_text("/proc/self/status"), host.read_text("/proc/self/stat")
    return AgentTraits(
        version=vigo.__version__,
        memory_bytes=parse_sizes(status or "").get("VmRSS"),
        cpu_seconds=parse_cpu_seconds(stat or ""),
    )
