from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.bundle import SignedBundle, open_bundle
from vigo.core.errors import InvalidError, UnauthenticatedError
from vigo.core.ids import Digest, ServerId, SessionId
from vigo.core.run import OUTCOMES, ResourceResult, Run
from vigo.core.signing import SigningKey, VerifyKey
from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire.messages import (
    CheckIn,
    CheckInAnswer,
    Fingerprint,
    Hello,
    Methods,
    Renewal,
    ReportAnswer,
    SignedRequest,
    run_from_bytes,
    run_to_bytes,
)

TEXTS = st.text(max_size=12)
UUIDS = st.uuids().map(str)
NUMBERS = st.integers(0, 2**64 - 1)
FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
MOMENTS = st.integers(0, (LAST - FIRST) // timedelta(microseconds=1)).map(lambda us: FIRST + timedelta(microseconds=us))
SECONDS = MOMENTS.map(lambda moment: moment.replace(microsecond=0))
BUNDLES = st.builds(
    SignedBundle,
    digest=TEXTS,
    generation=NUMBERS,
    not_after=SECONDS,
    compressed_plan=st.binary(),
    signature=st.binary(),
)
FINGERPRINTS = st.builds(
    Fingerprint, bundle_digest=TEXTS, traits_digest=TEXTS, outcome_digest=TEXTS, secrets_epoch=NUMBERS
)
RESULTS = st.builds(
    ResourceResult,
    id=TEXTS,
    type=TEXTS,
    outcome=st.sampled_from(OUTCOMES),
    changed=st.lists(TEXTS, max_size=3).map(tuple),
    ops=st.lists(TEXTS, max_size=3).map(tuple),
    diff=TEXTS,
    reason=TEXTS,
    duration_ms=st.floats(allow_nan=False),
)
RUNS = st.builds(
    Run,
    id=UUIDS,
    generation=NUMBERS,
    bundle_digest=TEXTS,
    started_at=MOMENTS,
    duration_ms=st.floats(allow_nan=False),
    offline=st.booleans(),
    dropped_runs=NUMBERS,
    results=st.lists(RESULTS, max_size=3).map(tuple),
)
REQUESTS = st.builds(
    SignedRequest,
    server=TEXTS,
    session=TEXTS,
    envoy=UUIDS,
    sequence=NUMBERS,
    body=st.binary(),
    signature=st.binary(),
    protocol=st.integers(0, 2**32 - 1),
)
READERS: dict[str, Callable[[bytes], Any]] = {
    "SignedRequest": SignedRequest.from_bytes,
    "HelloResponse": Hello.from_bytes,
    "CheckInRequest": CheckIn.from_bytes,
    "CheckInResponse": CheckInAnswer.from_bytes,
    "ReportResultRequest": run_from_bytes,
    "ReportResultResponse": ReportAnswer.from_bytes,
    "RenewCertificateRequest": Renewal.from_request_bytes,
    "RenewCertificateResponse": Renewal.from_answer_bytes,
}
EVERY_READER = pytest.mark.parametrize("name", READERS)


@given(REQUESTS)
def test_a_signed_request_is_read_back(request: SignedRequest) -> None:
    assert SignedRequest.from_bytes(request.to_bytes()) == request


@given(TEXTS, TEXTS, NUMBERS)
def test_a_hello_is_read_back(server: str, session: str, sequence: int) -> None:
    hello = Hello(ServerId(server), SessionId(session), sequence)
    assert Hello.from_bytes(hello.to_bytes()) == hello


@given(st.builds(CheckIn, fingerprint=FINGERPRINTS, traits=st.binary(), agent_version=TEXTS))
def test_a_check_in_is_read_back(message: CheckIn) -> None:
    assert CheckIn.from_bytes(message.to_bytes()) == message


@given(
    st.builds(
        CheckInAnswer,
        want_traits=st.booleans(),
        bundle=st.none() | BUNDLES,
        interval=st.none() | st.integers(1, 2**32 - 1).map(lambda seconds: timedelta(seconds=seconds)),
        without_policy=st.booleans(),
    )
)
def test_an_answer_is_read_back(answer: CheckInAnswer) -> None:
    assert CheckInAnswer.from_bytes(answer.to_bytes()) == answer


@given(RUNS)
def test_a_run_is_read_back(run: Run) -> None:
    assert run_from_bytes(run_to_bytes(run)) == run


@given(TEXTS, st.booleans())
def test_short_messages_are_read_back(pem: str, stored: bool) -> None:  # noqa: FBT001 - a drawn value
    assert Renewal.from_request_bytes(Renewal(pem).to_request_bytes()) == Renewal(pem)
    assert Renewal.from_answer_bytes(Renewal(pem).to_answer_bytes()) == Renewal(pem)
    assert ReportAnswer.from_bytes(ReportAnswer(stored).to_bytes()) == ReportAnswer(stored)


def test_an_answer_with_nothing_new_is_empty() -> None:
    assert CheckInAnswer().to_bytes() == b""
    assert CheckInAnswer.from_bytes(b"") == CheckInAnswer()


@EVERY_READER
@given(data=st.binary())
def test_any_bytes_are_a_message_or_invalid(name: str, data: bytes) -> None:
    with suppress(InvalidError):
        READERS[name](data)


@given(RUNS, st.data())
def test_a_damaged_run_is_read_or_invalid(run: Run, data: st.DataObject) -> None:
    content = bytearray(run_to_bytes(run))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with suppress(InvalidError):
        run_from_bytes(bytes(content))


@EVERY_READER
def test_what_is_no_protobuf_is_told_by_the_messages_name(name: str) -> None:
    with pytest.raises(InvalidError, match=f"expected a protobuf {name}, found 3 bytes that are none"):
        READERS[name](b"\xff\xff\xff")


@pytest.mark.parametrize("envoy", ["", "web-1", "A2B4C6D8-0000-4000-8000-000000000000", "../x"])
def test_a_request_of_no_envoy_is_invalid(envoy: str) -> None:
    with pytest.raises(InvalidError, match="UUID"):
        SignedRequest.from_bytes(pb.SignedRequest(envoy=envoy).SerializeToString())


@pytest.mark.parametrize("outcome", [0, 6, 999, -1])
def test_an_outcome_that_no_agent_sends_is_invalid(outcome: int) -> None:
    message = pb.ReportResultRequest(run_id="a2b4c6d8-0000-4000-8000-000000000000")
    message.results.add(outcome=outcome)
    with pytest.raises(InvalidError, match=f"expected one of the outcomes .*, found number {outcome}"):
        run_from_bytes(message.SerializeToString())


@pytest.mark.parametrize("moment", [2**63 - 1, -(2**63)])
def test_a_moment_outside_the_calendar_is_invalid(moment: int) -> None:
    message = pb.ReportResultRequest(run_id="a2b4c6d8-0000-4000-8000-000000000000", started_at_unix_us=moment)
    with pytest.raises(InvalidError, match="between the years 1 and 9999"):
        run_from_bytes(message.SerializeToString())
    with pytest.raises(InvalidError, match="between the years 1 and 9999"):
        CheckInAnswer.from_bytes(pb.CheckInResponse(bundle=pb.Bundle(not_after_unix=moment)).SerializeToString())


@given(BUNDLES)
def test_a_bundle_of_a_rogue_server_is_refused_whatever_it_says(bundle: SignedBundle) -> None:
    keys = (VerifyKey(SigningKey(bytes(32)).public),)
    received = CheckInAnswer.from_bytes(CheckInAnswer(bundle=bundle).to_bytes()).bundle
    assert received is not None
    with pytest.raises(UnauthenticatedError):
        open_bundle(received, keys)


@given(REQUESTS, TEXTS)
def test_the_signature_of_a_request_holds_after_its_journey(request: SignedRequest, method: str) -> None:
    key = SigningKey(bytes(32))
    signed = msgspec.structs.replace(request, signature=key.sign_request(request.fields(method)))
    received = SignedRequest.from_bytes(signed.to_bytes())
    VerifyKey(key.public).verify_request(received.fields(method), received.signature)
    with pytest.raises(UnauthenticatedError):
        VerifyKey(key.public).verify_request(received.fields(method + "x"), received.signature)


def test_method_paths_are_those_of_the_service() -> None:
    service = pb.DESCRIPTOR.services_by_name["Agent"]
    assert set(Methods.ALL) == {f"/{service.full_name}/{method.name}" for method in service.methods}


def test_a_check_in_with_nothing_new_is_small() -> None:
    digest = Digest("a" * 64)
    message = CheckIn(fingerprint=Fingerprint(bundle_digest=digest, traits_digest=digest, outcome_digest=digest))
    assert len(message.to_bytes()) < 256
    assert len(CheckInAnswer(interval=timedelta(minutes=5)).to_bytes()) < 100
