"""The machine as a cycle sees it: reading, changing, its traits and its predicates."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import vigo
from vigo.catalog.api import ReadHost
from vigo.catalog.ops import Op
from vigo.catalog.protected import FILES
from vigo.core.templates import Functions
from vigo.core.traits import Traits

Marks = tuple[tuple[str, bool, bytes], ...]
"""What a look saw: paths, whether symlinks are followed at their end, and what tells one state of each from another.

They tell of every change. The marks of `vigo.agent.engine.standing` tell of those that an event is about, so what comes
and goes in a folder is not among them.
"""


Authority = Callable[[str, int], str]
"""Has the server's service CA sign a request (PEM) for so many days; returns the certificate and that of the CA."""


class Look(Protocol):
    """One look at a resource."""

    def marks(self) -> Marks | None:
        """Return the marks of all that was seen; None where they would not tell of every change."""
        ...


class Machine(Protocol):
    """One machine for the length of one cycle: what it was asked once is not asked again."""

    @property
    def host(self) -> ReadHost:
        """What can be read."""
        ...

    def execute(self, op: Op) -> None:
        """Carry one operation out, or raise a VigoError."""
        ...

    def look_afresh(self) -> None:
        """Forget what was read before: what is tried again may find another machine."""
        ...

    def one_look(self) -> AbstractContextManager[Look]:
        """Within this, what is at a path is looked at once."""
        ...

    def has_moved(self, marks: Marks) -> bool:
        """Return whether what was seen by a look is another now, or can no longer be told."""
        ...

    def use_authority(self, authority: Authority) -> None:
        """Have certificates of the service CA signed by this."""
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
    """Return what no operation may touch, as paths on the host: the state folder where the host's root contains it.

    On the machine itself that are also the programs of this agent and what starts them. An image may be given those.
    """
    real, base = state_dir.resolve(), Path(root or "/").resolve()
    folders = (f"/{real.relative_to(base)}",) if real.is_relative_to(base) else ()
    return folders if base != Path("/") else (*folders, _installation(), *FILES)


def _installation() -> str:
    """Return the folder of this agent's programs: its virtual environment, else its package."""
    return sys.prefix if sys.prefix != sys.base_prefix else str(Path(vigo.__file__).resolve().parent)
