"""The kind `service`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from vigo.catalog.api import ReadHost, Resource, Revertible, Spec, field
from vigo.catalog.formats.names import check_command, check_unit
from vigo.catalog.ops import Op
from vigo.catalog.resources.services.former_service import (
    ServiceFootprint,
    ServicePast,
    ServiceTrace,
    service_brought_back,
    service_trace,
)
from vigo.catalog.resources.services.image import image_changes, observe_image
from vigo.catalog.resources.services.init_system import ServiceState, Verb, Wanted
from vigo.catalog.resources.services.init_systems import INIT_SYSTEMS, state_of
from vigo.core.errors import BlockedError, InvalidError


class ServiceSpec(Spec, frozen=True, kw_only=True):
    """A service of the init system: whether it runs now, and whether it starts with the machine."""

    service: Annotated[str, field("Name of the service or unit.", example="nginx")]
    enabled: Annotated[bool | None, field("Whether it starts at boot; left alone where left out.", example=True)] = None
    restart_command: Annotated[tuple[str, ...], field("Program and arguments that restart it, no shell.")] = ()
    reload_command: Annotated[tuple[str, ...], field("Program and arguments that reload it, no shell.")] = ()
    state: Annotated[
        Literal["running", "stopped", "restarted", "reloaded"],
        field("The last two act each time and need `when: changed` or `subscribes`; a stopped one is started."),
    ] = "running"


class Service(Resource[ServiceSpec, ServiceState], Revertible[ServiceSpec, ServiceFootprint, ServiceTrace]):
    """systemd by systemctl, OpenRC by rc-service and rc-update, runit by sv, others by service(8) and their boot tools.

    runit runs what is linked in the folder that it looks through: enabled makes or removes that link, and a service
    that shall run needs it. Where it shall run and not start at boot, or has no link but a directory of its own there,
    a file `down` in its directory says so.
    """

    kind, since, spec = "service", "0.1", ServiceSpec
    name_field = "service"
    footprint, trace = ServiceFootprint, ServiceTrace

    def validate(self, spec: ServiceSpec) -> None:
        """Accept a name that is one word, and commands that fit the state."""
        check_unit("service", spec.service)
        for name, state in (("restart_command", "restarted"), ("reload_command", "reloaded")):
            command = getattr(spec, name)
            if not command:
                continue
            check_command(name, command)
            if spec.state != state:
                raise InvalidError(f"{name}: expected state: {state} beside it, found {spec.state}; remove one")

    def observe(self, spec: ServiceSpec, host: ReadHost) -> ServiceState:
        """Return whether the service is known, runs and starts at boot."""
        if host.is_image():
            return observe_image(host, spec.service)
        return state_of(host, spec.service)

    def plan(self, spec: ServiceSpec, state: ServiceState) -> Iterator[Op]:
        """Yield what stops it; what enables or disables it; then what starts, restarts or reloads it."""
        if state.image is not None:
            yield from image_changes(spec.enabled, spec.service, state)
            if spec.state == "stopped":
                return
            raise BlockedError(
                f"service: {spec.service} cannot be {spec.state} in an image (--root): nothing runs there;"
                " what it does at boot is set, the rest is due once the image has been started"
            )
        if not state.known:
            if spec.state == "stopped" and not spec.enabled:
                return
            raise BlockedError(
                f"service: {spec.service} does not exist yet; add the resource that installs it and put it in"
                " depends_on, or correct the name"
            )
        if state.masked and (spec.enabled or spec.state != "stopped"):
            raise BlockedError(
                f"service: {spec.service} is masked: somebody forbade it to start; run `systemctl unmask"
                f" {spec.service}` if it shall"
            )
        if state.ends_by_itself and spec.state == "running" and not state.running:
            raise InvalidError(
                f"state: expected a service that can stay running, found {spec.service} to be Type=oneshot, which does"
                " its work and ends; use state: restarted with `when: changed`, or state: stopped with enabled: true"
            )
        is_due = spec.enabled is not None and state.enabled is not None and spec.enabled != state.enabled
        wanted = _wanted(spec, state, enabled=spec.enabled if is_due else None)
        yield from INIT_SYSTEMS[state.init].changes(spec.service, state, wanted)

    def owns(self, spec: ServiceSpec) -> tuple[str, ...]:
        """Return the unit; a restart or reload owns nothing, since it stands beside what holds the service."""
        if not self.settles(spec):
            return ()
        name = spec.service
        return (f"service:{name.removesuffix('.service')}",)

    def harms(self, spec: ServiceSpec) -> tuple[str, ...]:
        """Return the unit unless it is to run and to start at boot."""
        is_left = spec.state == "running" and spec.enabled is not False
        return () if is_left else (f"service:{spec.service.removesuffix('.service')}",)

    def settles(self, spec: ServiceSpec) -> bool:
        """Return whether the state is one to be in, not one to go through."""
        return spec.state in ("running", "stopped")

    def footprints(self, spec: ServiceSpec) -> Mapping[str, ServiceFootprint]:
        """Return the service, and whether its start at boot is declared; a restart leaves nothing behind."""
        return {
            owned: ServiceFootprint(owns=(owned,), service=spec.service, enabled=spec.enabled is not None)
            for owned in self.owns(spec)
        }

    def look(self, footprint: ServiceFootprint, host: ReadHost, *, keep: bool = False) -> ServiceTrace:
        """Return whether the service runs and starts at boot; in an image, by which symlinks."""
        del keep
        state = self.observe(ServiceSpec(service=footprint.service), host)
        return service_trace(footprint, state, host)

    def undo(self, pasts: Sequence[ServicePast]) -> Iterator[Op]:
        """Yield what stops or starts the service, and what it does at boot as it was before."""
        for past in pasts:
            yield from service_brought_back(past, INIT_SYSTEMS)


def _wanted(spec: ServiceSpec, state: ServiceState, *, enabled: bool | None) -> Wanted:
    verb: Verb = ""
    command: tuple[str, ...] = ()
    if spec.state == "restarted":
        verb, command = "restart", spec.restart_command
    elif spec.state == "reloaded" and state.running:
        verb, command = "reload", spec.reload_command
    elif spec.state == "stopped":
        verb = "stop" if state.running else ""
    elif not state.running:
        verb = "start"
    return Wanted(verb=verb, command=command, enabled=enabled)
