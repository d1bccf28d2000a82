"""Access tokens: what a person or program shows to the REST API."""

from datetime import datetime

import msgspec

from vigo.server.platform.auth.table import Permission


class NewAccessToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for.

    `permissions` are what it may do, `match` the machines that it may act on, as hostnames, globs or `~regex`; without
    them everything that whoever makes it may do, and on all of their machines.
    """

    name: str
    ttl_seconds: int
    permissions: tuple[str, ...] | None = None
    match: tuple[str, ...] | None = None


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
    permissions: tuple[Permission, ...] | None = None
    match: tuple[str, ...] | None = None
    last_used_at: datetime | None = None
    """To the minute, or so."""


class AccessTokenList(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens that are not withdrawn."""

    items: tuple[AccessToken, ...]
    next_cursor: str | None = None
