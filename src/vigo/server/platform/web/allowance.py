"""How often one identity may ask: a program that went wild must not keep others from the server."""

from datetime import timedelta
from typing import Final

from vigo.core.clock import Clock
from vigo.core.errors import TooManyError
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.settings.model import CurrentSettings

_WINDOW: Final = timedelta(minutes=1)


class Allowance:
    """Counts requests by token or session in windows of a minute. The host's root is not counted."""

    def __init__(self, clock: Clock, settings: CurrentSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._begun = clock.monotonic()
        self._taken: dict[str, int] = {}

    def take(self, actor: Actor) -> None:
        """Count a request.

        Raises:
            TooManyError: there were too many of this identity within this minute.
        """
        if not actor.token_id:
            return
        now = self._clock.monotonic()
        if now - self._begun >= _WINDOW:
            self._begun, self._taken = now, {}
        most = self._settings.value.requests_per_minute
        taken = self._taken.get(actor.token_id, 0)
        if taken >= most:
            left = int((self._begun + _WINDOW - now).total_seconds()) + 1
            raise TooManyError(
                f"{actor.name} sent {most} requests within a minute, which is the most (requests_per_minute in"
                f" server.yaml); ask again in {left} s",
                left,
            )
        self._taken[actor.token_id] = taken + 1
