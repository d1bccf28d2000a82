"""Services of OpenRC. Source: rc-service(8), rc-update(8), openrc-run(8)."""

from collections.abc import Iterator

from vigo.catalog.api import ReadHost
from vigo.catalog.resources.services.init_system import ByCommands, Init, ServiceState, Verb, Wanted

RUNLEVELS = "/etc/runlevels"

_BOOTED = "/run/openrc/softlevel"
_STARTED, _STARTING, _INACTIVE = 0, 8, 16
# An inactive service was started and waits for something, say a network; starting it again is refused.
_RUNNING = frozenset({_STARTED, _STARTING, _INACTIVE})
_CRASHED = frozenset({32, 64})


class _OpenRc(ByCommands):
    name: Init = "openrc"

    def runs_on(self, host: ReadHost) -> bool:
        # rc-service refuses to work without this file, as in a container that OpenRC did not boot.
        return host.has_program("rc-service") and host.has_program("rc-update") and host.stat(_BOOTED) is not None

    def observe(self, host: ReadHost, service: str) -> ServiceState:
        if host.stat(f"/etc/init.d/{service}") is None:
            return ServiceState(init="openrc", known=False)
        answer = host.query(("rc-service", "--", service, "status"))
        status = None if answer is None else answer.status
        levels = host.list_directory(RUNLEVELS) or ()
        places = tuple(level for level in levels if host.stat(f"{RUNLEVELS}/{level}/{service}") is not None)
        return ServiceState(
            init="openrc",
            known=True,
            running=status in _RUNNING,
            crashed=status in _CRASHED,
            enabled=bool(places),
            boot_places=places,
        )

    def control(self, service: str, verb: Verb) -> tuple[str, ...]:
        return ("rc-service", "--", service, verb)

    def boot(self, service: str, state: ServiceState, *, enable: bool) -> tuple[str, ...]:
        if enable:
            return ("rc-update", "add", service, "default")
        # With --all it ends with 1 for each runlevel that the service is not in.
        return ("rc-update", "del", service, *state.boot_places)

    def before_start(self, service: str, state: ServiceState, wanted: Wanted) -> Iterator[tuple[str, ...]]:
        if state.crashed and wanted.verb in ("start", "restart"):
            # Counted as started it would not be started, and stopping it fails.
            yield ("rc-service", "--", service, "zap")


OPENRC = _OpenRc()
