"""People, and who of them is signed in."""

from datetime import datetime

import msgspec

from vigo.core.ids import Digest
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.roles import rights_of


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody to be let in. `match` are the machines that they may act on, as hostnames, globs or `~regex`."""

    name: str
    roles: tuple[str, ...]
    password: str
    match: tuple[str, ...] | None = None


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change about somebody; what is left out stays. An empty `match` means all machines."""

    roles: tuple[str, ...] | None = None
    match: tuple[str, ...] | None = None
    password: str | None = None
    disabled: bool | None = None
    unlocked: bool = False
    without_one_time_codes: bool = False
    """Forget their second factor, so that who lost it can set up another."""


class UserItem(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as they are listed."""

    name: str
    roles: tuple[str, ...]
    match: tuple[str, ...] | None
    created_at: datetime
    created_by: str
    last_signed_in_at: datetime | None
    disabled: bool
    locked_until: datetime | None
    has_one_time_codes: bool
    sessions: int


class UserList(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody by name."""

    items: tuple[UserItem, ...]
    next_cursor: str | None = None


class RoleItem(msgspec.Struct, frozen=True, kw_only=True):
    """A role and the rights that it gives."""

    name: str
    permissions: tuple[str, ...]


class RoleList(msgspec.Struct, frozen=True, kw_only=True):
    """All roles, from the least to the most."""

    items: tuple[RoleItem, ...]
    next_cursor: str | None = None


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as they are stored."""

    id: str
    name: str
    password: str | None
    roles: tuple[str, ...]
    match: tuple[str, ...] | None
    created_at: datetime
    created_by: str
    last_signed_in_at: datetime | None = None
    disabled_at: datetime | None = None
    failures: int = 0
    locked_until: datetime | None = None
    one_time_key: bytes | None = None
    """Sealed."""
    one_time_step: int | None = None
    """The step of the code that was used last; an earlier one or the same opens nothing."""

    def actor(self, session_id: str) -> Actor:
        """Return them as who acts."""
        return Actor(self.name, rights_of(self.roles), f"{SESSION}{self.id}:{session_id}", self.match)


SESSION = "session:"
"""How the token id of somebody who is signed in begins."""


class WebSession(msgspec.Struct):
    """Somebody's being signed in, from one browser. Changed on the event loop only."""

    id: str
    user_id: str
    secret: Digest
    created_at: datetime
    last_used_at: datetime
    source: str
