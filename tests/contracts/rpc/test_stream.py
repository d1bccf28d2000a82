import queue
from collections.abc import Iterator

import grpc
import pytest

from tests.contracts.rpc.service import LIMIT_BYTES, REFUSAL, path


def until_none(waiting: "queue.SimpleQueue[bytes | None]") -> Iterator[bytes]:
    return iter(waiting.get, None)


def test_requests_and_answers_interleave(channel: grpc.Channel) -> None:
    requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    answers = channel.stream_stream(path("Double"))(until_none(requests))
    for message in (b"a", b"b", b"c"):
        requests.put(message)
        assert [next(answers), next(answers)] == [message, message]
    requests.put(None)
    assert list(answers) == []
    assert answers.code() is grpc.StatusCode.OK


def test_many_requests_at_once_keep_their_order(channel: grpc.Channel) -> None:
    sent = [b"%d" % number for number in range(500)]
    answers = list(channel.stream_stream(path("Double"))(iter(sent)))
    assert answers[::2] == sent == answers[1::2]


def test_an_error_in_mid_stream_ends_it_with_its_text(channel: grpc.Channel) -> None:
    answers = channel.stream_stream(path("Double"))(iter([b"a", b"refuse"]))
    assert [next(answers), next(answers)] == [b"a", b"a"]
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == REFUSAL


def test_a_message_over_the_limit_ends_the_stream(h2corn_channel: grpc.Channel) -> None:
    answers = h2corn_channel.stream_stream(path("Double"))(iter([b"a", bytes(LIMIT_BYTES + 1)]))
    with pytest.raises(grpc.RpcError) as caught:
        list(answers)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_handler_that_waits_is_closed_when_its_peer_goes_away(channel: grpc.Channel) -> None:
    requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    answers = channel.stream_stream(path("Heartbeat"))(until_none(requests))
    assert next(answers) == b"beat"
    answers.cancel()
    requests.put(None)
    assert channel.unary_unary(path("AwaitCancelled"))(b"") == b""


def test_the_deadline_ends_a_stream(channel: grpc.Channel) -> None:
    answers = channel.stream_stream(path("Heartbeat"))(iter([]), timeout=0.2)
    assert next(answers) == b"beat"
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert channel.unary_unary(path("AwaitCancelled"))(b"") == b""
