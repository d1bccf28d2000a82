"""Roles of people: names for what they do, each a set of rights."""

from collections.abc import Iterable, Mapping
from typing import Final

from vigo.core.errors import InvalidError
from vigo.core.nearest import did_you_mean
from vigo.server.platform.auth.table import Permission

_VIEWER: Final = frozenset(
    {
        Permission.READ_ENVOYS,
        Permission.READ_RUNS,
        Permission.READ_TASKS,
        Permission.READ_WORKFLOWS,
        Permission.READ_SCRIERS,
        Permission.READ_GENERATIONS,
        Permission.READ_ENROLMENTS,
        Permission.READ_KEYS,
        Permission.READ_HEALTH,
        Permission.READ_COMPLIANCE,
    }
)
_OPERATOR: Final = _VIEWER | {
    Permission.PUSH_ENVOYS,
    Permission.QUERY_ENVOYS,
    Permission.RUN_NAMED_TASKS,
    Permission.RUN_TASKS,
    Permission.RUN_WORKFLOWS,
    Permission.APPROVE_WORKFLOWS,
    Permission.OPEN_SCRIERS,
    Permission.SEND_NOTIFICATIONS,
}
_PUBLISHER: Final = _VIEWER | {
    Permission.VALIDATE_STACKS,
    Permission.PUBLISH_GENERATIONS,
    Permission.FREEZE_GENERATIONS,
}
_AUDITOR: Final = _VIEWER | {
    Permission.READ_AUDIT,
    Permission.WATCH_SCRIERS,
    Permission.READ_USERS,
    Permission.READ_TOKENS,
    Permission.READ_ACCESS_TOKENS,
    Permission.READ_SECRETS,
}

ROLES: Final[Mapping[str, frozenset[Permission]]] = {
    "viewer": _VIEWER,
    "operator": _OPERATOR,
    "publisher": _PUBLISHER,
    "auditor": _AUDITOR,
    "admin": frozenset(Permission),
}
"""What each may do: look; act on machines; publish and roll back; look at who did what; everything."""


def rights_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Return what somebody with these roles may do. A role that this version does not know gives nothing."""
    return frozenset[Permission]().union(*(ROLES.get(role, frozenset()) for role in roles))


def check_roles(roles: tuple[str, ...]) -> tuple[str, ...]:
    """Return roles in order, each once.

    Raises:
        InvalidError: one is none, or there is none.
    """
    if not roles:
        raise InvalidError(f"roles: expected at least one of {', '.join(ROLES)}, found none")
    for role in roles:
        if role not in ROLES:
            near = did_you_mean(role, ROLES)
            raise InvalidError(f"roles: expected {', '.join(ROLES)}, found {role[:60]!r}{near}")
    return tuple(role for role in ROLES if role in roles)
