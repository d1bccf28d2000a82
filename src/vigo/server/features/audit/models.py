"""The audit trail as it is shown."""

from datetime import datetime
from typing import Any

import msgspec


class AuditItem(msgspec.Struct, frozen=True, kw_only=True):
    """One act. Rows of before version 0009 have no outcome, source and trace id."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    outcome: str | None
    source: str | None
    trace_id: str | None
    hash: str
    """SHA-256 over the row and the hash of the one before."""


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    """Acts, the newest first."""

    items: tuple[AuditItem, ...]
    next_cursor: str | None = None


class AuditChain(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the trail holds. The last row's hash, kept elsewhere, later shows whether rows at the end are gone."""

    rows: int
    holds: bool
    problem: str | None
    last_hash: str | None


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which acts to list. `action` is a whole one or, with a dot at its end, all that begin so."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    outcome: str | None = None
    before: int | None = None
    limit: int = 100
