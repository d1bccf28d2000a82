"""Services of init scripts. Source: service(8), update-rc.d(8), chkconfig(8); exit statuses of the LSB."""

from vigo.catalog.api import ReadHost
from vigo.catalog.resources.services.init_system import Init, ServiceState
from vigo.core.errors import BlockedError

_BOOT_LEVELS = ("2", "3", "4", "5")
_BOOT_TOOLS = ("update-rc.d", "chkconfig")


class _SysV:
    name: Init = "sysv"

    def runs_on(self, host: ReadHost) -> bool:
        return host.has_program("service") and host.stat("/etc/init.d") is not None

    def observe(self, host: ReadHost, service: str) -> ServiceState:
        if host.stat(f"/etc/init.d/{service}") is None:
            return ServiceState(init="sysv", known=False)
        answer = host.query(("service", service, "status"))
        return ServiceState(
            init="sysv",
            known=True,
            running=answer is not None and answer.status == 0,
            enabled=any(_starts_in(host, level, service) for level in _BOOT_LEVELS),
            boot_tool=next((tool for tool in _BOOT_TOOLS if host.has_program(tool)), ""),
        )

    def control(self, service: str, verb: str) -> tuple[str, ...]:
        return ("service", service, verb)

    def boot(self, service: str, state: ServiceState, *, enable: bool) -> tuple[str, ...]:
        if state.boot_tool == "update-rc.d":
            return ("update-rc.d", service, "enable" if enable else "disable")
        if state.boot_tool == "chkconfig":
            return ("chkconfig", service, "on" if enable else "off")
        raise BlockedError(
            f"enabled: expected update-rc.d or chkconfig to set the boot of {service}, found neither; install one"
        )


SYSV = _SysV()


def _starts_in(host: ReadHost, level: str, service: str) -> bool:
    names = host.list_directory(f"/etc/rc{level}.d") or ()
    return any(name[:1] == "S" and name[3:] == service for name in names)
