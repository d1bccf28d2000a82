"""Access tokens: what a person or program shows to the REST API."""

from datetime import datetime

import msgspec


class NewAccessToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for."""

    name: str
    ttl_seconds: int


class MintedAccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token. Its text is shown this once."""

    token: str
    id: str
    name: str
    expires_at: datetime
    ca_sha256: str
    server: str


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is listed."""

    id: str
    name: str
    created_at: datetime
    created_by: str
    expires_at: datetime


class AccessTokenList(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens that are not withdrawn."""

    items: tuple[AccessToken, ...]
    next_cursor: str | None = None
