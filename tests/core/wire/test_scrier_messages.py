"""Messages about scriers: to the agent, and to the operator's terminal."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.wire.test_messages import UUIDS
from tests.core.wire.test_task_messages import NUMBERS, TEXTS
from vigo.core.errors import InvalidError
from vigo.core.flow import Part
from vigo.core.orders import SignedOrder
from vigo.core.scrier import MOST_CELLS, ScrierEnd
from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire import attach_messages
from vigo.core.wire.attach_messages import Attach, Attached, Last, Leave, Over, Resize, Taken
from vigo.core.wire.scrier_messages import (
    EndScrier,
    OpenScrier,
    ResizeScrier,
    ScrierData,
    ScrierEnded,
    ScrierOpened,
    ScrierTaken,
)
from vigo.core.wire.stream_messages import (
    AgentMessage,
    ServerMessage,
    agent_message_from_bytes,
    agent_message_to_bytes,
    server_message_from_bytes,
    server_message_to_bytes,
)

CELLS = st.integers(1, MOST_CELLS)
PARTS = st.builds(Part, NUMBERS, st.binary(max_size=50), st.booleans())
BOTH_WAYS = st.builds(ScrierData, UUIDS, PARTS) | st.builds(ScrierTaken, UUIDS, NUMBERS)
ENDS = st.builds(ScrierEnd, exit_code=st.none() | st.integers(-(2**31), 2**31 - 1), reason=TEXTS)


@given(st.builds(ScrierOpened, UUIDS, NUMBERS) | BOTH_WAYS | st.builds(ScrierEnded, UUIDS, ENDS))
def test_what_an_agent_says_is_what_a_server_hears(message: AgentMessage) -> None:
    assert agent_message_from_bytes(agent_message_to_bytes(message)) == message


@given(
    st.builds(OpenScrier, st.builds(SignedOrder, st.binary(max_size=50), st.binary(max_size=64)), NUMBERS)
    | BOTH_WAYS
    | st.builds(ResizeScrier, UUIDS, CELLS, CELLS)
    | st.builds(EndScrier, UUIDS)
)
def test_what_a_server_says_is_what_an_agent_hears(message: ServerMessage) -> None:
    assert server_message_from_bytes(server_message_to_bytes(message)) == message


def test_no_scrier_and_no_size_is_refused() -> None:
    uuid = "00000000-0000-7000-8000-000000000000"
    for bad in (
        pb.ServerMessage(end_scrier=pb.EndScrier(scrier="a/b")),
        pb.ServerMessage(resize_scrier=pb.ResizeScrier(scrier=uuid, columns=0, rows=1)),
    ):
        with pytest.raises(InvalidError):
            server_message_from_bytes(bad.SerializeToString())
    with pytest.raises(InvalidError):
        agent_message_from_bytes(pb.AgentMessage(scrier_taken=pb.ScrierTaken(scrier="..")).SerializeToString())


def test_what_a_terminal_and_the_server_say_to_each_other_is_understood() -> None:
    of_terminal = (Attach(7, 100, 30), Taken(9), Resize(80, 24), Last(), Leave())
    of_server = (Attached(3), Taken(4), Last(), Over(1, "ended"))
    assert {type(one) for one in of_terminal} == set(get_args(attach_messages.TerminalMessage))
    assert {type(one) for one in of_server} == set(get_args(attach_messages.ServerMessage))
    for one in of_terminal:
        assert attach_messages.terminal_message(attach_messages.to_text(one)) == one
    for other in of_server:
        assert attach_messages.server_message(attach_messages.to_text(other)) == other
    for bad in ("", "[]", '{"type":"over"}', '{"type":"taken"}', '{"type":"taken","taken_bytes":"1"}'):
        with pytest.raises(InvalidError):
            attach_messages.terminal_message(bad)
    with pytest.raises(InvalidError):
        attach_messages.server_message('{"type":"leave"}')
