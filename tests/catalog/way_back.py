"""Undoing what a resource did, as the engine does it, without the engine."""

from typing import Any

from vigo.agent.engine.traces import is_back, strange
from vigo.catalog.api import Past, ReadHost, Resource, Revertible, Spec, Trace
from vigo.catalog.ops import Op
from vigo.core.errors import BlockedError


class WayBack:
    """Made before a resource changes anything; `done` is said once it did."""

    def __init__(self, kind: Resource[Any, Any] | Revertible[Any, Any, Any], spec: Spec, host: ReadHost) -> None:
        assert isinstance(kind, Revertible)
        self._kind: Revertible[Any, Any, Any] = kind
        self._host = host
        declared = kind.footprints(spec)
        self._before: dict[str, Trace] = {name: kind.look(one, host, keep=True) for name, one in declared.items()}
        self._footprints = {name: one.after(self._before[name]) for name, one in declared.items()}
        self._made: dict[str, Trace] = {}

    def done(self) -> None:
        """Note what was made."""
        self._made = {name: trace.kept() for name, trace in self._now().items()}

    def changed_since(self) -> dict[str, tuple[str, ...]]:
        """Return what is neither as it was nor as it was made, by thing."""
        found = {name: strange(now, self._before[name], self._made[name]) for name, now in self._now().items()}
        return {name: words for name, words in found.items() if words}

    def back(self) -> tuple[list[Op], str | None]:
        """Return the operations that undo it, and why that is not all."""
        pasts = [
            Past(self._footprints[name], self._before[name], now)
            for name, now in self._now().items()
            if not is_back(self._before[name], now)
        ]
        unkept = [past.before.unkept for past in pasts if past.before.unkept is not None]
        if unkept:
            return [], unkept[0]
        ops: list[Op] = []
        try:
            for op in self._kind.undo(pasts):
                ops.append(op)  # noqa: PERF402 - what came before an error counts
        except BlockedError as error:
            return ops, str(error)
        return ops, None

    def is_back(self) -> bool:
        """Return whether all is as it was."""
        return all(is_back(self._before[name], now) for name, now in self._now().items())

    def _now(self) -> dict[str, Any]:
        return {name: self._kind.look(footprint, self._host) for name, footprint in self._footprints.items()}
