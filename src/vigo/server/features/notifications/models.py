"""Notifications: what is told, to whom, and how far that is."""

from datetime import datetime
from typing import Any, Final, Literal, get_args

import msgspec

ChannelKind = Literal["webhook", "slack", "pagerduty", "loki", "splunk", "email"]
"""A signed webhook of ours, an incoming webhook as Slack has it, Events API v2 as PagerDuty has it, the push API of
Loki, the HTTP event collector of Splunk, SMTP."""

EventKind = Literal[
    "envoy-stale",
    "envoy-back",
    "run-failed",
    "run-recovered",
    "resource-blocked",
    "drift-diverged",
    "envoy-copied",
    "certificate-ending",
    "sign-in-refused",
    "session-started",
    "generation-published",
    "test",
]
EVENTS: Final[tuple[EventKind, ...]] = get_args(EventKind)
Severity = Literal["info", "warning", "error"]
SEVERITIES: Final[dict[EventKind, Severity]] = {
    "envoy-stale": "error",
    "envoy-back": "info",
    "run-failed": "error",
    "run-recovered": "info",
    "resource-blocked": "warning",
    "drift-diverged": "warning",
    "envoy-copied": "error",
    "certificate-ending": "warning",
    "sign-in-refused": "warning",
    "session-started": "info",
    "generation-published": "info",
    "test": "info",
}

State = Literal["waiting", "sent", "dead"]
"""`dead` was tried for about a day and is given up; `vigocli notify retry` tries it again."""


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told, as `notify.yaml` says it. Secrets stand in files of their own, never there."""

    name: str
    type: ChannelKind
    events: tuple[EventKind, ...] = ()
    """Which of them; all where left out."""
    match: tuple[str, ...] = ()
    """Of which machines, as hostnames, globs or `~regex`; all where left out, and what is about no machine always."""
    url: str = ""
    url_file: str = ""
    """A file with the URL, where that is the secret."""
    secret_file: str = ""
    """A file with the key that webhooks are signed with, a token, a routing key, or the password of SMTP."""
    server: str = ""
    """HOST:PORT of SMTP; it has to offer STARTTLS, unless it is this machine."""
    username: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    allow_near: bool = False
    """Also send to this machine itself and to addresses of its link, where clouds have their metadata."""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that people may want to be told of. `about` is what it is the same matter with: one page at a time."""

    event: EventKind
    at: datetime
    text: str
    hostname: str = ""
    about: str = ""
    detail: dict[str, Any] = {}

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return SEVERITIES[self.event]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One happening on its way to one channel."""

    id: str
    channel: str
    happening: Happening
    state: State
    attempts: int
    next_at: datetime | None
    problem: str = ""


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, the newest first."""

    items: tuple[Delivery, ...]
    next_cursor: str | None = None


class ChannelItem(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as it is listed."""

    name: str
    type: ChannelKind
    events: tuple[EventKind, ...]
    match: tuple[str, ...]
    waiting: int
    dead: int


class ChannelList(msgspec.Struct, frozen=True, kw_only=True):
    """All channels, as `notify.yaml` says them."""

    items: tuple[ChannelItem, ...]
    next_cursor: str | None = None


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a channel took a test, and why not."""

    taken: bool
    problem: str = ""
