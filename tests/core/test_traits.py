from contextlib import suppress
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from vigo.core import traits as module
from vigo.core.encoding import encode
from vigo.core.errors import DamagedError, TooLargeError
from vigo.core.traits import MAX_TRAITS_BYTES, Traits, pack_traits, unpack_traits, unpacked_bytes

FACTS = st.dictionaries(st.text(max_size=6), st.integers(0, 9) | st.text(max_size=9) | st.lists(st.text(max_size=3)))


@given(st.dictionaries(st.text(max_size=6), FACTS))
def test_packed_traits_are_read_back(traits: dict[str, dict[str, Any]]) -> None:
    assert unpack_traits(pack_traits(traits)) == traits


@given(st.binary())
def test_any_bytes_are_traits_or_refused(data: bytes) -> None:
    for packed in (data, zstandard.compress(data)):
        with suppress(DamagedError, TooLargeError):
            unpack_traits(packed)


@pytest.mark.parametrize("value", [[], {"os": 3}, {"os": {1: 2}}, "x", None])
def test_a_value_that_is_no_map_of_sets_is_damaged(value: object) -> None:
    with pytest.raises(DamagedError):
        unpack_traits(zstandard.compress(msgspec.msgpack.encode(value)))


def test_too_many_traits_are_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TRAITS_BYTES", 100)
    assert unpack_traits(pack_traits({"a": {"b": "x" * 80}}))
    with pytest.raises(TooLargeError, match="at most 100 bytes of traits, found 1"):
        pack_traits({"a": {"b": "x" * 101}})


def test_a_frame_that_would_take_too_much_memory_is_not_decompressed() -> None:
    bomb = zstandard.compress(bytes(module.MAX_TRAITS_BYTES + 1))
    unknown = zstandard.ZstdCompressor(write_content_size=False).compress(encode({}))
    for data in (bomb, unknown):
        with pytest.raises(TooLargeError, match="a frame that says otherwise"):
            unpack_traits(data)


def test_a_cut_frame_is_damaged() -> None:
    with pytest.raises(DamagedError, match="that are none"):
        unpack_traits(pack_traits({"os": {"family": "debian"}})[:-1])


def test_nesting_without_end_is_damaged() -> None:
    deep = b"\x81\xa1a\x81\xa1b" + b"\x91" * 1_000_000
    with pytest.raises(DamagedError):
        unpack_traits(zstandard.compress(deep))


def test_packed_traits_say_what_they_take_before_they_are_unpacked() -> None:
    traits: Traits = {"os": {"zeros": [0] * 1_000_000}}
    assert unpacked_bytes(pack_traits(traits)) == len(encode(traits)) > 1_000_000
    for refused in (b"", b"no zstd", zstandard.ZstdCompressor().compress(bytes(MAX_TRAITS_BYTES + 1))):
        assert unpacked_bytes(refused) == 0
