"""Enrolment tokens: leave for machines of certain names to join."""

from datetime import datetime

import msgspec

from vigo.core.labels import Labels


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for. `hostname` is a name or a glob; machines that come in get the labels."""

    hostname: str
    ttl_seconds: int
    uses: int
    labels: Labels = {}


class MintedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token with all that `vigo enroll` needs. Its text is shown this once."""

    token: str
    id: str
    hostname: str
    expires_at: datetime
    uses: int
    ca_sha256: str
    server: str
    bootstrap_sha256: str
    """The checksum of the script at `/bootstrap` as it is now."""


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
    labels: Labels = {}


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens that are not withdrawn, the newest first."""

    items: tuple[Token, ...]
    next_cursor: str | None = None
