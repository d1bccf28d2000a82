"""The time and the time zones of the host that is looked at, as it tells them itself."""

import io
from datetime import UTC, datetime, tzinfo
from typing import Final

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.kernel import parse_boot_time, parse_uptime
from vigo.core.errors import BlockedError, VigoError

_LOCAL: Final = "/etc/localtime"
# Source: PEP 615, which names where systems keep them.
_ZONES: Final = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")


def host_time(host: ReadHost) -> datetime | None:
    """Return the host's time in UTC, up to a second late; None where no kernel tells it, as in an image.

    Source: proc_stat(5), btime, which is in whole seconds.
    """
    booted = parse_boot_time(host.read_text("/proc/stat") or "")
    running = parse_uptime(host.read_text("/proc/uptime") or "")
    if booted is None or running is None:
        return None
    try:
        return datetime.fromtimestamp(booted + running, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def zone_of(host: ReadHost, name: str, what: str) -> tzinfo:
    """Return a zone by its name, or with an empty name the host's own. `what` says in errors what it is for.

    Source: localtime(5), tzfile(5).

    Raises:
        BlockedError: the host does not know it.
    """
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few machines have windows

    expected = (
        f"{what}: expected the time zone {name} in this machine's tzdata,"
        if name
        else f"{what}: expected this machine's time zone in {_LOCAL},"
    )
    places = [f"{folder}/{name}" for folder in _ZONES] if name else [_LOCAL]
    try:
        content = next((found for place in places if (found := host.read_bytes(place)) is not None), None)
    except VigoError as error:
        raise BlockedError(f"{expected} found that it cannot be read: {error}") from error
    if content is None and not name:
        return UTC  # as the C library takes it
    if content is None:
        raise BlockedError(f"{expected} found none below {_ZONES[0]}; install tzdata, or correct the name")
    try:
        return ZoneInfo.from_file(io.BytesIO(content))
    except (ValueError, EOFError, ArithmeticError, LookupError) as error:
        raise BlockedError(f"{expected} found a file that is none: {error}; install tzdata anew") from error
