"""Asking envoys to check in now."""

from typing import Literal

import msgspec

from vigo.core.ids import EnvoyId
from vigo.core.target import Target

PushState = Literal["told", "not-connected"]


class NewPush(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to ask. Each checks in at a moment of its own within `within_seconds`; left out it grows with their number.

    With `dry_run` nobody is asked, and it is told who would be.
    """

    target: Target
    within_seconds: float | None = None
    dry_run: bool = False


class PushedEnvoy(msgspec.Struct, frozen=True, kw_only=True):
    """One envoy that is meant. One that is not connected checks in at its interval."""

    id: EnvoyId
    hostname: str
    state: PushState


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """Who was asked, by hostname."""

    items: tuple[PushedEnvoy, ...]
    within_seconds: float
