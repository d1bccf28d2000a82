"""Services of init scripts. Source: service(8), update-rc.d(8), chkconfig(8); exit statuses of the LSB."""

from vigo.catalog.api import CommandResult, ReadHost
from vigo.catalog.resources.services.init_system import ByCommands, Init, ServiceState, Verb
from vigo.core.errors import BlockedError, UnavailableError

_LEVELS = ("S", "0", "1", "2", "3", "4", "5", "6")
_BOOT_LEVELS = frozenset({"S", "2", "3", "4", "5"})
_FOLDERS = ("/etc", "/etc/init.d")
"""Where the folders of the runlevels are; the second is SUSE's."""

_BOOT_TOOLS = ("update-rc.d", "chkconfig")
_RUNS = 0
# Dead with a process number or lock left behind, not running, its program not installed, not configured.
_RUNS_NOT = frozenset({1, 2, 3, 5, 6})
_SHOWN_CHARACTERS = 200


class _SysV(ByCommands):
    name: Init = "sysv"

    def runs_on(self, host: ReadHost) -> bool:
        # systemd has units of its own for the scripts, and OpenRC's runlevels are others.
        is_others = host.stat("/run/systemd/system") is not None or host.has_program("rc-service")
        return not is_others and host.has_program("service") and host.stat("/etc/init.d") is not None

    def observe(self, host: ReadHost, service: str) -> ServiceState:
        if host.stat(f"/etc/init.d/{service}") is None:
            return ServiceState(init="sysv", known=False)
        links = tuple(link for level in _LEVELS for link in _links(host, level, service))
        return ServiceState(
            init="sysv",
            known=True,
            running=_runs(service, host.query(("service", service, "status"))),
            enabled=any(link[:1] in _BOOT_LEVELS and link[1:] == "S" for link in links),
            boot_places=links,
            boot_tool=next((tool for tool in _BOOT_TOOLS if host.has_program(tool)), ""),
        )

    def control(self, service: str, verb: Verb) -> tuple[str, ...]:
        return ("service", service, verb)

    def boot(self, service: str, state: ServiceState, *, enable: bool) -> tuple[str, ...]:
        if state.boot_tool == "update-rc.d":
            # `enable` only turns links around that are there already.
            verb = "disable" if not enable else "enable" if state.boot_places else "defaults"
            return ("update-rc.d", service, verb)
        if state.boot_tool == "chkconfig":
            return ("chkconfig", service, "on" if enable else "off")
        raise BlockedError(
            f"enabled: expected update-rc.d or chkconfig to set the boot of {service}, found neither; install one"
        )


SYSV = _SysV()


def _runs(service: str, answer: CommandResult | None) -> bool:
    """Return whether a script says that its service runs.

    Raises:
        BlockedError: the script has no `status`, so that nobody knows.
        UnavailableError: it says that it cannot tell, or cannot be run.
    """
    told = "" if answer is None else f"{answer.stdout}\n{answer.stderr}".strip()
    status = None if answer is None else answer.status
    if status == _RUNS:
        return True
    if "usage:" in told.lower():
        raise BlockedError(
            f"service: expected /etc/init.d/{service} to know `status`, found that it only tells its usage; nobody can"
            " say whether the service runs: add it to the script, or use exec with guards"
        )
    if status not in _RUNS_NOT:
        found = f"status {status}: {told[:_SHOWN_CHARACTERS]}" if answer is not None else "no program service"
        raise UnavailableError(f"service: expected /etc/init.d/{service} to tell its state, found {found}")
    return False


def _links(host: ReadHost, level: str, service: str) -> list[str]:
    """Return the links of a runlevel to the script, as the level with S for a start or K for a stop."""
    folders = (host.list_directory(f"{folder}/rc{level}.d") for folder in _FOLDERS)
    names = next((names for names in folders if names is not None), ())
    return [f"{level}{name[:1]}" for name in names if name[:1] in ("S", "K") and name[3:] == service]
