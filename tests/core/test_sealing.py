import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigo.core.errors import InvalidError
from vigo.core.sealing import MLKEM768_BYTES, Reader, SealingKeys, context_of_value, seal


@pytest.mark.parametrize("kind", ["hybrid", "plain"])
def test_only_its_reader_opens_what_is_sealed_and_only_in_its_context(kind: str) -> None:
    reader, other = Reader(hybrid=kind == "hybrid"), Reader(hybrid=kind == "hybrid")
    assert reader.keys.is_hybrid == (kind == "hybrid")
    sealed = seal(b"value", reader.keys, b"context")
    assert reader.open(sealed, b"context") == b"value"
    for opened_by, data, context in (
        (other, sealed, b"context"),
        (reader, sealed, b"another"),
        (reader, sealed[:-1], b"context"),
        (reader, sealed[:-1] + bytes([sealed[-1] ^ 1]), b"context"),
        (reader, b"", b"context"),
    ):
        with pytest.raises(InvalidError, match="sealed to the key of this request"):
            opened_by.open(data, context)


def test_a_hybrid_reader_takes_nothing_that_is_sealed_to_half_of_its_key() -> None:
    reader = Reader()
    half = seal(b"value", SealingKeys(x25519=reader.keys.x25519), b"")
    with pytest.raises(InvalidError):
        reader.open(half, b"")


def test_the_same_value_is_never_sealed_alike() -> None:
    reader = Reader()
    assert seal(b"value", reader.keys, b"") != seal(b"value", reader.keys, b"")


@settings(max_examples=50)
@given(st.binary(max_size=40), st.one_of(st.just(b""), st.binary(max_size=40), st.just(bytes(MLKEM768_BYTES))))
def test_foreign_keys_are_refused_or_used_and_never_a_crash(x25519: bytes, mlkem768: bytes) -> None:
    problem, sealed = "", b""
    try:
        sealed = seal(b"value", SealingKeys(x25519=x25519, mlkem768=mlkem768), b"")
    except InvalidError as error:
        problem = str(error)
    assert b"value" not in sealed
    assert bool(sealed) != ("expected a key of 32 bytes" in problem)


def test_values_of_two_paths_are_bound_to_different_contexts() -> None:
    assert context_of_value("a") != context_of_value("b")
