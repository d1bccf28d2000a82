"""Machines that ask to be let in without a token."""

from datetime import datetime
from typing import Literal

import msgspec

from vigo.core.enrolment import key_fingerprint
from vigo.core.ids import EnvoyId
from vigo.core.labels import Labels

State = Literal["waiting", "approved", "denied"]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that asked, and what was decided. `envoy` is set once it has come in."""

    signing_key: bytes
    hostname: str
    source: str
    asked_at: datetime
    expires_at: datetime
    state: State = "waiting"
    decided_by: str = ""
    labels: Labels = {}
    envoy: EnvoyId | None = None

    @property
    def fingerprint(self) -> str:
        """How people tell its key from others; `vigo enroll` prints the same on the machine."""
        return key_fingerprint(self.signing_key)


class WaitingItem(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that asked, as it is listed. `takes_place_of` is an active envoy that has this hostname."""

    fingerprint: str
    hostname: str
    source: str
    asked_at: datetime
    expires_at: datetime
    state: State
    decided_by: str
    labels: Labels
    takes_place_of: EnvoyId | None


class WaitingList(msgspec.Struct, frozen=True, kw_only=True):
    """All that wait or were decided on lately, those that asked first before the others."""

    items: tuple[WaitingItem, ...]
    next_cursor: str | None = None


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said with an approval."""

    labels: Labels = {}
