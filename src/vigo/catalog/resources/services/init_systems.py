"""The init systems that there are, and which of them has a service."""

from collections.abc import Mapping

from vigo.catalog.api import ReadHost
from vigo.catalog.resources.services.init_system import InitSystem, ServiceState
from vigo.catalog.resources.services.openrc import OPENRC
from vigo.catalog.resources.services.runit import RUNIT
from vigo.catalog.resources.services.systemd import SYSTEMD
from vigo.catalog.resources.services.sysv import SYSV
from vigo.core.errors import BlockedError

INIT_SYSTEMS: Mapping[str, InitSystem] = {system.name: system for system in (SYSTEMD, OPENRC, RUNIT, SYSV)}


def state_of(host: ReadHost, service: str) -> ServiceState:
    """Return how a service is, by the first init system that has it: runit may run beside another one.

    Raises:
        BlockedError: none runs.
        UnavailableError: one does not tell.
    """
    first = None
    for system in INIT_SYSTEMS.values():
        if system.runs_on(host):
            state = system.observe(host, service)
            if state.known:
                return state
            first = first or state
    if first is None:
        raise BlockedError(
            "expected systemd, OpenRC, runit or service(8) to manage services, found none that runs; this machine has"
            " no services to manage"
        )
    return first
