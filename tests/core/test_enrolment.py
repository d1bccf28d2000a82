from typing import Any

import msgspec
import pytest

from vigo.core.enrolment import EnrolAnswer, EnrolRequest, enrol_message
from vigo.core.ids import EnvoyId, ServerId

REQUEST = EnrolRequest(token="t-1", hostname="web-1", csr_pem="csr", signing_key="aa", signature="bb")


@pytest.mark.parametrize("field", ["token", "hostname", "csr_pem", "signing_key"])
def test_the_signature_covers_every_field(field: str) -> None:
    changed = msgspec.structs.replace(REQUEST, **{field: "other"})
    assert changed.signed_message() != REQUEST.signed_message()


def test_the_signature_is_not_in_what_it_covers() -> None:
    assert msgspec.structs.replace(REQUEST, signature="cc").signed_message() == REQUEST.signed_message()


def test_moving_text_from_one_field_to_the_next_changes_the_message() -> None:
    assert enrol_message("t", "web-1c", "sr", "k") != enrol_message("t", "web-1", "csr", "k")


def test_the_token_is_not_readable_in_the_message() -> None:
    assert b"secret-token" not in enrol_message("secret-token", "h", "c", "k")


def test_a_field_that_is_not_known_is_refused() -> None:
    fields: dict[str, Any] = {**msgspec.to_builtins(REQUEST), "role": "admin"}
    with pytest.raises(msgspec.ValidationError, match="role"):
        msgspec.convert(fields, EnrolRequest)


def test_request_and_answer_are_read_back() -> None:
    answer = EnrolAnswer(
        envoy=EnvoyId("e"),
        hostname="web-1",
        certificate_pem="c",
        ca_pem="a",
        policy_keys=("k",),
        server=ServerId("s"),
        grpc_addresses=("h:1",),
        interval_seconds=300,
    )
    assert msgspec.json.decode(msgspec.json.encode(answer), type=EnrolAnswer) == answer
    assert msgspec.json.decode(msgspec.json.encode(REQUEST), type=EnrolRequest) == REQUEST
