"""The kind `hostname`."""

import re
from collections.abc import Iterator
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import shown
from vigo.catalog.ops import Op, WriteFile
from vigo.catalog.ops.hostname import SetHostname
from vigo.catalog.resources.system.settings_file import SettingsFile, other_settings
from vigo.core.errors import BlockedError, InvalidError

MAX_CHARACTERS = 64
"""The longest name that the kernel takes. Source: gethostname(2), HOST_NAME_MAX."""

_LIVE = "/proc/sys/kernel/hostname"
_BOOT = "/etc/hostname"
_MODE = 0o644
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
# Where older init scripts have the name: changed only where they say one.
_ELSEWHERE = (
    SettingsFile("/etc/sysconfig/network", "HOSTNAME"),
    SettingsFile("/etc/conf.d/hostname", "hostname"),
)
_CHANGES = ("hostname",)


class HostnameSpec(Spec, frozen=True, kw_only=True):
    """The machine's own name."""

    hostname: Annotated[
        str,
        field("The name, alone or with its domain: letters, digits, `-` and `.`, at most 64.", example="web1"),
    ]


class HostnameState(msgspec.Struct, frozen=True, kw_only=True):
    """The name now (None in an image), at boot, and in files of older init scripts as they shall be."""

    live: str | None
    boot: str | None
    boot_kind: str | None
    elsewhere: tuple[WriteFile, ...]
    is_image: bool


class Hostname(Resource[HostnameSpec, HostnameState]):
    """The running kernel's name and /etc/hostname; also HOSTNAME in /etc/sysconfig/network where it is set there.

    `/etc/hosts` is left alone: use host_entry for what the name shall resolve to.
    """

    kind, since, spec = "hostname", "0.1", HostnameSpec

    def validate(self, spec: HostnameSpec) -> None:
        """Accept a host's name. Source: hostname(7), RFC 1123 2.1."""
        labels = spec.hostname.split(".")
        if len(spec.hostname) > MAX_CHARACTERS or not all(_LABEL.fullmatch(label) for label in labels):
            raise InvalidError(
                f"hostname: expected at most {MAX_CHARACTERS} letters, digits, `-` and `.`, each part beginning and"
                f" ending with a letter or digit, found {shown(spec.hostname)}"
            )

    def observe(self, spec: HostnameSpec, host: ReadHost) -> HostnameState:
        """Return the name now and at boot."""
        stat = host.stat(_BOOT)
        text = host.read_text(_BOOT) if stat is not None and stat.kind == "file" else None
        return HostnameState(
            live=None if host.is_image() else host.read_text(_LIVE),
            boot=None if text is None else _name_in(text),
            boot_kind=None if stat is None else stat.kind,
            elsewhere=other_settings(host, _ELSEWHERE, spec.hostname, _CHANGES),
            is_image=host.is_image(),
        )

    def plan(self, spec: HostnameSpec, state: HostnameState) -> Iterator[Op]:
        """Yield the boot's files, then the name now."""
        if state.boot_kind not in (None, "file"):
            raise InvalidError(f"hostname: expected a file at {_BOOT} or nothing, found a {state.boot_kind}; remove it")
        if state.boot != spec.hostname:
            yield WriteFile(path=_BOOT, content=f"{spec.hostname}\n".encode(), mode=_MODE, changes=_CHANGES)
        yield from state.elsewhere
        if state.is_image:
            raise BlockedError(
                "hostname: not set in an image (--root), which has no kernel of its own; what the boot sets is written,"
                " the rest is due once the image has been started"
            )
        if state.live is None:
            raise BlockedError(f"hostname: expected {_LIVE} to tell the name now, found none; mount /proc")
        if state.live.rstrip("\n") != spec.hostname:
            yield SetHostname(hostname=spec.hostname)

    def owns(self, spec: HostnameSpec) -> tuple[str, ...]:
        """Return the name, of which a machine has one, and its file."""
        del spec
        return "setting:hostname", f"path:{_BOOT}"


def _name_in(text: str) -> str:
    """Return what the file says, comments left out. Source: hostname(5)."""
    lines = (line.strip() for line in text.split("\n"))
    return next((line for line in lines if line and not line.startswith("#")), "")
