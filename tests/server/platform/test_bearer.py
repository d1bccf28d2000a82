import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.errors import UnauthenticatedError
from vigo.server.platform.auth.bearer import bearer_token


def test_a_token_is_taken_from_its_header_in_any_case() -> None:
    assert bearer_token([(b"authorization", b"Bearer abc")]) == "abc"
    assert bearer_token([(b"Authorization", b"bEARER  abc ")]) == "abc"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"Bearer abc"), (b"authorization", b"Bearer abc")],
        [(b"authorization", b"Basic abc")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", b"Bearer a b")],
        [(b"authorization", b"Bearer " + b"a" * 100_000)],
        [(b"authorization", b"Bearer \xff\x00")],
    ],
)
def test_anything_else_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(UnauthenticatedError):
        bearer_token(headers)


@given(st.lists(st.tuples(st.just(b"authorization"), st.binary(max_size=50)), max_size=3))
def test_no_header_does_anything_but_pass_or_be_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with contextlib.suppress(UnauthenticatedError):
        assert bearer_token(headers)
