"""The machines that somebody may be allowed to act on, by somebody who may act on some themselves."""

from typing import Final

from vigo.core.errors import ForbiddenError, InvalidError
from vigo.core.hostnames import check_pattern
from vigo.server.platform.auth.actor import Actor

_MOST_PATTERNS: Final = 100


def check_scope(actor: Actor, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return patterns of hostnames that an actor may give to others; nobody gives what they have not.

    Raises:
        ForbiddenError: one is none of the actor's own.
        InvalidError: there are none or too many, or one cannot be read.
    """
    if not wanted or len(wanted) > _MOST_PATTERNS:
        raise InvalidError(f"match: expected 1 to {_MOST_PATTERNS} patterns, found {len(wanted)}; leave it out for all")
    for pattern in wanted:
        check_pattern(pattern)
        if actor.match is not None and pattern not in actor.match:
            raise ForbiddenError(
                f"match: expected patterns of your own ({', '.join(actor.match)}), found {pattern[:60]!r}"
            )
    return wanted
