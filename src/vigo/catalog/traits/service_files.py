"""How the files of an init system tell its services. What runs is asked of systemd alone, in one question for all."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.formats.unit_list import LIST_UNITS, UnitState, parse_unit_list
from vigo.catalog.formats.units import parse_install
from vigo.core.errors import UnavailableError

_SUFFIX = ".service"
_NOWHERE = "/dev/null"
_UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
"""In the order in which systemd looks; the last holds what it makes of init scripts. Source: systemd.unit(5)."""
_OF_SCRIPTS = "/run/systemd/generator.late"
_ENABLING_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/run/systemd/generator", _OF_SCRIPTS)
"""The links of a package, in the folders not named here, are part of what the unit itself is."""
_NOT_LOADED = UnitState("not-found", "inactive", "dead")
_LINKS = (".wants", ".requires", ".upholds")
_MOST_FILES = 2000

_RUNLEVELS, _OPENRC = "/etc/runlevels", "/run/openrc"
_SCRIPTS = "/etc/init.d"
_BOOT_LEVELS = ("2", "3", "4", "5")
_NO_SCRIPTS = frozenset({"README", "functions", "functions.sh", "rc", "rcS", "skeleton"})
_MARKS = ("/var/lock/subsys", "/run/lock/subsys")


class FoundService(NamedTuple):
    """What is known of one service; None is not told."""

    enabled: bool | None
    running: bool | None = None
    failed: bool | None = None
    masked: bool = False


def systemd_services(host: ReadHost) -> Mapping[str, FoundService]:
    """Return the services that start at boot or could, run, failed or are masked.

    Instances of templates come and go with log-ins and connections: one that no link starts is told if it failed.

    Raises:
        UnavailableError: systemctl does not answer.
    """
    files = _unit_files(host)
    states = _states(host)
    linked = set(_linked(host, _ENABLING_FOLDERS))
    failed = {name for name, state in (states or {}).items() if state.has_failed}
    names = {name for name in files if "@" not in name} | {name for name in linked | failed if _path_of(name, files)}
    found: dict[str, FoundService] = {}
    for name in names:
        path = _path_of(name, files)
        state = None if states is None else states.get(name, _NOT_LOADED)
        enabled = name in linked or _could_start(host, path)
        service = FoundService(
            enabled=enabled if path else False,
            running=None if state is None else state.is_running,
            failed=None if state is None else state.has_failed,
            masked=not path,
        )
        if service.enabled is not None or service.running or service.failed:
            found[name.removesuffix(_SUFFIX)] = service
    return found


def openrc_services(host: ReadHost) -> Mapping[str, FoundService]:
    """Return the services of OpenRC, whose runlevels and states are folders of links. Source: rc-update(8)."""
    levels = host.list_directory(_RUNLEVELS) or ()
    enabled = {name for level in levels for name in host.list_directory(f"{_RUNLEVELS}/{level}") or ()}
    scripts = set(host.list_directory(_SCRIPTS) or ()) - _NO_SCRIPTS
    if host.is_image():
        return {name: FoundService(name in enabled) for name in scripts}
    started = set(host.list_directory(f"{_OPENRC}/started") or ())
    failed = set(host.list_directory(f"{_OPENRC}/failed") or ())
    return {name: FoundService(name in enabled, name in started, name in failed) for name in scripts}


def sysv_services(host: ReadHost) -> Mapping[str, FoundService]:
    """Return the services of init scripts.

    Asking each script for its state would take a shell each; so what runs is known by a lock or by a file with the
    number of its process, and not at all of a script that makes neither.
    """
    enabled = {
        name[3:]
        for level in _BOOT_LEVELS
        for name in host.list_directory(f"/etc/rc{level}.d") or host.list_directory(f"/etc/init.d/rc{level}.d") or ()
        if name[:1] == "S" and name[1:3].isdigit()
    }
    scripts = (host.list_directory(_SCRIPTS) or ())[:_MOST_FILES]
    return {
        name: FoundService(name in enabled, None if host.is_image() else _runs_by_marks(host, name))
        for name in scripts
        if name not in _NO_SCRIPTS and "." not in name
    }


def _runs_by_marks(host: ReadHost, name: str) -> bool | None:
    if any(host.stat(f"{folder}/{name}") is not None for folder in _MARKS):
        return True
    for path in (f"/run/{name}.pid", f"/var/run/{name}.pid"):
        found = host.stat(path)
        number = whole_number(host.read_text(path) or "") if found is not None and found.kind == "file" else None
        if number is not None:
            return host.stat(f"/proc/{number}") is not None
    return None


def _unit_files(host: ReadHost) -> Mapping[str, str]:
    """Return the path of each unit's file by name, the first that systemd finds; an empty one for a masked unit."""
    found: dict[str, str] = {}
    aliases: set[str] = set()
    folders = [folder for folder in _UNIT_FOLDERS if not _is_link(host, folder)]
    for folder in folders:
        for name in host.list_directory(folder) or ():
            if not name.endswith(_SUFFIX) or name in found or name in aliases or len(found) >= _MOST_FILES:
                continue
            target = host.read_link(f"{folder}/{name}")
            if target is not None and target != _NOWHERE and target.rpartition("/")[2] != name:
                aliases.add(name)
            else:
                found[name] = "" if target == _NOWHERE else f"{folder}/{name}"
    return found


def _is_link(host: ReadHost, folder: str) -> bool:
    """Return whether a folder is another one's second name: /lib is a link to usr/lib on most hosts."""
    top = f"/{folder.split('/')[1]}"
    return host.read_link(top) is not None


def _linked(host: ReadHost, folders: tuple[str, ...]) -> Iterator[str]:
    """Yield the services that links in these folders start, and those that a link gives another name (`Alias=`)."""
    for folder in folders:
        for name in host.list_directory(folder) or ():
            if name.endswith(_LINKS):
                yield from (one for one in host.list_directory(f"{folder}/{name}") or () if one.endswith(_SUFFIX))
            elif name.endswith(_SUFFIX):
                target = (host.read_link(f"{folder}/{name}") or name).rpartition("/")[2]
                if target != name and target.endswith(_SUFFIX):
                    yield target


def _path_of(name: str, files: Mapping[str, str]) -> str:
    """Return the path of a unit's file or that of its template; empty where there is none or it is masked."""
    return files.get(name, files.get(f"{name.partition('@')[0]}@{_SUFFIX}", "") if "@" in name else "")


def _could_start(host: ReadHost, path: str) -> bool | None:
    """Return False for a unit that could be enabled and is not, or None for one that only others start."""
    if not path or path.startswith(_OF_SCRIPTS):
        return False
    install = parse_install(host.read_text(path) or "")
    return False if install.wanted_by or install.required_by or install.alias else None


def _states(host: ReadHost) -> Mapping[str, UnitState] | None:
    """Return the states of the services in systemd's memory, or None where nobody can be asked."""
    if host.is_image() or not host.has_program(LIST_UNITS[0]):
        return None
    answer = host.query(LIST_UNITS)
    if answer is None or answer.status != 0:
        reason = "no such program" if answer is None else answer.stderr.strip()[:200] or f"status {answer.status}"
        raise UnavailableError(f"expected systemctl to list the units, found: {reason}; run `systemctl list-units`")
    return {name: state for name, state in parse_unit_list(answer.stdout).items() if name.endswith(_SUFFIX)}
