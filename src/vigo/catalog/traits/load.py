"""The trait set `load`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.load_average import count_processors, parse_load_average
from vigo.catalog.traits.measured import measured
from vigo.core.errors import UnavailableError

_SHORT_STEP, _LONG_STEP = 1.0, 0.5


class LoadTraits(TraitSet, frozen=True, kw_only=True):
    """The load averages for each processor: 1.0 is a machine whose processors all have one process to run.

    A load of 8 is idleness on 64 processors and trouble on one, so it is told as a share of them. It is told again
    once it moved by its step: `vigo.catalog.traits.measured` says why.
    """

    processors: Annotated[int, field("Number of processors that the kernel shares the load among.", example=4)]
    one_minute: Annotated[
        float | None,
        measured(
            "Processes that ran or waited for a processor or disk, for each processor, averaged over a minute; to one."
            " None where the kernel does not tell.",
            step=_SHORT_STEP,
        ),
    ]
    five_minutes: Annotated[float | None, measured("The same over five minutes, to a half.", step=_LONG_STEP)]
    fifteen_minutes: Annotated[float | None, measured("The same over fifteen minutes, to a half.", step=_LONG_STEP)]


@collector("load", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_load(host: ReadHost) -> LoadTraits:
    """Report the load. Source: proc_loadavg(5), proc_stat(5).

    Raises:
        UnavailableError: this is an image, or a file cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image has no load; it shows on the machine that boots it")
    averages = parse_load_average(host.read_text("/proc/loadavg") or "")
    processors = count_processors(host.read_text("/proc/stat") or "")
    one, five, fifteen = (None,) * 3 if averages is None else (round(each / processors, 2) for each in averages)
    return LoadTraits(processors=processors, one_minute=one, five_minutes=five, fifteen_minutes=fifteen)
