"""Scriers: interactive sessions on a machine, over the connection that its agent holds."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final, Literal

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.ids import EnvoyId, ScrierId
from vigo.core.orders import SignedOrder, opened, sign
from vigo.core.signing import SCRIER_CONTEXT, Signer, VerifyKey

ScrierKind = Literal["shell", "forward"]
"""A shell on a pseudo-terminal, or a connection to a port on the machine's loopback address."""

RESUME_WITHIN: Final = timedelta(seconds=60)
"""A scrier whose connection broke, to the operator or to the agent, is ended after so long."""

MOST_AT_ONCE: Final = 64
"""Scriers that are open on one machine at a time: one that copies files takes a connection for each."""

LEFT: Final = "closed by its operator"
"""Why a session ended that its operator left: no fault."""

MOST_CELLS: Final = 10_000
"""Columns, or rows, of a terminal."""

IDLE: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=8)
"""Where the stacks do not say how long a scrier may be idle, and how long it may last."""

_TERMINAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,63}")


class ScrierOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one envoy is to open, and for whom. `user` is the account of a shell, `port` where a connection goes.

    One that comes to the agent after `not_after` is not opened: it need not remember for ever what it opened.
    """

    scrier: ScrierId
    envoy: EnvoyId
    kind: ScrierKind
    operator: str
    user: str = ""
    port: int = 0
    terminal: str = ""
    columns: int = 80
    rows: int = 24
    longest: timedelta
    not_after: datetime


class ScrierEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a scrier ended: by itself, with the exit code of its shell, or for a reason."""

    exit_code: int | None = None
    reason: str = ""


class ScrierRule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may open scriers on some machines, as which of their users, and to which ports.

    `users` maps operators, as the audit trail names them, or globs of such names, to accounts; the first one counts.
    """

    users: Mapping[str, str] = {}
    ports: tuple[int, ...] = ()
    idle: timedelta = IDLE
    longest: timedelta = LONGEST

    def user_for(self, operator: str) -> str | None:
        """Return the account that an operator gets, or None."""
        return next((user for name, user in self.users.items() if fnmatchcase(operator, name)), None)


def sign_order(order: ScrierOrder, key: Signer) -> SignedOrder:
    """Return an order signed."""
    return sign(order, SCRIER_CONTEXT, key)


def open_order(signed: SignedOrder, keys: tuple[VerifyKey, ...]) -> ScrierOrder:
    """Return the order that one of the keys signed.

    Raises: as `vigo.core.orders.opened`.
    """
    order = opened(signed, SCRIER_CONTEXT, ScrierOrder, keys)
    return msgspec.structs.replace(order, not_after=order.not_after.astimezone(UTC))


def check_size(columns: int, rows: int) -> None:
    """Accept the size of a terminal.

    Raises:
        InvalidError: it is none.
    """
    if not (0 < columns <= MOST_CELLS and 0 < rows <= MOST_CELLS):
        raise InvalidError(f"expected 1 to {MOST_CELLS} columns and rows, found {columns} and {rows}")


def check_terminal(name: str) -> None:
    """Accept the name of a sort of terminals, as in terminfo(5).

    Raises:
        InvalidError: it is none.
    """
    if not _TERMINAL.fullmatch(name):
        raise InvalidError(f"terminal: expected a name such as xterm-256color, found {name[:60]!r}")
