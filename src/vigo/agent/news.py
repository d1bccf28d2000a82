"""What a repair between two cycles tells that the runs before it did not."""

from collections.abc import Mapping

import msgspec

from vigo.core.ids import ResourceId
from vigo.core.run import Outcome, ResourceResult, Run


def remarked(result: ResourceResult, remarks: Mapping[ResourceId, str]) -> ResourceResult:
    """Return a result with what is to be remarked on its resource before its reason."""
    remark = remarks.get(result.id)
    if remark is None:
        return result
    return msgspec.structs.replace(result, reason="; ".join(filter(None, (remark, result.reason))))


def is_news(run: Run, before: Mapping[ResourceId, Outcome], remarks: Mapping[ResourceId, str]) -> bool:
    """Return whether a partial run tells what the runs before it did not."""
    return any(
        one.outcome == "changed" or one.outcome != _as_left(before.get(one.id)) or one.id in remarks
        for one in run.results
    )


def _as_left(outcome: Outcome | None) -> Outcome | None:
    """Return how a resource that had an outcome is told of when nothing happened since."""
    return "unchanged" if outcome == "changed" else outcome
