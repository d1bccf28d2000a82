"""The trait set `pressure`."""

import errno
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.pressure_stalls import StallAverages, parse_pressure
from vigo.catalog.traits.measured import measured
from vigo.core.errors import UnavailableError

_RESOURCES = ("cpu", "memory", "io")
_SHORT_STEP, _LONG_STEP = 10.0, 5.0


class Pressure(msgspec.Struct, frozen=True, kw_only=True):
    """The share of time that tasks lost because they waited for one resource."""

    some_avg60_percent: Annotated[
        float | None,
        measured("Time in which a task at least waited, in percent, over a minute; to ten.", step=_SHORT_STEP),
    ]
    some_avg300_percent: Annotated[
        float | None, measured("The same over five minutes, to five percent.", step=_LONG_STEP)
    ]
    full_avg60_percent: Annotated[
        float | None,
        measured(
            "Time in which all tasks that had work waited, in percent, over a minute; to ten. None where the kernel"
            " does not tell, as an old one of the processor.",
            step=_SHORT_STEP,
        ),
    ]
    full_avg300_percent: Annotated[
        float | None, measured("The same over five minutes, to five percent.", step=_LONG_STEP)
    ]


class PressureTraits(TraitSet, frozen=True, kw_only=True):
    """Pressure stall information (PSI). The average over ten seconds is left out: it is over before anybody reads it.

    The averages are told again once they moved by their step: `vigo.catalog.traits.measured` says why.
    """

    present: Annotated[bool, field("Whether the kernel measures it; some do only with `psi=1` on their command line.")]
    resources: Annotated[dict[str, Pressure], field("Pressure by resource: cpu, io and memory; empty without PSI.")]


@collector("pressure", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_pressure(host: ReadHost) -> PressureTraits:
    """Report the pressure. Source: the kernel's accounting/psi.

    Raises:
        UnavailableError: this is an image, or a file cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image is under no pressure; it shows on the machine that boots it")
    texts = {name: _text(host, f"/proc/pressure/{name}") for name in _RESOURCES}
    return PressureTraits(
        present=any(text is not None for text in texts.values()),
        resources={name: _pressure(text) for name, text in sorted(texts.items()) if text is not None},
    )


def _text(host: ReadHost, path: str) -> str | None:
    try:
        return host.read_text(path)
    except UnavailableError as error:
        # Red Hat's kernels before Linux 5.14 have the files without the measuring, and say so when they are read.
        if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EOPNOTSUPP:
            return None
        raise


def _pressure(text: str) -> Pressure:
    rows = parse_pressure(text)
    some, full = (rows.get(name) for name in ("some", "full"))
    return Pressure(
        some_avg60_percent=_over_a_minute(some),
        some_avg300_percent=_over_five_minutes(some),
        full_avg60_percent=_over_a_minute(full),
        full_avg300_percent=_over_five_minutes(full),
    )


def _over_a_minute(averages: StallAverages | None) -> float | None:
    return None if averages is None else averages.one_minute


def _over_five_minutes(averages: StallAverages | None) -> float | None:
    return None if averages is None else averages.five_minutes
