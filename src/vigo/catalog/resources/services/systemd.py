"""Services of systemd. Source: systemctl(1)."""

from collections.abc import Iterator, Mapping, Sequence

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.unit_properties import SUFFIXES, parse_units, unit_question
from vigo.catalog.resources.services.init_system import ByCommands, Init, ServiceState, Verb, Wanted
from vigo.core.errors import UnavailableError

DAEMON_RELOAD = ("systemctl", "daemon-reload")

_RUNNING = frozenset({"active", "activating", "reloading", "refreshing"})
# A linked unit is known by a symlink to its file elsewhere, which starts nothing.
_BOOT = {"enabled": True, "enabled-runtime": True, "alias": True, "linked": False, "disabled": False}


class _Systemd(ByCommands):
    name: Init = "systemd"

    def runs_on(self, host: ReadHost) -> bool:
        # sd_booted(3): this directory is there when, and only when, systemd is the init system.
        return host.stat("/run/systemd/system") is not None and host.has_program("systemctl")

    def observe(self, host: ReadHost, service: str) -> ServiceState:
        unit = unit_name(service)
        units = shown_units(host, unit, "service")
        return service_state(host, unit, units[0] if units else {})

    def control(self, service: str, verb: Verb) -> tuple[str, ...]:
        return ("systemctl", verb, "--", unit_name(service))

    def boot(self, service: str, state: ServiceState, *, enable: bool) -> tuple[str, ...]:
        del state
        return ("systemctl", "enable" if enable else "disable", "--", unit_name(service))

    def before_start(self, service: str, state: ServiceState, wanted: Wanted) -> Iterator[tuple[str, ...]]:
        del service, wanted
        if state.stale:
            yield DAEMON_RELOAD


SYSTEMD = _Systemd()


def shown_units(host: ReadHost, unit: str, field: str) -> Sequence[Mapping[str, str]]:
    """Return the properties of a unit, or those of the loaded instances of a template.

    Raises:
        UnavailableError: systemctl does not tell, with what it says; it begins with the field that names the unit.
    """
    answer = host.query(unit_question(unit))
    if answer is None or answer.status != 0:
        reason = "no such program" if answer is None else answer.stderr.strip() or f"status {answer.status}"
        raise UnavailableError(f"{field}: expected systemctl to tell the state of {unit}, found: {reason}")
    return parse_units(answer.stdout)


def service_state(host: ReadHost, unit: str, found: Mapping[str, str]) -> ServiceState:
    """Return how a unit is, from its properties."""
    boot = found.get("UnitFileState", "")
    load = found.get("LoadState", "not-found")
    return ServiceState(
        init="systemd",
        known=load != "not-found",
        # Between two attempts of a service that fails at once, nothing runs.
        running=found.get("ActiveState", "inactive") in _RUNNING and found.get("SubState") != "auto-restart",
        enabled=_script_enabled(host, unit) if boot == "generated" else _BOOT.get(boot),
        masked=load == "masked",
        stale=found.get("NeedDaemonReload") == "yes",
        ends_by_itself=found.get("Type") == "oneshot" and found.get("RemainAfterExit") == "no",
    )


def unit_name(service: str) -> str:
    """Return the unit of a service: its name, `.service` added where no sort of unit is named."""
    return service if service.endswith(SUFFIXES) else f"{service}.service"


def _script_enabled(host: ReadHost, unit: str) -> bool | None:
    """Return the boot state of an init script, whose unit systemd makes itself: `show` does not tell it."""
    answer = host.query(("systemctl", "is-enabled", "--", unit))
    return None if answer is None else _BOOT.get(answer.stdout.strip())
