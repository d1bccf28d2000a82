"""Tasks: a command that operators have run on machines now, once, beside what is declared."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, get_args

import msgspec

from vigo.core.ids import EnvoyId, TaskId
from vigo.core.orders import SignedOrder, opened, sign
from vigo.core.signing import TASK_CONTEXT, Signer, VerifyKey

FinalState = Literal["succeeded", "failed", "timed-out", "cancelled", "expired", "refused", "lost"]
"""How a task ended on a machine. `expired` was never started in time, `refused` is what the agent would not start, and
of a `lost` one nobody knows how it went: the agent or the machine was gone in the middle."""

TaskKind = Literal["command", "query", "check"]
"""A command of the shell; an expression over what a machine tells of itself at that moment; or a command or URL that is
tried again until it does well."""

FINAL_STATES: Final[tuple[FinalState, ...]] = get_args(FinalState)

WEB_PREFIXES: Final = ("http://", "https://")
"""What a check begins with that asks a web server and is no command."""

CHECK_WITHIN: Final = timedelta(minutes=1)
"""How long a check is tried where nobody says."""

MOST_COMMAND_BYTES: Final = 32 * 1024
LONGEST_TIMEOUT: Final = timedelta(days=1)
MOST_AT_ONCE: Final = 8
"""Tasks that run on one machine at a time."""

HEAD_BYTES: Final = 192 * 1024
TAIL_BYTES: Final = 64 * 1024
"""What is kept of a task's output on one machine: its beginning, and where there is more its end."""


class TaskOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one envoy is to run. `command` is for `/bin/sh -c`, an expression or a URL; `user` None is the agent's own.

    A query whose answer has more than `rows` items fails, if that is more than 0. An order that comes to an agent after
    `not_after` is not started: it need not remember for ever what it ran.
    """

    task: TaskId
    envoy: EnvoyId
    kind: TaskKind = "command"
    command: str
    user: str | None = None
    nice: int = 0
    environment: Mapping[str, str] = {}
    timeout: timedelta
    not_after: datetime
    rows: int = 0


class TaskEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a task ended on an envoy. `exit_code` is 128 and the signal's number where a signal ended it.

    `output_bytes` counts all that it printed, also what is not kept.
    """

    state: FinalState
    exit_code: int | None = None
    duration_ms: float = 0.0
    reason: str = ""
    output_bytes: int = 0


def sign_order(order: TaskOrder, key: Signer) -> SignedOrder:
    """Return an order signed."""
    return sign(order, TASK_CONTEXT, key)


def open_order(signed: SignedOrder, keys: tuple[VerifyKey, ...]) -> TaskOrder:
    """Return the order that one of the keys signed.

    Raises: as `vigo.core.orders.opened`.
    """
    order = opened(signed, TASK_CONTEXT, TaskOrder, keys)
    return msgspec.structs.replace(order, not_after=order.not_after.astimezone(UTC))
