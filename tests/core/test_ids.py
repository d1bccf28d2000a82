import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core import ids
from vigo.core.errors import InvalidError
from vigo.core.ids import new_envoy_id, new_run_id, parse_envoy_id, parse_run_id

PARSERS = pytest.mark.parametrize("parse", [parse_envoy_id, parse_run_id])


@PARSERS
@given(value=st.uuids())
def test_every_uuid_in_its_canonical_form_is_read_back(parse: object, value: uuid.UUID) -> None:
    assert callable(parse)
    assert parse(str(value)) == str(value)


@PARSERS
@pytest.mark.parametrize(
    "text",
    [
        "",
        "A2B4C6D8-0000-4000-8000-000000000000",
        "a2b4c6d8000040008000000000000000",
        "{a2b4c6d8-0000-4000-8000-000000000000}",
        " a2b4c6d8-0000-4000-8000-000000000000",
        "a2b4c6d8-0000-4000-8000-000000000000\n",
        "a2b4c6d8-0000-4000-8000-00000000000٣",
        "../a2b4c6d8-0000-4000-8000-000000000",
        "x" * 100_000,
    ],
)
def test_anything_else_is_refused_with_what_was_found_in_short(parse: object, text: str) -> None:
    assert callable(parse)
    with pytest.raises(InvalidError, match="UUID") as caught:
        parse(text)
    assert len(str(caught.value)) < 200


def test_new_ids_are_read_back_and_differ() -> None:
    envoys = {new_envoy_id() for _ in range(100)}
    runs = {new_run_id() for _ in range(100)}
    assert len(envoys) == len(runs) == 100
    assert {parse_envoy_id(one) for one in envoys} == envoys
    assert {parse_run_id(one) for one in runs} == runs


def test_run_ids_are_version_7_and_sort_by_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for milliseconds in (0, 1, 1_900_000_000_000, 2**48 - 1):
        monkeypatch.setattr(ids, "_now_milliseconds", lambda now=milliseconds: now)
        made.append(new_run_id())
    assert made == sorted(made)
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in made} == {(7, uuid.RFC_4122)}
