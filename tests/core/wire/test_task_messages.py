"""Messages about tasks on the stream, and the orders in them."""

from datetime import UTC, timedelta
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.wire.test_messages import UUIDS
from vigo.core.errors import DamagedError, InvalidError, UnauthenticatedError
from vigo.core.orders import SignedOrder
from vigo.core.signing import TASK_CONTEXT, SigningKey, VerifyKey, framed
from vigo.core.task import FINAL_STATES, FinalState, TaskEnd, TaskOrder, open_order, sign_order
from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire.stream_messages import (
    AgentMessage,
    CancelTask,
    ServerMessage,
    StartTask,
    TaskEnded,
    TaskOutput,
    TaskStarted,
    TaskStored,
    agent_message_from_bytes,
    agent_message_to_bytes,
    server_message_from_bytes,
    server_message_to_bytes,
)

KEY = SigningKey.generate()
KEYS = (VerifyKey(SigningKey.generate().public), VerifyKey(KEY.public))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
NUMBERS = st.integers(0, 2**63 - 1)
ENDS = st.builds(
    TaskEnd,
    state=st.sampled_from(FINAL_STATES),
    exit_code=st.none() | st.integers(-(2**31), 2**31 - 1),
    duration_ms=st.floats(allow_nan=False),
    reason=TEXTS,
    output_bytes=NUMBERS,
)
ORDERS = st.builds(
    TaskOrder,
    task=UUIDS,
    envoy=UUIDS,
    command=TEXTS,
    user=st.none() | TEXTS,
    nice=st.integers(-20, 19),
    timeout=st.timedeltas(timedelta(0), timedelta(days=1)),
    not_after=st.datetimes(timezones=st.just(UTC)),
)


@given(
    st.builds(TaskStarted, UUIDS)
    | st.builds(TaskOutput, UUIDS, NUMBERS, st.binary(max_size=50))
    | st.builds(TaskEnded, UUIDS, ENDS)
)
def test_what_an_agent_tells_of_a_task_is_what_a_server_hears(message: AgentMessage) -> None:
    assert agent_message_from_bytes(agent_message_to_bytes(message)) == message


@given(
    st.builds(StartTask, st.builds(SignedOrder, st.binary(max_size=50), st.binary(max_size=64)), NUMBERS)
    | st.builds(CancelTask, UUIDS)
    | st.builds(TaskStored, UUIDS)
)
def test_what_a_server_asks_of_a_task_is_what_an_agent_hears(message: ServerMessage) -> None:
    assert server_message_from_bytes(server_message_to_bytes(message)) == message


@given(ORDERS)
def test_an_order_that_was_signed_is_opened_and_no_other(order: TaskOrder) -> None:
    signed = sign_order(order, KEY)
    assert open_order(signed, KEYS) == order
    for bad in (
        msgspec.structs.replace(signed, content=signed.content + b"\0"),
        msgspec.structs.replace(signed, signature=KEY.sign(signed.content)),
        sign_order(order, SigningKey.generate()),
    ):
        with pytest.raises(UnauthenticatedError):
            open_order(bad, KEYS)


def test_what_was_signed_and_is_no_order_is_damage() -> None:
    signed = SignedOrder(b"\xc1", KEY.sign(framed(TASK_CONTEXT, b"\xc1")))
    with pytest.raises(DamagedError):
        open_order(signed, KEYS)


def test_a_state_of_nobodys_and_a_task_without_a_name_are_refused() -> None:
    uuid = "00000000-0000-7000-8000-000000000000"
    for ended in (pb.TaskEnded(task=uuid), pb.TaskEnded(task="../x", state=pb.TASK_STATE_LOST)):
        with pytest.raises(InvalidError):
            agent_message_from_bytes(pb.AgentMessage(task_ended=ended).SerializeToString())
    with pytest.raises(InvalidError):
        server_message_from_bytes(pb.ServerMessage(cancel_task=pb.CancelTask(task="a/b")).SerializeToString())


def test_every_final_state_has_its_number() -> None:
    named = {f"TASK_STATE_{state.upper().replace('-', '_')}" for state in get_args(FinalState)}
    assert named == set(pb.TaskState.keys()) - {"TASK_STATE_UNSPECIFIED"}
