"""The trait set `host_limits`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.kernel_limits import parse_counter, parse_descriptor_use, parse_tasks
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.traits.measured import measured
from vigo.core.errors import UnavailableError

_STEP_PERCENT = 5
_STEP_DESCRIPTORS, _STEP_TASKS = 5000, 500


class HostLimitsTraits(TraitSet, frozen=True, kw_only=True):
    """What of the machine's own limits is used. None is what the kernel does not tell or does not limit.

    Numbers are told again once they moved by their step: `vigo.catalog.traits.measured` says why.
    """

    descriptors_used: Annotated[
        int | None, measured("Files that are open on the whole machine; to 5,000.", step=_STEP_DESCRIPTORS)
    ]
    descriptors_max: Annotated[
        int | None, field("How many may be open (fs.file-max); none where systemd lifted the limit.", example=811_896)
    ]
    descriptors_used_percent: Annotated[
        int | None, measured("The first in percent of the second; to five.", step=_STEP_PERCENT)
    ]
    pids_used: Annotated[
        int | None,
        measured("Processes and threads on the whole machine, each of which takes a number; to 500.", step=_STEP_TASKS),
    ]
    pids_max: Annotated[
        int | None, field("How many there may be: the less of kernel.pid_max and kernel.threads-max.", example=32_768)
    ]
    pids_used_percent: Annotated[
        int | None, measured("The first in percent of the second; to five.", step=_STEP_PERCENT)
    ]
    connections_used_percent: Annotated[
        int | None,
        measured(
            "Connections that the packet filter follows, in percent of net.netfilter.nf_conntrack_max; to five. At 100"
            " it drops new ones. None where it follows none.",
            step=_STEP_PERCENT,
        ),
    ]
    oom_kills: Annotated[
        int | None, field("Processes that the kernel killed for want of memory since the boot.", example=0)
    ]


@collector("host_limits", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_host_limits(host: ReadHost) -> HostLimitsTraits:
    """Report the limits. Source: proc_sys_fs(5), proc_sys_kernel(5), proc_loadavg(5), proc_vmstat(5).

    Raises:
        UnavailableError: this is an image, or a file cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image runs no kernel; its limits show on the machine that boots it")
    descriptors = parse_descriptor_use(host.read_text("/proc/sys/fs/file-nr") or "")
    files_used, files_max = (None, None) if descriptors is None else descriptors
    pids_used, pids_max = parse_tasks(host.read_text("/proc/loadavg") or ""), _pids_max(host)
    followed = (_number(host, f"/proc/sys/net/netfilter/nf_conntrack_{name}") for name in ("count", "max"))
    return HostLimitsTraits(
        descriptors_used=files_used,
        descriptors_max=files_max,
        descriptors_used_percent=_percent(files_used, files_max),
        pids_used=pids_used,
        pids_max=pids_max,
        pids_used_percent=_percent(pids_used, pids_max),
        connections_used_percent=_percent(*followed),
        oom_kills=parse_counter(host.read_text("/proc/vmstat") or "", "oom_kill"),
    )


def _pids_max(host: ReadHost) -> int | None:
    found = [_number(host, f"/proc/sys/kernel/{name}") for name in ("pid_max", "threads-max")]
    return min((number for number in found if number is not None), default=None)


def _number(host: ReadHost, path: str) -> int | None:
    return whole_number(host.read_text(path) or "")


def _percent(part: int | None, whole: int | None) -> int | None:
    return None if part is None or not whole else round(100 * min(part, whole) / whole)
