"""The trait set `systemd_failed`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.unit_list import LIST_UNITS, parse_unit_list
from vigo.core.errors import UnavailableError

_BOOTED = "/run/systemd/system"  # sd_booted(3)
_MOST = 100


class SystemdFailedTraits(TraitSet, frozen=True, kw_only=True):
    """The units that failed and that nobody started or reset since."""

    present: Annotated[bool, field("Whether systemd runs this host and systemctl is there to ask it.")]
    units: Annotated[
        tuple[str, ...], field("Names of the failed units, sorted, at most 100.", example=["nginx.service"])
    ]
    count: Annotated[int, field("Number of all failed units.", example=0)]


@collector("systemd_failed", every=timedelta(minutes=10), timeout=timedelta(seconds=15))
def collect_systemd_failed(host: ReadHost) -> SystemdFailedTraits:
    """Report the failed units. Source: systemctl(1), list-units.

    Raises:
        UnavailableError: systemctl does not answer.
    """
    if host.is_image() or host.stat(_BOOTED) is None or not host.has_program(LIST_UNITS[0]):
        return SystemdFailedTraits(present=False, units=(), count=0)
    answer = host.query(LIST_UNITS)
    if answer is None or answer.status != 0:
        reason = "no such program" if answer is None else answer.stderr.strip()[:200] or f"status {answer.status}"
        raise UnavailableError(f"expected systemctl to list the units, found: {reason}; run `systemctl list-units`")
    failed = sorted(name for name, unit in parse_unit_list(answer.stdout).items() if unit.has_failed)
    return SystemdFailedTraits(present=True, units=tuple(failed[:_MOST]), count=len(failed))
