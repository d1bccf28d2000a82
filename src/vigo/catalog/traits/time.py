"""The trait set `time`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field

_ZONES = "zoneinfo/"
_PROGRAMS = {
    "/run/chrony/chronyd.pid": "chrony",
    "/run/chronyd.pid": "chrony",
    "/run/ntpd.pid": "ntp",
    "/run/ntp/ntpd.pid": "ntp",
    "/run/openntpd.pid": "openntpd",
    "/run/systemd/timesync": "systemd-timesyncd",
}
_SYNCHRONISED = "/run/systemd/timesync/synchronized"


class TimeTraits(TraitSet, frozen=True, kw_only=True):
    """The time zone and what keeps the clock right. The time itself is no trait: it would be news at every check-in."""

    zone: Annotated[
        str, field("Name of the time zone; empty where the host has a zone without a name.", example="Europe/Berlin")
    ]
    ntp: Annotated[
        str,
        field(
            "Program that keeps the clock: chrony, ntp, openntpd or systemd-timesyncd; empty where none of them runs."
        ),
    ]
    synchronised: Annotated[
        bool | None, field("Whether the clock was set over the network since the boot; none where nobody tells.")
    ]


@collector("time", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_time(host: ReadHost) -> TimeTraits:
    """Report the zone and the time service. Source: localtime(5), systemd-timesyncd.service(8)."""
    ntp = next((name for path, name in _PROGRAMS.items() if host.stat(path) is not None), "")
    is_told = ntp == "systemd-timesyncd"
    return TimeTraits(zone=_zone(host), ntp=ntp, synchronised=host.stat(_SYNCHRONISED) is not None if is_told else None)


def _zone(host: ReadHost) -> str:
    target = host.read_link("/etc/localtime")
    if target is not None and _ZONES in target:
        return target.rpartition(_ZONES)[2].removeprefix("posix/")
    named = (host.read_text("/etc/timezone") or "").strip()
    # Without the file the C library takes UTC.
    return named or ("UTC" if host.stat("/etc/localtime") is None else "")
