from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.efi_variables import parse_efi_flag


@given(st.binary(min_size=4, max_size=4), st.booleans())
def test_a_flag_stands_behind_the_attributes(attributes: bytes, flag: bool) -> None:  # noqa: FBT001 - a drawn value
    assert parse_efi_flag(attributes + bytes([flag])) is flag


@given(st.binary(max_size=12))
def test_other_bytes_are_no_flag(content: bytes) -> None:
    assert (parse_efi_flag(content) is None) == (len(content) != 5 or content[4] > 1)
