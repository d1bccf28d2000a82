"""The named predicates of `when:` expressions, bound to a machine."""

import inspect
import re
from collections.abc import Callable
from datetime import datetime, time, tzinfo
from functools import partial
from typing import Any

from vigo.catalog.api import FileKind, ReadHost
from vigo.catalog.formats.listening_ports import parse_listening_ports
from vigo.core import hostnames
from vigo.core.clock import Clock, SystemClock
from vigo.core.conditions import version_key
from vigo.core.errors import InvalidError, VigoError
from vigo.core.templates import Functions, TemplateError
from vigo.core.traits import Traits

MAX_LINKS = 40
"""How many symlinks one path may lead through. Source: path_resolution(7)."""

_HIGHEST_PORT = 65_535
_PROC_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_TIME = re.compile(r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)")


def predicates(host: ReadHost, traits: Traits, clock: Clock | None = None) -> Functions:
    """Return every predicate by its name. A wrong argument raises a TemplateError that says what was expected.

    They look at the host when they are called, so a condition sees what earlier resources did.
    """
    bound: dict[str, Callable[..., bool]] = {
        "os_family": partial(_os_field_is, traits, "family"),
        "os_id": partial(_os_field_is, traits, "id"),
        "version_ge": _version_ge,
        "version_lt": _version_lt,
        "file_exists": partial(_file_exists, host),
        "directory_exists": partial(_directory_exists, host),
        "package_installed": partial(_package_installed, host),
        "port_listening": partial(_port_listening, host),
        "program_exists": partial(_program_exists, host),
        "hostname_matches": partial(_hostname_matches, traits),
        "local_time": partial(_local_time, traits, clock or SystemClock()),
    }
    return {name: _checked(name, predicate) for name, predicate in bound.items()}


def _checked(name: str, predicate: Callable[..., bool]) -> Callable[..., bool]:
    """Return the predicate with its errors named after it, such that a condition's error shows the condition too."""
    signature = inspect.signature(predicate)
    expected = " and ".join(signature.parameters)

    def call(*values: Any, **named: Any) -> bool:
        try:
            signature.bind(*values, **named)
        except TypeError as error:
            found = ", ".join([*map(repr, values), *(f"{key}={value!r}" for key, value in named.items())]) or "nothing"
            raise TemplateError(f"{name}: expected {expected}, found {found[:200]}", None) from error
        try:
            return predicate(*values, **named)
        except TemplateError as error:
            raise TemplateError(f"{name}: {error}", None, undefined=error.undefined) from error
        except InvalidError as error:
            raise TemplateError(f"{name}: {error}", None) from error
        except VigoError as error:
            raise type(error)(f"{name}: {error}") from error

    return call


def _os_field_is(traits: Traits, field: str, /, name: object) -> bool:
    return _trait(traits, "os", field).lower() == _text("name", name).lower()


def _version_ge(version: object, than: object) -> bool:
    return version_key(_version("version", version)) >= version_key(_version("than", than))


def _version_lt(version: object, than: object) -> bool:
    return version_key(_version("version", version)) < version_key(_version("than", than))


def _file_exists(host: ReadHost, /, path: object) -> bool:
    """Return whether a file, device, socket or pipe is there; a directory is no file."""
    return _kind_at(host, _path(path)) in ("file", "other")


def _directory_exists(host: ReadHost, /, path: object) -> bool:
    return _kind_at(host, _path(path)) == "directory"


def _package_installed(host: ReadHost, /, package: object) -> bool:
    from vigo.catalog.resources.packages.package import Package, PackageSpec  # noqa: PLC0415 - few conditions ask

    spec, kind = PackageSpec(package=_text("package", package)), Package()
    kind.validate(spec)
    found = kind.observe(spec, host).installed
    return any(not one.configuration_only for one in found.values())


def _port_listening(host: ReadHost, /, port: object) -> bool:
    """Return whether a TCP port is listened on, on any address."""
    number = int(port) if isinstance(port, str) and port.isascii() and port.isdigit() and len(port) <= 5 else port  # noqa: PLR2004 - digits of 65535
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= _HIGHEST_PORT:
        raise InvalidError(f"expected a port from 1 to {_HIGHEST_PORT}, found {_shown(port)}")
    return any(number in parse_listening_ports(host.read_text(table) or "") for table in _PROC_TABLES)


def _program_exists(host: ReadHost, /, program: object) -> bool:
    return host.has_program(_text("program", program))


def _hostname_matches(traits: Traits, /, pattern: object) -> bool:
    text = _text("pattern", pattern)
    hostnames.check_pattern(text)
    network = traits.get("network", {})
    names = {str(network[field]) for field in ("fqdn", "hostname") if network.get(field)}
    if not names:
        names = {_trait(traits, "network", "hostname")}
    return any(hostnames.matches(text, name) for name in names)


def _local_time(traits: Traits, clock: Clock, /, start: object, end: object) -> bool:
    """Return whether it is from `start` on and before `end`, in the machine's own zone; a window may hold midnight."""
    first, last = _time_of_day("start", start), _time_of_day("end", end)
    if first == last:
        raise InvalidError(f"expected two different times, found {_shown(start)} twice; leave the condition out")
    now = _in_zone(clock.now(), _zone(traits)).time()
    return first <= now < last if first < last else now >= first or now < last


def _kind_at(host: ReadHost, path: str) -> FileKind | None:
    """Return what a path leads to, symlinks followed, or None for nothing."""
    for _ in range(MAX_LINKS + 1):
        stat = host.stat(path)
        if stat is None or stat.kind != "symlink":
            return None if stat is None else stat.kind
        target = host.read_link(path)
        if target is None:  # it was replaced meanwhile
            continue
        path = target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}"
    raise InvalidError(f"expected a path through at most {MAX_LINKS} symlinks, found more; a loop?")


def _in_zone(now: datetime, zone: tzinfo | None) -> datetime:
    return now.astimezone(zone)


def _zone(traits: Traits) -> tzinfo | None:
    """Return the zone that the machine says it is in; None stands for the one that this process sees."""
    name = traits.get("time", {}).get("zone")
    if not isinstance(name, str) or not name:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - few conditions ask for the time

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _time_of_day(argument: str, value: object) -> time:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidError(f"{argument}: expected a time of day such as '02:00', found {_shown(value)}")
    return time(int(found["hour"]), int(found["minute"]))


def _trait(traits: Traits, name: str, field: str) -> str:
    value = traits.get(name, {}).get(field)
    if value is None:
        raise TemplateError(f"this machine has no trait {name}.{field}", None, undefined=True)
    return str(value)


def _version(argument: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        raise InvalidError(f"{argument}: expected a version as text, found the number {value!r}; quote it: '1.10'")
    return _text(argument, value)


def _path(value: object) -> str:
    text = _text("path", value)
    if not text.startswith("/"):
        raise InvalidError(f"path: expected an absolute path, found {_shown(value)}; write it from the root")
    return text


def _text(argument: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidError(f"{argument}: expected a text, found {_shown(value)}")
    return value


def _shown(value: object) -> str:
    # The engine hands over None for a trait that is not there, too.
    return "nothing: this machine has no such value" if value is None else repr(value)[:80]
