"""The trait set `os`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.elf import machine_of
from vigo.catalog.formats.os_release import family_of, parse_os_release
from vigo.core.errors import UnavailableError

_IDENTITY = ("/etc/os-release", "/usr/lib/os-release")
_RUNNING_INIT = {
    "/run/systemd/system": "systemd",  # sd_booted(3)
    "/run/openrc": "openrc",
    "/run/runit": "runit",
    "/etc/inittab": "sysv",
    "/etc/init.d": "sysv",
}
_INSTALLED_INIT = {
    "/usr/lib/systemd/systemd": "systemd",
    "/lib/systemd/systemd": "systemd",
    "/sbin/openrc": "openrc",
    "/usr/bin/openrc": "openrc",
    "/sbin/runit": "runit",
    "/etc/inittab": "sysv",
}


class OsTraits(TraitSet, frozen=True, kw_only=True):
    """The distribution and its kernel. What a host does not tell is an empty text."""

    id: Annotated[str, field("Name of the distribution in lower case, `linux` where it has none.", example="debian")]
    family: Annotated[
        str, field("debian, redhat, suse, alpine, arch or gentoo; for another distribution its id.", example="debian")
    ]
    name: Annotated[str, field("Name and version as the distribution writes them for people.")]
    version: Annotated[str, field("Version of the distribution; empty where it has none (Arch).", example="12")]
    codename: Annotated[str, field("Codename of the version; empty where it has none.", example="bookworm")]
    kernel: Annotated[str, field("Release of the running kernel; empty in an image.", example="6.1.0-18-amd64")]
    arch: Annotated[str, field("Processor as `uname -m` names it; in an image that of its /bin/sh.", example="x86_64")]
    init: Annotated[str, field("systemd, openrc, runit or sysv; empty for another or none.", example="systemd")]


@collector("os", every=timedelta(hours=6), timeout=timedelta(seconds=5))
def collect_os(host: ReadHost) -> OsTraits:
    """Report the distribution. Source: os-release(5).

    An image may be empty yet: without the file it is a plain `linux`, which is the manual's default.

    Raises:
        UnavailableError: the host has no ``/etc/os-release``.
    """
    text = next((text for path in _IDENTITY if (text := host.read_text(path)) is not None), None)
    if text is None and not host.is_image():
        raise UnavailableError(
            f"expected {' or '.join(_IDENTITY)}, found neither; install the distribution's base files"
        )
    fields = parse_os_release(text or "")
    return OsTraits(
        id=fields.get("ID", "linux"),
        family=family_of(fields),
        name=fields.get("PRETTY_NAME", "Linux"),
        version=fields.get("VERSION_ID", ""),
        codename=fields.get("VERSION_CODENAME", ""),
        kernel="" if host.is_image() else (host.read_text("/proc/sys/kernel/osrelease") or "").strip(),
        arch=_arch(host),
        init=_init(host),
    )


def _arch(host: ReadHost) -> str:
    if host.is_image():
        return machine_of(host.read_bytes("/bin/sh") or b"")
    told = host.read_text("/proc/sys/kernel/arch")  # since Linux 6.1
    if told is None:
        answer = host.query(("uname", "-m"))
        told = answer.stdout if answer is not None and answer.status == 0 else ""
    return told.strip()


def _init(host: ReadHost) -> str:
    places = _INSTALLED_INIT if host.is_image() else _RUNNING_INIT
    return next((name for path, name in places.items() if host.stat(path) is not None), "")
