"""Enrolment tokens: leave for machines of certain names to join."""

from datetime import datetime

import msgspec


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for. `hostname` is a name or a glob."""

    hostname: str
    ttl_seconds: int
    uses: int


class MintedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token with all that `vigo enroll` needs. Its text is shown this once."""

    token: str
    id: str
    hostname: str
    expires_at: datetime
    uses: int
    ca_sha256: str
    server: str


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is listed. `used_by` are the hostnames that enrolled with it."""

    id: str
    hostname: str
    created_at: datetime
    expires_at: datetime
    uses: int
    uses_left: int
    created_by: str
    used_by: tuple[str, ...] = ()


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens that are not withdrawn, the newest first."""

    items: tuple[Token, ...]
    next_cursor: str | None = None
