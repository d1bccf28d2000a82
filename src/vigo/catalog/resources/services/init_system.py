"""What the kind `service` needs from an init system."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal, Protocol

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.ops import Op, Run

Init = Literal["systemd", "openrc", "runit", "sysv"]
Verb = Literal["", "start", "stop", "restart", "reload"]

TOUCHES = ("services",)


class ImageUnit(msgspec.Struct, frozen=True):
    """A service in an image: the symlinks that enable it, as path to target, and those of them that are there."""

    links: tuple[tuple[str, str], ...] = ()
    present: tuple[str, ...] = ()
    missing_directories: tuple[str, ...] = ()


class Supervision(msgspec.Struct, frozen=True, kw_only=True):
    """A service of runit: the `entry` that runsvdir(8) looks for, and the directory that defines the service.

    `is_down` says that a file `down` keeps it from being started by itself.
    """

    entry: str
    definition: str
    is_linked: bool
    is_link: bool = False
    is_down: bool = False
    is_supervised: bool = False


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """A service as its init system knows it. `enabled` is None where it has no say (a static unit).

    `stale` says that systemd still goes by a unit file that was changed since; `ends_by_itself`, that the service does
    its work and is then no longer running; `crashed`, that OpenRC counts it as started though its process is gone.
    `boot_places` are the runlevels of OpenRC that it is in, or the links of an init script.
    """

    init: Init
    known: bool
    running: bool = False
    enabled: bool | None = None
    masked: bool = False
    stale: bool = False
    ends_by_itself: bool = False
    crashed: bool = False
    boot_places: tuple[str, ...] = ()
    boot_tool: str = ""
    supervision: Supervision | None = None
    image: ImageUnit | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done to a service: a verb, or an operator's command in its place, and the start at boot.

    `enabled` of None leaves the boot alone. `is_linked` is runit's: whether a service that is not enabled keeps its
    link.
    """

    verb: Verb = ""
    command: tuple[str, ...] = ()
    enabled: bool | None = None
    is_linked: bool = False

    @property
    def starts(self) -> bool:
        """Whether it starts, restarts or reloads the service."""
        return self.verb not in ("", "stop")


class InitSystem(Protocol):
    """One init system: observing a service and changing it."""

    name: Init

    def runs_on(self, host: ReadHost) -> bool:
        """Return whether this init system runs services on this host."""
        ...

    def observe(self, host: ReadHost, service: str) -> ServiceState:
        """Return how the service is."""
        ...

    def changes(self, service: str, state: ServiceState, wanted: Wanted) -> Iterator[Op]:
        """Yield what stops it; what it does at boot; then what starts, restarts or reloads it."""
        ...


class ByCommands(ABC):
    """An init system that has a command for each thing to do."""

    def changes(self, service: str, state: ServiceState, wanted: Wanted) -> Iterator[Op]:
        """Yield the commands."""
        if wanted.verb == "stop":
            # Disabling takes an alias away (Debian's `sshd`), by which the service could no longer be stopped.
            yield Run(argv=self.control(service, "stop"), touches=TOUCHES)
        if wanted.enabled is not None:
            yield Run(argv=self.boot(service, state, enable=wanted.enabled), touches=TOUCHES, changes=("enabled",))
        if wanted.starts:
            for argv in self.before_start(service, state, wanted):
                yield Run(argv=argv, touches=TOUCHES)
            yield Run(argv=wanted.command or self.control(service, wanted.verb), touches=TOUCHES)

    @abstractmethod
    def control(self, service: str, verb: Verb) -> tuple[str, ...]:
        """Return the command for a verb."""

    @abstractmethod
    def boot(self, service: str, state: ServiceState, *, enable: bool) -> tuple[str, ...]:
        """Return the command that makes the service start at boot, or not."""

    def before_start(self, service: str, state: ServiceState, wanted: Wanted) -> Iterator[tuple[str, ...]]:
        """Yield the commands that have to come before it is started."""
        del service, state, wanted
        yield from ()
