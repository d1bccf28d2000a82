"""Who acts, once that is known."""

from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from vigo.core.errors import ForbiddenError
from vigo.core.named_task import is_covered
from vigo.server.platform.auth.table import Permission

EVERYTHING = frozenset(Permission)

_MOST_NAMED: Final = 5


class MissingRightError(ForbiddenError):
    """An actor lacks a right that it tried to use."""

    def __init__(self, actor: "Actor", permission: Permission) -> None:
        super().__init__(f"expected the permission {permission}, which {actor.name} does not have")
        self.actor = actor
        self.permission = permission


class Actor(msgspec.Struct, frozen=True):
    """A person or program behind a token, and what it may do."""

    name: str
    permissions: frozenset[Permission] = frozenset()
    token_id: str = ""
    """Which token it is, since several may have one name; empty for the host's root."""
    match: tuple[str, ...] | None = None
    """The machines that it may act on; None for all."""

    def require(self, permission: Permission) -> None:
        """Return when the actor may do this.

        Raises:
            ForbiddenError: it may not.
        """
        if permission not in self.permissions:
            raise MissingRightError(self, permission)

    def covers(self, hostname: str) -> bool:
        """Return whether the actor may act on a machine."""
        return is_covered(hostname, self.match)

    def require_machines(self, hostnames: Iterable[str]) -> None:
        """Return when the actor may act on all of these machines.

        Raises:
            ForbiddenError: it may not.
        """
        outside = [hostname for hostname in hostnames if not self.covers(hostname)]
        if outside:
            more = f" and {len(outside) - _MOST_NAMED} more" if len(outside) > _MOST_NAMED else ""
            raise ForbiddenError(
                f"{self.name} may act on {', '.join(self.match or ())} alone, and not on"
                f" {', '.join(outside[:_MOST_NAMED])}{more}; name others, or none of them"
            )


class InForce(Protocol):
    """Knows whether somebody may go on."""

    def is_in_force(self, actor: Actor) -> bool:
        """Return whether what an actor showed at some time would still be accepted now."""
        ...


class ActingNow(Protocol):
    """Knows what somebody who began something may do by now."""

    def acting_now(self, name: str, token_id: str) -> Actor | None:
        """Return who acted at some time as it may act now, None where it may not any more."""
        ...
