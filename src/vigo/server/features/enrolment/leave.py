"""What lets a machine in: a token, or somebody's approval."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Connection

from vigo.core.errors import UnauthenticatedError
from vigo.core.ids import EnvoyId
from vigo.core.labels import Labels
from vigo.server.features.enrolment import store
from vigo.server.features.enrolment.models import Waiting
from vigo.server.features.tokens.models import Token
from vigo.server.features.tokens.service import TokenService


class Leave(Protocol):
    """Leave to come in. It is used up in the transaction that makes the envoy."""

    @property
    def actor(self) -> str:
        """Who lets the machine in, for the audit trail."""
        ...

    @property
    def labels(self) -> Labels:
        """What the machine is given."""
        ...

    @property
    def detail(self) -> Mapping[str, Any]:
        """What the audit trail tells of it."""
        ...

    def was_used_by(self, connection: Connection, envoy: EnvoyId) -> bool:
        """Return whether an envoy came in by this very leave."""
        ...

    def use(self, connection: Connection, envoy: EnvoyId, hostname: str) -> None:
        """Use it up, or raise the error that the machine shall see."""
        ...


class TokenLeave:
    """Leave by a token."""

    def __init__(self, tokens: TokenService, token: Token) -> None:
        self._tokens = tokens
        self._token = token
        self.actor = f"token {token.id}"
        self.labels = token.labels
        self.detail = {"token": token.id, "token_by": token.created_by}

    def was_used_by(self, connection: Connection, envoy: EnvoyId) -> bool:
        """Return whether an envoy enrolled with this token last."""
        return self._tokens.was_used_by(connection, self._token, envoy)

    def use(self, connection: Connection, envoy: EnvoyId, hostname: str) -> None:
        """Take one use.

        Raises:
            UnauthenticatedError: none is left, or the token was withdrawn meanwhile.
        """
        self._tokens.use(connection, self._token, envoy, hostname)


class ApprovedLeave:
    """Leave by an approval, which is for one key and one hostname."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self.actor = waiting.decided_by
        self.labels = waiting.labels
        self.detail = {"approved_by": waiting.decided_by, "fingerprint": waiting.fingerprint}

    def was_used_by(self, connection: Connection, envoy: EnvoyId) -> bool:
        """Return whether an envoy came in by this approval."""
        found = store.find(connection, self._waiting.signing_key)
        return found is not None and found.envoy == envoy

    def use(self, connection: Connection, envoy: EnvoyId, hostname: str) -> None:
        """Remember who came in; the row stays until it expires, so that a lost answer can be had again.

        Raises:
            UnauthenticatedError: it was used already, or denied meanwhile.
        """
        del hostname
        if not store.use(connection, self._waiting.signing_key, envoy):
            raise UnauthenticatedError(
                "this approval was used already, or is void; run `vigo enroll --force` to ask with another key"
            )
