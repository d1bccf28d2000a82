"""Services of OpenRC. Source: rc-service(8), rc-update(8)."""

from vigo.catalog.api import ReadHost
from vigo.catalog.resources.services.init_system import Init, ServiceState

RUNLEVELS = "/etc/runlevels"


class _OpenRc:
    name: Init = "openrc"

    def runs_on(self, host: ReadHost) -> bool:
        return host.has_program("rc-service") and host.has_program("rc-update")

    def observe(self, host: ReadHost, service: str) -> ServiceState:
        if host.stat(f"/etc/init.d/{service}") is None:
            return ServiceState(init="openrc", known=False)
        answer = host.query(("rc-service", "--", service, "status"))
        levels = host.list_directory(RUNLEVELS) or ()
        enabled = any(host.stat(f"{RUNLEVELS}/{level}/{service}") is not None for level in levels)
        return ServiceState(
            init="openrc", known=True, running=answer is not None and answer.status == 0, enabled=enabled
        )

    def control(self, service: str, verb: str) -> tuple[str, ...]:
        return ("rc-service", "--", service, verb)

    def boot(self, service: str, state: ServiceState, *, enable: bool) -> tuple[str, ...]:
        del state
        # Without a runlevel `del` would only look at the present one.
        return ("rc-update", "add", service, "default") if enable else ("rc-update", "--all", "del", service)


OPENRC = _OpenRc()
