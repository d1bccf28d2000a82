"""Whose credentials a request shows: a token's, or a browser's session's."""

from vigo.server.features.access.service import AccessService
from vigo.server.features.people.models import SESSION
from vigo.server.features.people.signing_in import SignedIn, SigningIn
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission


class Identities:
    """Knows tokens and sessions alike."""

    def __init__(self, access: AccessService, signing_in: SigningIn) -> None:
        self._access = access
        self._signing_in = signing_in

    def authenticate(self, token: str) -> Actor:
        """Return who holds a token.

        Raises:
            UnauthenticatedError: nobody does.
        """
        return self._access.authenticate(token)

    def signed_in(self, secret: str) -> SignedIn:
        """Return who is signed in with a session's secret.

        Raises:
            UnauthenticatedError: nobody is.
        """
        return self._signing_in.signed_in(secret)

    def is_in_force(self, actor: Actor) -> bool:
        """Return whether what an actor showed at some time would still be accepted now."""
        if actor.token_id.startswith(SESSION):
            return self._signing_in.is_in_force(actor.token_id)
        return self._access.is_in_force(actor)

    def acting_now(self, name: str, token_id: str) -> Actor | None:
        """Return who acted at some time as it may act now, None where it may not any more."""
        if token_id.startswith(SESSION):
            return self._signing_in.acting_now(token_id)
        return self._access.acting_now(name, token_id)

    def note_refusal(self, actor: Actor, permission: Permission, path: str) -> None:
        """Have it stand in the audit trail that an actor lacks a right that it tried to use."""
        self._access.note_refusal(actor, permission, path)
