"""Orders of scriers, and who may open one as whom."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from vigo.core.errors import InvalidError, UnauthenticatedError
from vigo.core.ids import EnvoyId, new_envoy_id, new_scrier_id, new_task_id, parse_scrier_id
from vigo.core.scrier import ScrierOrder, ScrierRule, check_size, check_terminal, open_order, sign_order
from vigo.core.signing import SigningKey, VerifyKey
from vigo.core.task import TaskOrder
from vigo.core.task import sign_order as sign_task

KEY = SigningKey.generate()
KEYS = (VerifyKey(KEY.public),)
ORDER = ScrierOrder(
    scrier=new_scrier_id(),
    envoy=new_envoy_id(),
    kind="shell",
    operator="token ada",
    user="ada",
    terminal="xterm",
    longest=timedelta(hours=8),
    not_after=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_05_an_order_that_was_signed_is_opened_and_no_other() -> None:
    signed = sign_order(ORDER, KEY)
    assert open_order(signed, KEYS) == ORDER
    task = TaskOrder(
        task=new_task_id(), envoy=EnvoyId(ORDER.envoy), command="true", timeout=timedelta(1), not_after=ORDER.not_after
    )
    for bad in (
        msgspec.structs.replace(signed, content=signed.content + b"\0"),
        sign_order(ORDER, SigningKey.generate()),
        sign_task(task, KEY),
    ):
        with pytest.raises(UnauthenticatedError):
            open_order(bad, KEYS)


def test_17_the_first_operator_that_fits_counts_and_nobody_else_gets_in() -> None:
    rule = ScrierRule(users={"admin": "ops", "token a*": "ada", "token *": "guest"})
    found = [rule.user_for(name) for name in ("admin", "token ada", "token bob", "administrator", "")]
    assert found == ["ops", "ada", "guest", None, None]
    assert ScrierRule().user_for("admin") is None


def test_sizes_terminals_and_ids_that_are_none_are_refused() -> None:
    check_size(1, 10_000)
    check_terminal("screen.xterm-256color")
    for columns, rows in ((0, 1), (1, 0), (10_001, 1), (-1, 5)):
        with pytest.raises(InvalidError):
            check_size(columns, rows)
    for name in ("", "x y", "../x", "-x", "x" * 65, "x\n"):
        with pytest.raises(InvalidError):
            check_terminal(name)
    with pytest.raises(InvalidError):
        parse_scrier_id("../x")
