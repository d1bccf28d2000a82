"""Who acts, once that is known."""

import msgspec

from vigo.core.errors import ForbiddenError
from vigo.server.platform.auth.table import Permission

EVERYTHING = frozenset(Permission)


class Actor(msgspec.Struct, frozen=True):
    """A person or program behind a token, and what it may do."""

    name: str
    permissions: frozenset[Permission] = frozenset()
    token_id: str = ""
    """Which token it is, since several may have one name; empty for the host's root."""

    def require(self, permission: Permission) -> None:
        """Return when the actor may do this.

        Raises:
            ForbiddenError: it may not.
        """
        if permission not in self.permissions:
            raise ForbiddenError(f"expected the permission {permission}, which {self.name} does not have")
