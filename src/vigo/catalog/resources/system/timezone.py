"""The kind `timezone`."""

import re
from collections.abc import Iterator
from typing import Annotated

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import shown
from vigo.catalog.ops import MakeSymlink, Op, WriteFile
from vigo.catalog.paths import real_path
from vigo.catalog.resources.system.settings_file import SettingsFile, other_settings
from vigo.core.errors import BlockedError, InvalidError

_LINK = "/etc/localtime"
_NAME_FILE = "/etc/timezone"
_ZONES = "/usr/share/zoneinfo"
_FOLDERS = (_ZONES, "/etc/zoneinfo")
"""Where zones are; the second is where Alpine's setup-timezone puts the one that is used."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,40}(/[A-Za-z0-9][A-Za-z0-9_+-]{0,40}){0,2}")
_ELSEWHERE = (SettingsFile("/etc/sysconfig/clock", "ZONE"), SettingsFile("/etc/sysconfig/clock", "TIMEZONE"))
_CHANGES = ("timezone",)


class TimezoneSpec(Spec, frozen=True, kw_only=True):
    """The time zone that the machine tells its local time in."""

    timezone: Annotated[str, field("Name of the zone, as in /usr/share/zoneinfo.", example="Europe/Berlin")]


class TimezoneState(msgspec.Struct, frozen=True, kw_only=True):
    """What /etc/localtime is, whether it leads to the zone, and the zone's file (None where there is none)."""

    link: FileStat | None
    leads_there: bool
    zone_file: str | None
    zone: FileStat | None
    has_zones: bool
    name: str | None
    elsewhere: tuple[WriteFile, ...]


class Timezone(Resource[TimezoneSpec, TimezoneState]):
    """/etc/localtime as a symlink to the zone, which a copy in its place gives way to.

    /etc/timezone, and ZONE or TIMEZONE in /etc/sysconfig/clock, are set where they are in use. Programs that run learn
    of a new zone when they are started again.
    """

    kind, since, spec = "timezone", "0.1", TimezoneSpec

    def validate(self, spec: TimezoneSpec) -> None:
        """Accept the name of a zone. Source: tzselect(8), the theory file of the tz database."""
        if not _NAME.fullmatch(spec.timezone):
            raise InvalidError(
                f"timezone: expected the name of a zone such as Europe/Berlin or UTC, found {shown(spec.timezone)};"
                " `timedatectl list-timezones` lists them"
            )

    def observe(self, spec: TimezoneSpec, host: ReadHost) -> TimezoneState:
        """Return where /etc/localtime leads, and what else tells the zone."""
        link = host.stat(_LINK)
        candidates = [f"{folder}/{spec.timezone}" for folder in _FOLDERS]
        zone_file = next((path for path in candidates if host.stat(path) is not None), None)
        target = _absolute(host.read_link(_LINK))
        name = host.stat(_NAME_FILE)
        return TimezoneState(
            link=link,
            leads_there=target in candidates and host.stat(target or "") is not None,
            zone_file=zone_file,
            zone=None if zone_file is None else host.stat(real_path(host, zone_file)),
            has_zones=host.stat(_ZONES) is not None,
            name=(host.read_text(_NAME_FILE) or "") if name is not None and name.kind == "file" else None,
            elsewhere=other_settings(host, _ELSEWHERE, spec.timezone, _CHANGES),
        )

    def plan(self, spec: TimezoneSpec, state: TimezoneState) -> Iterator[Op]:
        """Yield the symlink, then the files that name the zone."""
        if not state.has_zones and state.zone_file is None:
            raise BlockedError(
                f"timezone: expected the zones in {_ZONES}, found no such folder; install tzdata (on SUSE timezone)"
            )
        if state.zone_file is None or state.zone is None or state.zone.kind != "file":
            raise InvalidError(
                f"timezone: expected a zone that this machine knows, found none named {spec.timezone};"
                " `timedatectl list-timezones` lists them"
            )
        if state.link is not None and state.link.kind in ("directory", "other"):
            raise InvalidError(f"timezone: expected a symlink at {_LINK}, found a {state.link.kind}; remove it")
        if not state.leads_there:
            yield MakeSymlink(path=_LINK, to=state.zone_file, changes=_CHANGES)
        if state.name is not None and state.name.strip() != spec.timezone:
            yield WriteFile(path=_NAME_FILE, content=f"{spec.timezone}\n".encode(), changes=_CHANGES)
        yield from state.elsewhere

    def owns(self, spec: TimezoneSpec) -> tuple[str, ...]:
        """Return the zone, of which a machine has one, and its files."""
        del spec
        return "setting:timezone", f"path:{_LINK}", f"path:{_NAME_FILE}"


def _absolute(target: str | None) -> str | None:
    """Return a target from the root; others write it as seen from /etc."""
    if target is None or target.startswith("/"):
        return target
    return f"/{target[3:]}" if target.startswith("../") else f"/etc/{target}"
