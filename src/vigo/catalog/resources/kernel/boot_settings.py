"""Which files set kernel parameters at boot, and those that come after Vigo's own. Source: sysctl.d(5), sysctl(8)."""

from collections.abc import Iterator

from vigo.catalog.api import ReadFiles, ReadHost
from vigo.catalog.formats.sysctl_settings import boot_file_name, live_path, parse_sysctl_file, same_value
from vigo.catalog.resources.system.boot import boots_with_systemd

FOLDER = "/etc/sysctl.d"

_FOLDERS = (FOLDER, "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
_LAST_FILE = "/etc/sysctl.conf"


def boot_path(key: str) -> str:
    """Return Vigo's file for a parameter."""
    return f"{FOLDER}/{boot_file_name(key)}"


def overruled_by(host: ReadHost, key: str, value: str) -> tuple[str, str] | None:
    """Return the file, and the value in it, that has the last word at boot where that is another value."""
    last: tuple[str, str] | None = None
    for path in _later_files(host, boot_file_name(key)):
        found = parse_sysctl_file(host.read_text(path) or "").get(live_path(key))
        if found is not None:
            last = (path, found)
    return None if last is None or same_value(last[1], value) else last


def _later_files(host: ReadFiles, name: str) -> Iterator[str]:
    """Yield the files behind one of this name in the order in which they are read."""
    places: dict[str, str] = {}
    for folder in _FOLDERS:
        for other in host.list_directory(folder) or ():
            if other.endswith(".conf") and other > name:
                places.setdefault(other, f"{folder}/{other}")
    yield from (places[other] for other in sorted(places))
    if not boots_with_systemd(host):
        yield _LAST_FILE
