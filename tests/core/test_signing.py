from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.errors import DamagedError, UnauthenticatedError
from vigo.core.ids import EnvoyId, ServerId, SessionId
from vigo.core.signing import SignedFields, SigningKey, VerifyKey, framed, request_message

KEY = SigningKey(bytes(range(32)))
FIELDS = SignedFields("/m", ServerId("srv"), SessionId("ses"), EnvoyId("env"), 7, b"body")
REQUESTS = st.builds(SignedFields, st.text(), st.text(), st.text(), st.text(), st.integers(0, 2**64 - 1), st.binary())


def test_signatures_are_those_of_the_standard() -> None:
    # RFC 8032, section 7.1, test 2
    key = SigningKey(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    assert key.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@given(st.binary())
def test_a_message_is_accepted_with_its_own_signature(message: bytes) -> None:
    VerifyKey(KEY.public).verify(message, KEY.sign(message))


@given(st.binary(min_size=1), st.integers(0), st.integers(0, 7))
def test_one_flipped_bit_is_refused(message: bytes, place: int, bit: int) -> None:
    changed = bytearray(message)
    changed[place % len(changed)] ^= 1 << bit
    with pytest.raises(UnauthenticatedError, match="does not match"):
        VerifyKey(KEY.public).verify(bytes(changed), KEY.sign(message))


@given(st.binary(max_size=80))
def test_any_other_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(UnauthenticatedError):
        VerifyKey(KEY.public).verify(b"message", signature)


def test_another_keys_signature_is_refused() -> None:
    with pytest.raises(UnauthenticatedError):
        VerifyKey(SigningKey.generate().public).verify(b"message", KEY.sign(b"message"))


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "/n"},
        {"server": "srw"},
        {"session": "set"},
        {"envoy": "enw"},
        {"sequence": 8},
        {"body": b"bodz"},
        {"method": "/ms", "server": "rv"},
        {"envoy": "envbody", "body": b""},
    ],
    ids=str,
)
def test_a_request_is_bound_to_each_of_its_fields(changes: dict[str, object]) -> None:
    signature = KEY.sign_request(FIELDS)
    VerifyKey(KEY.public).verify_request(FIELDS, signature)
    with pytest.raises(UnauthenticatedError):
        VerifyKey(KEY.public).verify_request(FIELDS._replace(**changes), signature)  # type: ignore[arg-type]


@given(REQUESTS, REQUESTS)
def test_different_requests_sign_different_bytes(left: SignedFields, right: SignedFields) -> None:
    assert (request_message(left) == request_message(right)) == (left == right)


@given(st.lists(st.binary()), st.lists(st.binary()))
def test_no_two_lists_of_parts_give_the_same_bytes(left: list[bytes], right: list[bytes]) -> None:
    assert (framed(*left) == framed(*right)) == (left == right)


def test_a_stored_key_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY.to_hex() + "\n")
    assert SigningKey.load(path).public == KEY.public


@pytest.mark.parametrize("text", ["", "zz", "00" * 31, "00" * 33, "é" * 64])
def test_a_damaged_key_file_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    with pytest.raises(DamagedError, match="expected an ed25519 key as 64 hexadecimal digits") as caught:
        SigningKey.load(path)
    assert str(path) in str(caught.value)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_public_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(UnauthenticatedError, match=f"of 32 bytes, found {size}"):
        VerifyKey(bytes(size))
