import hashlib
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.encoding import decode, digest, digest_of, encode
from vigo.core.errors import DamagedError
from vigo.core.plan import Plan
from vigo.core.run import Run

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


class Pair(msgspec.Struct, frozen=True):
    left: int
    right: str = ""


@given(VALUES)
def test_what_is_encoded_is_read_back(value: Any) -> None:
    assert decode(encode(value), object) == value


@given(st.dictionaries(st.text(), VALUES))
def test_equal_maps_have_equal_bytes_whatever_their_order(value: dict[str, Any]) -> None:
    other = dict(reversed(value.items()))
    assert encode(other) == encode(value)
    assert digest_of(other) == digest_of(value)


@given(VALUES, VALUES)
def test_different_values_have_different_bytes(left: Any, right: Any) -> None:
    if encode(left) == encode(right):
        assert left == right


def test_a_structure_and_its_map_have_the_same_bytes() -> None:
    assert encode(Pair(1, "x")) == encode({"right": "x", "left": 1})


@pytest.mark.parametrize("as_type", [object, dict, Pair, Plan, Run])
@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_value_or_damaged(as_type: type, data: bytes) -> None:
    with suppress(DamagedError):
        decode(data, as_type)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa1\xff",
        b"\x91" * 1_000_000,
        b"\x81\xa4left\xa1x",
        encode(Pair(1))[:-1],
        encode(Pair(1)) + b"\0",
        b"\xc7\x0c\xff" + b"\xff" * 12,
        b"\xdd\xff\xff\xff\xff",
    ],
    ids=["empty", "utf8", "depth", "type", "cut", "longer", "time", "length"],
)
def test_damage_is_told_with_what_was_expected(data: bytes) -> None:
    with pytest.raises(DamagedError, match=rf"expected an encoded \w+, found {len(data)} bytes that are none"):
        decode(data, object if data[:1] in (b"\xa1", b"\x91", b"\xc7") else Pair)


@given(st.binary())
def test_a_digest_is_sha_256_in_lower_case(data: bytes) -> None:
    assert digest(data) == hashlib.sha256(data).hexdigest()


def test_the_form_never_changes() -> None:
    value = {"b": [1, 2.5, None, True], "a": "text", "c": {"z": b"\0", "y": -1}}
    assert encode(value).hex() == ("83a161a474657874a1629401cb4004000000000000c0c3a16382a179ffa17ac40100")
