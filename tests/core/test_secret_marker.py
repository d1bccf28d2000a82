import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.encoding import decode, encode, encode_as_written
from vigo.core.errors import DamagedError, InvalidError
from vigo.core.secret_marker import (
    MOST_CHARACTERS,
    SecretMarker,
    is_reference,
    marker_named,
    marker_of,
    markers_in,
    revealed,
    to_reference,
    written,
)

names = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}\Z")
markers = st.builds(SecretMarker, st.lists(names, min_size=1, max_size=3).map("/".join), names)


@given(markers)
def test_a_marker_is_what_its_reference_says(marker: SecretMarker) -> None:
    assert marker_of(str(marker)) == marker == marker_named(marker.name)
    assert is_reference(str(marker))
    assert hash(marker) == hash(marker_of(str(marker)))


@given(markers)
def test_a_marker_travels_as_itself_and_no_text_becomes_one(marker: SecretMarker) -> None:
    plan = {"direct": marker, "list": [1, marker], "text": str(marker)}
    for data in (encode(plan), encode_as_written(plan)):
        assert decode(data, dict) == plan
    assert not list(markers_in(decode(encode({"text": str(marker)}), dict)))
    assert msgspec.json.decode(msgspec.json.encode(plan, enc_hook=to_reference)) == written(plan)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        "../a",
        "a/../b",
        "a/.b",
        "-a",
        "a b",
        "a\0",
        "ä",
        "a#",
        "a#b#c",
        "a#.b",
        "a\n",
        "a@b",
    ],
)
def test_what_could_be_another_path_is_no_name(name: str) -> None:
    with pytest.raises(InvalidError, match="expected the"):
        marker_named(name)


def test_a_name_is_bounded() -> None:
    assert SecretMarker("a" * MOST_CHARACTERS).name
    with pytest.raises(InvalidError):
        SecretMarker("a" * (MOST_CHARACTERS + 1))


@pytest.mark.parametrize(
    "ext", [msgspec.msgpack.Ext(1, b"../x"), msgspec.msgpack.Ext(1, b"\xff"), msgspec.msgpack.Ext(2, b"a")]
)
def test_a_damaged_marker_is_damage(ext: msgspec.msgpack.Ext) -> None:
    with pytest.raises(DamagedError):
        decode(msgspec.msgpack.encode({"x": ext}), dict)


@pytest.mark.parametrize("text", ["secret:", "secret: a", "a secret:b", "secret:a\nb", "Secret:a"])
def test_a_text_that_only_holds_the_word_is_none(text: str) -> None:
    assert not is_reference(text)


def test_only_known_markers_are_revealed() -> None:
    known, other = SecretMarker("a"), SecretMarker("b")
    value = {"x": [known, other], "y": {"z": known}, "n": 1}
    assert revealed(value, {known: "v"}) == {"x": ["v", other], "y": {"z": "v"}, "n": 1}
