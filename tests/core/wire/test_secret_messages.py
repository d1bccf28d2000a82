import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.errors import InvalidError
from vigo.core.ids import new_envoy_id
from vigo.core.sealing import Reader
from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire.secret_messages import MOST_SECRETS, Resolved, ResolveSecrets

ENVOY, OTHER = new_envoy_id(), new_envoy_id()


def exchanged(names: tuple[str, ...], answer: Resolved) -> tuple[bytes, Reader, bytes]:
    reader = Reader(hybrid=False)
    body = ResolveSecrets(names, reader.keys).to_bytes()
    request = ResolveSecrets.from_bytes(body)
    assert request.names == names
    return answer.to_bytes(request.keys, body, ENVOY), reader, body


def test_values_and_problems_arrive() -> None:
    sent = Resolved({"a": "x\0ü", "b#c": ""}, {"d": "gone"})
    data, reader, body = exchanged(("a", "b#c", "d"), sent)
    assert Resolved.from_bytes(data, reader, body, ENVOY) == sent
    assert b"x\0" not in data


def test_an_answer_is_good_for_its_request_and_envoy_alone() -> None:
    data, reader, body = exchanged(("a",), Resolved({"a": "x"}))
    with pytest.raises(InvalidError):
        Resolved.from_bytes(data, reader, body, OTHER)
    with pytest.raises(InvalidError):
        Resolved.from_bytes(data, reader, body + b"\x0a\x01b", ENVOY)


def test_no_value_is_shown_by_accident() -> None:
    assert "hunter2" not in repr(Resolved({"a": "hunter2"}, {}))


@pytest.mark.parametrize("names", [[], ["../a"], ["a"] * (MOST_SECRETS + 1)])
def test_a_request_names_secrets_and_not_too_many(names: list[str]) -> None:
    with pytest.raises(InvalidError):
        ResolveSecrets.from_bytes(pb.ResolveSecretsRequest(names=names, x25519_key=bytes(32)).SerializeToString())


@given(st.binary(max_size=300))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    reader = Reader(hybrid=False)
    for parse in (ResolveSecrets.from_bytes, lambda found: Resolved.from_bytes(found, reader, b"", ENVOY)):
        with pytest.raises(InvalidError):
            parse(data)
