"""What a run may tell in all: a server takes messages up to a limit, and one over it would be lost as a whole."""

import msgspec

from vigo.agent.engine.attempt import bounded
from vigo.core.run import ResourceResult

MAX_CHARACTERS = 4_000_000
"""In all texts of a run. In UTF-8 that stays below the 16 MiB that a server takes unless it is told otherwise."""

_SHORT_REASON = 200


def fitting_results(results: tuple[ResourceResult, ...]) -> tuple[ResourceResult, ...]:
    """Return the results, with little more than their outcomes where all texts together are too long."""
    if sum(map(_characters, results)) <= MAX_CHARACTERS:
        return results
    return tuple(
        msgspec.structs.replace(one, ops=(), diff="", reason=bounded(one.reason, _SHORT_REASON)) for one in results
    )


def _characters(result: ResourceResult) -> int:
    return len(result.reason) + len(result.diff) + sum(map(len, result.ops))
