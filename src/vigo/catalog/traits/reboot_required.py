"""The trait set `reboot_required`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.kernel_releases import is_newer, newest_like

_MARKS = ("reboot-required", "reboot-needed", "ostree/staged-deployment")
"""Debian and Ubuntu make the first, SUSE's package library the second, rpm-ostree the third."""
_PACKAGES = "reboot-required.pkgs"
_RUN, _FORMER_RUN = "/run", "/var/run"
_MODULES = "/lib/modules"
# Files of the kernel's package. depmod's own stay behind when a package is removed.
_OF_PACKAGE = ("modules.builtin", "modules.order")
_CONTAINERS = ("/run/systemd/container", "/.dockerenv", "/run/.containerenv")
_MOST = 100


class RebootRequiredTraits(TraitSet, frozen=True, kw_only=True):
    """Whether the host waits for a reboot. A library that old processes still use is no reason here."""

    required: Annotated[bool, field("Whether one of the reasons holds.")]
    reasons: Annotated[
        tuple[str, ...],
        field("The mark files that are there, and `kernel` for a newer kernel of the running one's flavour."),
    ]
    packages: Annotated[
        tuple[str, ...], field("Packages that ask for it, sorted, at most 100; Debian and Ubuntu alone tell them.")
    ]
    running_kernel: Annotated[str, field("Release of the running kernel; empty in an image.", example="6.1.0-18-amd64")]
    newest_kernel: Annotated[
        str,
        field(
            "Newest installed release of the same flavour; empty where there is none, as in a container or where the"
            " kernel comes from outside.",
            example="6.1.0-21-amd64",
        ),
    ]


@collector("reboot_required", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_reboot_required(host: ReadHost) -> RebootRequiredTraits:
    """Report whether a reboot is due: by the marks that tools leave, and by the installed kernels. Source: depmod(8).

    An image is booted anyway, so it waits for none.
    """
    if host.is_image():
        return RebootRequiredTraits(required=False, reasons=(), packages=(), running_kernel="", newest_kernel="")
    folders = _folders(host)
    paths = [f"{folder}/{mark}" for folder in folders for mark in _MARKS]
    reasons = [path for path in paths if host.stat(path) is not None]
    running = (host.read_text("/proc/sys/kernel/osrelease") or "").strip()
    installed = tuple(_installed_kernels(host)) if running else ()
    newest = newest_like(running, installed)
    # Arch and Alpine take the modules of the running kernel away when they install the next one.
    if newest and (is_newer(newest, running) or running not in installed):
        reasons.append("kernel")
    return RebootRequiredTraits(
        required=bool(reasons),
        reasons=tuple(reasons),
        packages=_packages(host, folders),
        running_kernel=running,
        newest_kernel=newest,
    )


def _folders(host: ReadHost) -> tuple[str, ...]:
    """Return where marks can be; the second place is mostly a link to the first."""
    return (_RUN,) if host.read_link(_FORMER_RUN) is not None else (_RUN, _FORMER_RUN)


def _installed_kernels(host: ReadHost) -> Iterator[str]:
    """Yield the installed releases; a container has none, whatever lies in its folders: its host's kernel runs."""
    if any(host.stat(path) is not None for path in _CONTAINERS):
        return
    for release in host.list_directory(_MODULES) or ():
        if any(host.stat(f"{_MODULES}/{release}/{name}") is not None for name in _OF_PACKAGE):
            yield release


def _packages(host: ReadHost, folders: tuple[str, ...]) -> tuple[str, ...]:
    texts = (host.read_text(f"{folder}/{_PACKAGES}") or "" for folder in folders)
    names = {line.strip() for text in texts for line in text.split("\n")} - {""}
    return tuple(sorted(names)[:_MOST])
