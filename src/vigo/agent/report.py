"""What one cycle came to, for the command line, the daemon and the log."""

import msgspec

from vigo.agent.conversation import Spoken
from vigo.agent.held_policy import HeldPolicy, NoPolicy
from vigo.core.run import ResourceResult, Run

_SCRIPT_FIELDS = ("id", "type", "outcome", "changed", "ops", "diff", "reason", "duration_ms")


class CycleReport(msgspec.Struct, frozen=True, kw_only=True):
    """The run, if one took place, and how the conversation with the server went.

    `message` is for people and empty where all went as it should. `is_problem` says that something other than a
    resource failed: no server and no policy, a bundle that is not accepted, an envoy that was revoked.
    """

    run: Run | None = None
    offline: bool = False
    delivered: bool = False
    refused: bool = False
    dry_run: bool = False
    is_problem: bool = False
    waiting_runs: int = 0
    message: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether an exit status has to tell of a failure."""
        return self.is_problem or (self.run is not None and self.run.counts()["failed"] > 0)

    def as_json(self) -> dict[str, object]:
        """Return the object that `--json` prints."""
        run = self.run
        return {
            "run_id": None if run is None else run.id,
            "generation": None if run is None else run.generation,
            "bundle_digest": None if run is None else run.bundle_digest,
            "started_at": None if run is None else run.started_at,
            "duration_ms": None if run is None else run.duration_ms,
            "counts": {} if run is None else run.counts(),
            "results": [] if run is None else [_result(result) for result in run.results],
            "offline": self.offline,
            "delivered": self.delivered,
            "waiting_runs": self.waiting_runs,
            "refused": self.refused,
            "dry_run": self.dry_run,
            "message": self.message,
        }


def _result(result: ResourceResult) -> dict[str, object]:
    return {name: getattr(result, name) for name in _SCRIPT_FIELDS}


def message_of(policy: HeldPolicy | NoPolicy, spoken: Spoken) -> str:
    """Return what is to be told of a cycle beside its run, or an empty text."""
    parts = [policy.reason] if isinstance(policy, NoPolicy) else []
    if spoken.reached:
        parts += [spoken.problem] if spoken.problem else []
    elif isinstance(policy, HeldPolicy):
        generation = policy.held.bundle.generation
        parts.append(
            f"without the server ({spoken.problem}) the policy of generation {generation} held here is applied"
        )
    else:
        parts.append(f"the server does not answer ({spoken.problem})")
    return "; ".join(parts)
