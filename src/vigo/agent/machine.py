"""The machine as a cycle sees it: reading, changing, its traits and its predicates."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

from vigo.catalog.api import ReadHost
from vigo.catalog.ops import Op
from vigo.core.templates import Functions
from vigo.core.traits import Traits


class Machine(Protocol):
    """One machine for the length of one cycle: what it was asked once is not asked again."""

    @property
    def host(self) -> ReadHost:
        """What can be read."""
        ...

    def execute(self, op: Op) -> None:
        """Carry one operation out, or raise a VigoError."""
        ...

    def functions(self, traits: Traits) -> Functions:
        """Return the predicates of conditions, bound to this machine."""
        ...

    def collect(self, previous: dict[str, Any]) -> "Collected":
        """Return the traits; what is not due again is taken over from `previous`, the former `cache`."""
        ...


class Collected(NamedTuple):
    """The traits, what to hand in as `previous` next time, and by name why a set is missing."""

    traits: Traits
    cache: dict[str, Any]
    failures: dict[str, str]


def protected_folders(state_dir: Path, root: str | None) -> tuple[str, ...]:
    """Return the state folder as a path on the host; none where the host's root does not contain it."""
    real, base = state_dir.resolve(), Path(root or "/").resolve()
    return (f"/{real.relative_to(base)}",) if real.is_relative_to(base) else ()
