"""What each kind of channel is sent, as a request: pure, so that a test compares it with its specification."""

import hashlib
import hmac
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from vigo.server.features.notifications.models import Channel, ChannelKind, Happening

_PAGERDUTY: Final = "https://events.pagerduty.com/v2/enqueue"
_RESOLVES: Final = frozenset({"envoy-back", "run-recovered"})


class Shaped(NamedTuple):
    """A request to be sent."""

    url: str
    headers: dict[str, str]
    body: bytes


def shaped(channel: Channel, url: str, secret: str, delivery: str, happening: Happening, now: datetime) -> Shaped:
    """Return what is sent of a happening.

    Source: Slack incoming webhooks; PagerDuty Events API v2; Grafana Loki's `/loki/api/v1/push`; Splunk HTTP event
    collector; the signature of webhooks is described in docs/operating.md.
    """
    kind: ChannelKind = channel.type
    if kind == "slack":
        return _json(url, {"text": line_of(happening)})
    if kind == "pagerduty":
        return _json(url or _PAGERDUTY, _pagerduty(secret, happening))
    if kind == "loki":
        nanoseconds = str(int(happening.at.timestamp() * 1e9))
        labels = {"job": "vigo", "event": happening.event, "severity": happening.severity}
        line = msgspec.json.encode(_plain(delivery, happening)).decode()
        authorization = {"Authorization": f"Bearer {secret}"} if secret else {}
        return _json(url, {"streams": [{"stream": labels, "values": [[nanoseconds, line]]}]}, authorization)
    if kind == "splunk":
        event = {"time": happening.at.timestamp(), "sourcetype": "vigo", "event": _plain(delivery, happening)}
        return _json(url, event, {"Authorization": f"Splunk {secret}"})
    body = msgspec.json.encode(_plain(delivery, happening))
    stamp = int(now.timestamp())
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    signed = {
        "Vigo-Event": happening.event,
        "Vigo-Delivery": delivery,
        "Vigo-Signature": f"t={stamp},v1={signature}",
        "Content-Type": "application/json",
    }
    return Shaped(url, signed, body)


def line_of(happening: Happening) -> str:
    """Return a happening as one line for people."""
    where = f"{happening.hostname}: " if happening.hostname else ""
    return f"[{happening.severity}] {where}{happening.text}"


def _pagerduty(routing_key: str, happening: Happening) -> dict[str, Any]:
    resolves = happening.event in _RESOLVES
    found: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "resolve" if resolves else "trigger",
        "dedup_key": f"vigo {happening.about or happening.event} {happening.hostname}".strip(),
    }
    if not resolves:
        found["payload"] = {
            "summary": line_of(happening)[:1024],
            "source": happening.hostname or "vigosrv",
            "severity": happening.severity,
            "timestamp": happening.at.isoformat(),
            "custom_details": happening.detail,
        }
    return found


def _plain(delivery: str, happening: Happening) -> dict[str, Any]:
    found = msgspec.to_builtins(happening)
    return {"id": delivery, "severity": happening.severity, **found}


def _json(url: str, content: Any, headers: dict[str, str] | None = None) -> Shaped:
    return Shaped(url, {"Content-Type": "application/json", **(headers or {})}, msgspec.json.encode(content))
