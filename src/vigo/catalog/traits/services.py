"""The trait set `services`."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.traits.service_files import FoundService, openrc_services, systemd_services, sysv_services

_MOST = 500
_RUNNING_INIT = {"/run/systemd/system": "systemd", "/run/openrc": "openrc"}
_INSTALLED_INIT = {
    "/usr/lib/systemd/systemd": "systemd",
    "/lib/systemd/systemd": "systemd",
    "/sbin/openrc": "openrc",
    "/usr/bin/openrc": "openrc",
}
_SCRIPTS = "/etc/init.d"
_READERS: Mapping[str, Callable[[ReadHost], Mapping[str, FoundService]]] = {
    "systemd": systemd_services,
    "openrc": openrc_services,
    "sysv": sysv_services,
}


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One service. What the init system does not tell, or an image cannot know, is none."""

    enabled: Annotated[
        bool | None, field("Whether it starts at boot; none for one that only others start (a static unit).")
    ]
    running: Annotated[bool | None, field("Whether it runs, or did its work and counts as active.")]
    failed: Annotated[bool | None, field("Whether it failed and was not started or reset since.")]
    masked: Annotated[bool, field("Whether systemd is told to start it in no way.")]


class ServicesTraits(TraitSet, frozen=True, kw_only=True):
    """The services of the host's init system.

    Of systemd's units those are told that start at boot or could, that run, that failed or that are masked; a unit
    that only others start is left out while it does not run, and an instance of a template that no link starts
    while it did not fail. What runs may be half an hour old: `systemd_failed` is asked for more often.
    """

    init: Annotated[str, field("Init system that has them: systemd, openrc or sysv; empty without one.")]
    services: Annotated[dict[str, Service], field("Services by name, without `.service`, the first 500.")]
    count: Annotated[int, field("Number of all such services.", example=42)]


@collector("services", every=timedelta(minutes=30), timeout=timedelta(seconds=15))
def collect_services(host: ReadHost) -> ServicesTraits:
    """Report the services. Source: systemd.unit(5), systemctl(1), rc-status(8), the LSB's init scripts.

    Raises:
        UnavailableError: systemctl does not answer, or a file cannot be read.
    """
    places = _INSTALLED_INIT if host.is_image() else _RUNNING_INIT
    init = next((name for path, name in places.items() if host.stat(path) is not None), "")
    if not init and host.list_directory(_SCRIPTS):
        init = "sysv"
    found = _READERS[init](host) if init else {}
    return ServicesTraits(
        init=init,
        services={
            name: Service(enabled=one.enabled, running=one.running, failed=one.failed, masked=one.masked)
            for name, one in sorted(found.items())[:_MOST]
        },
        count=len(found),
    )
