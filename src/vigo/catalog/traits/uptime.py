"""The trait set `uptime`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.kernel import parse_boot_time, parse_uptime
from vigo.core.errors import UnavailableError

_SECONDS_PER_MINUTE, _SECONDS_PER_DAY = 60, 86_400
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, where the calendar of Python ends."""


class UptimeTraits(TraitSet, frozen=True, kw_only=True):
    """Since when the system runs. The moment is told, not the seconds since: those would be news at every check-in."""

    booted_at: Annotated[
        str, field("When the system was started, in UTC, to the minute.", example="2026-03-01T07:30:00Z")
    ]
    days: Annotated[int, field("Whole days since then.", example=12)]
    boot_id: Annotated[str, field("Random id of this boot, another at each; empty where the kernel has none.")]


@collector("uptime", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_uptime(host: ReadHost) -> UptimeTraits:
    """Report the boot. The minute is cut off, since the clock's corrections move the second. Source: proc_stat(5).

    Raises:
        UnavailableError: this is an image, or the kernel does not tell.
    """
    if host.is_image():
        raise UnavailableError("an image does not run; it shows on the machine that boots it")
    seconds = parse_uptime(host.read_text("/proc/uptime") or "")
    booted = parse_boot_time(host.read_text("/proc/stat") or "")
    if seconds is None or booted is None or booted > _LAST_SECOND:
        raise UnavailableError("expected a boot time in /proc/stat and /proc/uptime, found none; mount /proc")
    moment = datetime.fromtimestamp(booted - booted % _SECONDS_PER_MINUTE, UTC)
    return UptimeTraits(
        booted_at=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        days=seconds // _SECONDS_PER_DAY,
        boot_id=(host.read_text("/proc/sys/kernel/random/boot_id") or "").strip(),
    )
