from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.archive_record import ArchiveRecord, parse_record, record_text
from vigo.core.errors import InvalidError

DIGEST = "ab" * 32
NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda one: one not in (".", "..", ".vigo-archive")
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(st.lists(PATHS), st.lists(PATHS), st.booleans())
def test_what_is_recorded_is_read_again(files: list[str], directories: list[str], made: bool) -> None:  # noqa: FBT001 - drawn
    record = ArchiveRecord(
        sha256=DIGEST, strip=2, uid=7, gid=0, made=made, files=tuple(files), directories=tuple(directories)
    )
    assert parse_record(record_text(record)) == record
    unfinished = record.unfinished(record)
    assert parse_record(record_text(unfinished)) == unfinished
    assert record.is_whole
    assert not unfinished.is_whole


@given(st.binary())
def test_any_content_is_a_record_or_refused(content: bytes) -> None:
    with suppress(InvalidError):
        parse_record(content)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", ".", "..", "a\0b", ".vigo-archive", "a/.."]
)
def test_a_record_names_nothing_outside_of_its_folder(path: str) -> None:
    for field in ("files", "directories"):
        text = msgspec.json.encode({"sha256": DIGEST, field: [path]})
        with pytest.raises(InvalidError, match="inside of the folder"):
            parse_record(text)


@pytest.mark.parametrize("digest", ["a", "AB" * 32, DIGEST + "\n", None, 1])
def test_a_record_has_a_digest_or_none_while_it_changes(digest: object) -> None:
    with pytest.raises(InvalidError):
        parse_record(msgspec.json.encode({"sha256": digest}))


def test_while_it_changes_a_record_names_all_that_may_be_there() -> None:
    new = ArchiveRecord(sha256=DIGEST, files=("a", "b"), directories=("d",))
    former = ArchiveRecord(sha256="cd" * 32, files=("b", "c"), directories=("e",))
    both = new.unfinished(former)
    assert (both.files, both.directories) == (("a", "b", "c"), ("d", "e"))
