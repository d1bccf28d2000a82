"""Noticing what people may want to be told of: what changed about envoys, and what stands in the audit trail."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from vigo.core.ids import EnvoyId
from vigo.server.features.envoys.models import Axes, EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.notifications.models import EventKind, Happening

_ENDING: Final = timedelta(days=7)
_OF_ACTS: Final[Mapping[str, EventKind]] = {
    "session.refused": "sign-in-refused",
    "scriers.open": "session-started",
    "generation.publish": "generation-published",
    "generation.rollback": "generation-published",
    "envoy.copied": "envoy-copied",
}


class _Seen(NamedTuple):
    """How an envoy was when it was last looked at."""

    is_stale: bool
    has_failed: bool
    is_blocked: bool
    has_diverged: bool
    is_ending: bool


class Noticing:
    """Compares envoys with how they were. What it finds at its first look is how things are, and no news."""

    def __init__(self, envoys: EnvoyService) -> None:
        self._envoys = envoys
        self._seen: dict[EnvoyId, _Seen] | None = None

    def forget(self) -> None:
        """Take what is found next for how things are."""
        self._seen = None

    def look(self, now: datetime) -> Sequence[Happening]:
        """Return what happened since the last look."""
        present = {
            record.id: (record, self._of(record, axes, now))
            for record, axes in self._envoys.fleet.everyone()
            if record.is_active
        }
        former, self._seen = self._seen, {envoy: seen for envoy, (_, seen) in present.items()}
        if former is None:
            return ()
        nothing = _Seen(False, False, False, False, False)  # noqa: FBT003 - one of each
        return [
            happening
            for envoy, (record, seen) in present.items()
            if seen != (before := former.get(envoy, nothing))
            for happening in _news(record.hostname, before, seen, now)
        ]

    def _of(self, record: EnvoyRecord, axes: Axes, now: datetime) -> _Seen:
        latest = self._envoys.overview.latest(record)
        lifetime = record.certificate_not_after - record.enrolled_at
        return _Seen(
            axes.reachability == "stale",
            axes.convergence == "failed",
            latest is not None and latest.counts["blocked"] > 0,
            axes.drift == "diverged",
            record.certificate_not_after - now < min(_ENDING, lifetime / 4),
        )


def _news(hostname: str, before: _Seen, seen: _Seen, now: datetime) -> Iterator[Happening]:
    def told(event: EventKind, about: str, text: str) -> Happening:
        return Happening(event=event, at=now, hostname=hostname, about=about, text=text)

    if seen.is_stale and not before.is_stale:
        yield told("envoy-stale", "reachability", "it does not call any more")
    elif before.is_stale and not seen.is_stale:
        yield told("envoy-back", "reachability", "it calls again")
    if seen.has_failed and not before.has_failed:
        yield told("run-failed", "convergence", "resources failed in its last run")
    elif before.has_failed and not seen.has_failed:
        yield told("run-recovered", "convergence", "no resource fails any more")
    if seen.is_blocked and not before.is_blocked:
        yield told("resource-blocked", "blocked", "resources are blocked")
    if seen.has_diverged and not before.has_diverged:
        yield told("drift-diverged", "drift", "something changes again and again what is declared")
    if seen.is_ending and not before.is_ending:
        yield told("certificate-ending", "certificate", "its certificate ends soon, and it has not renewed it")


def of_act(row: Mapping[str, Any]) -> Happening | None:
    """Return what an act in the audit trail is to people, None for most."""
    event = _OF_ACTS.get(row["action"])
    if event is None:
        return None
    detail = msgspec.json.decode(row["detail"])
    hostname = str(detail.get("hostname", "")) if isinstance(detail, dict) else ""
    texts: dict[EventKind, str] = {
        "sign-in-refused": f"a sign-in as {row['subject']} from {row['source'] or 'somewhere'} was refused",
        "session-started": f"{row['actor']} opened a session",
        "generation-published": f"{row['actor']} published generation {row['subject']}",
        "envoy-copied": "its identity was used by two machines",
    }
    return Happening(event=event, at=row["at"], hostname=hostname, about=str(event), text=texts[event], detail=detail)
