"""What the kind `service` needs from an init system."""

from typing import Literal, Protocol

import msgspec

from vigo.catalog.api import ReadHost

Init = Literal["systemd", "openrc", "sysv"]


class ImageUnit(msgspec.Struct, frozen=True):
    """A service in an image: the symlinks that enable it, as path to target, and those of them that are there."""

    links: tuple[tuple[str, str], ...] = ()
    present: tuple[str, ...] = ()
    missing_directories: tuple[str, ...] = ()


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """A service as its init system knows it. `enabled` is None where it has no say (a static unit).

    `stale` says that systemd still goes by a unit file that was changed since; `ends_by_itself`, that the service does
    its work and is then no longer running.
    """

    init: Init
    known: bool
    running: bool = False
    enabled: bool | None = None
    masked: bool = False
    stale: bool = False
    ends_by_itself: bool = False
    boot_tool: str = ""
    image: ImageUnit | None = None


class InitSystem(Protocol):
    """One init system: observing a service and the commands that change it."""

    name: Init

    def runs_on(self, host: ReadHost) -> bool:
        """Return whether this init system runs this host."""
        ...

    def observe(self, host: ReadHost, service: str) -> ServiceState:
        """Return how the service is."""
        ...

    def control(self, service: str, verb: str) -> tuple[str, ...]:
        """Return the command for `start`, `stop`, `restart` or `reload`."""
        ...

    def boot(self, service: str, state: ServiceState, *, enable: bool) -> tuple[str, ...]:
        """Return the command that makes the service start at boot, or not."""
        ...
