"""Sessions on machines, as people ask for them and see them."""

from datetime import datetime
from typing import Literal

import msgspec

from vigo.core.ids import EnvoyId, ScrierId
from vigo.core.scrier import ScrierKind

ScrierState = Literal["opening", "open", "ended"]


class NewScrier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for: a shell on an envoy, or a connection to one of its ports. `envoy` is a hostname or a UUID."""

    envoy: str
    kind: ScrierKind = "shell"
    port: int = 0
    terminal: str = "xterm-256color"
    columns: int = 80
    rows: int = 24
    dry_run: bool = False
    """Only look whether it would be opened."""


class CreatedScrier(msgspec.Struct, frozen=True, kw_only=True):
    """A scrier that is being opened; after a dry run it has no id. `notice` is to be shown to the operator first."""

    id: ScrierId | None
    hostname: str
    user: str
    notice: str


class ScrierItem(msgspec.Struct, frozen=True, kw_only=True):
    """A scrier as it is listed. `exit_code` and `reason` say how it ended."""

    id: ScrierId
    envoy: EnvoyId
    hostname: str
    kind: ScrierKind
    user: str
    port: int
    operator: str
    state: ScrierState
    opened_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    reason: str = ""
    input_bytes: int = 0
    output_bytes: int = 0


class ScrierList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of scriers, the newest first."""

    items: tuple[ScrierItem, ...]
    next_cursor: str | None = None
