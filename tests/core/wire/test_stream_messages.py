from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.wire.test_messages import REQUESTS
from vigo.core.errors import InvalidError
from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire.stream_messages import (
    AgentMessage,
    Beat,
    CheckInNow,
    ServerMessage,
    StreamOpened,
    agent_message_from_bytes,
    agent_message_to_bytes,
    server_message_from_bytes,
    server_message_to_bytes,
)

SPANS = st.integers(0, 10**6)


@given(REQUESTS | st.just(Beat()))
def test_what_an_agent_says_is_read_back(message: AgentMessage) -> None:
    assert agent_message_from_bytes(agent_message_to_bytes(message)) == message


@given(
    st.just(Beat())
    | SPANS.map(lambda ms: CheckInNow(timedelta(milliseconds=ms)))
    | st.integers(1, 10**6).map(lambda seconds: StreamOpened(timedelta(seconds=seconds)))
)
def test_what_a_server_says_is_read_back(message: ServerMessage) -> None:
    assert server_message_from_bytes(server_message_to_bytes(message)) == message


def test_what_only_a_newer_end_says_is_nothing() -> None:
    assert agent_message_from_bytes(b"\xfa\x3e\x03abc") is None
    assert server_message_from_bytes(b"") is None


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    for read in (agent_message_from_bytes, server_message_from_bytes):
        with suppress(InvalidError):
            read(data)


def test_a_stream_without_beats_is_refused() -> None:
    with pytest.raises(InvalidError, match="between two beats"):
        server_message_from_bytes(pb.ServerMessage(opened=pb.StreamOpened()).SerializeToString())
