"""The machine that the agent runs on."""

from contextlib import AbstractContextManager
from typing import Any

from vigo.agent.collect import collect_all
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.agent.identity.identity import Identity
from vigo.agent.machine import Authority, Collected, Look, Machine, Marks
from vigo.agent.predicates import predicates
from vigo.catalog.api import ReadHost
from vigo.catalog.ops import Op
from vigo.core.clock import Clock, SystemClock
from vigo.core.templates import Functions
from vigo.core.traits import Traits


class LocalMachine:
    """The machine that the agent runs on, or the file tree of `--root`."""

    def __init__(self, root: str | None, hostname: str, clock: Clock) -> None:
        self._host = RealHost(root)
        self._executors = Executors(self._host)
        self._hostname = hostname
        self._clock = clock

    @property
    def host(self) -> ReadHost:
        """What can be read."""
        return self._host

    def execute(self, op: Op) -> None:
        """Carry one operation out, or raise a VigoError."""
        self._executors.execute(op)

    def look_afresh(self) -> None:
        """Forget what was read before."""
        self._host.look_afresh()

    def one_look(self) -> AbstractContextManager[Look]:
        """Within this, what is at a path is looked at once."""
        return self._host.one_look()

    def has_moved(self, marks: Marks) -> bool:
        """Return whether what was seen by a look is another now, or can no longer be told."""
        return self._host.has_moved(marks)

    def use_authority(self, authority: Authority) -> None:
        """Have certificates of the service CA signed by this."""
        self._host.authority = authority

    def functions(self, traits: Traits) -> Functions:
        """Return the predicates of conditions, bound to this machine."""
        return predicates(self._host, traits)

    def collect(self, previous: dict[str, Any]) -> Collected:
        """Return the traits; what is not due again is taken over from `previous`, the former `cache`."""
        collected = collect_all(self._host, self._clock, previous)
        return collected._replace(traits=_named(collected.traits, self._hostname))


def local_machine(identity: Identity) -> Machine:
    """Return the machine of an identity, for one cycle."""
    return LocalMachine(identity.root, identity.hostname, SystemClock())


def _named(traits: Traits, hostname: str) -> Traits:
    """Return the traits, in which a host without a name of its own (an image) has the one that it is enrolled by."""
    network = traits.get("network")
    if network is None or network.get("hostname"):
        return traits
    return {**traits, "network": {**network, "hostname": hostname, "fqdn": hostname}}
