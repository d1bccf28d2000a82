from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from tests.contracts.rpc.service import LIMIT_BYTES, REFUSAL, Service, path


def call(channel: grpc.Channel, name: str, message: bytes = b"hello", **options: object) -> bytes:
    answer: bytes = channel.unary_unary(path(name))(message, **options)
    return answer


def refused(channel: grpc.Channel, name: str, message: bytes = b"hello", **options: object) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, name, message, **options)
    return caught.value


def test_a_message_comes_back(channel: grpc.Channel) -> None:
    assert call(channel, "Echo") == b"hello"


def test_an_empty_message_comes_back(channel: grpc.Channel) -> None:
    assert call(channel, "Echo", b"") == b""


def test_a_message_of_a_megabyte_comes_back(channel: grpc.Channel) -> None:
    message = bytes(range(256)) * 4096
    assert call(channel, "Echo", message) == message


def test_a_message_over_the_limit_is_refused(h2corn_channel: grpc.Channel) -> None:
    error = refused(h2corn_channel, "Echo", bytes(4 * LIMIT_BYTES))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(LIMIT_BYTES) in error.details()


def test_a_connection_serves_on_after_a_refusal(h2corn_channel: grpc.Channel) -> None:
    refused(h2corn_channel, "Echo", bytes(4 * LIMIT_BYTES))
    assert call(h2corn_channel, "Echo") == b"hello"


def test_an_unknown_method_is_named(h2corn_channel: grpc.Channel) -> None:
    error = refused(h2corn_channel, "Nothing")
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert path("Nothing") in error.details()


def test_an_error_keeps_its_code_and_its_text_in_any_script(channel: grpc.Channel) -> None:
    error = refused(channel, "Refuse")
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    assert error.details() == REFUSAL
    assert ("vigo-error", "replayed") in [*error.trailing_metadata(), *error.initial_metadata()]


def test_a_fault_tells_the_peer_nothing_but_a_reference(
    channel: grpc.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    error = refused(channel, "Break")
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in error.details()
    reference = error.details().rpartition(" ")[2]
    assert reference in caplog.text
    assert "a secret of the inside" in caplog.text


def test_what_is_not_admitted_never_reaches_its_handler(h2corn_channel: grpc.Channel) -> None:
    error = refused(h2corn_channel, "Echo", metadata=[("refuse-me", "yes")])
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "not admitted"


def test_the_deadline_cancels_the_handler(channel: grpc.Channel) -> None:
    error = refused(channel, "Hold", timeout=0.2)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert call(channel, "AwaitCancelled") == b""


def test_a_handler_sees_metadata_deadline_and_address(channel: grpc.Channel) -> None:
    assert call(channel, "Metadata", b"traceparent", metadata=[("traceparent", "00-1")]) == b"00-1 True True"
    assert call(channel, "Metadata", b"absent") == b"None True True"


def test_calls_on_one_connection_run_side_by_side(channel: grpc.Channel, service: Service) -> None:
    held = channel.unary_unary(path("Hold")).future(b"held")
    call(channel, "AwaitHeld")
    with ThreadPoolExecutor(8) as pool:
        messages = [b"%d" % number for number in range(50)]
        assert list(pool.map(lambda message: call(channel, "Echo", message), messages)) == messages
    call(channel, "Release")
    assert held.result() == b"held"
