import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.elf import machine_of


def _header(machine: int, order: int) -> bytes:
    return b"\x7fELF\x02" + bytes([order]) + bytes(12) + machine.to_bytes(2, "little" if order == 1 else "big")


@pytest.mark.parametrize(
    ("machine", "order", "name"),
    [(62, 1, "x86_64"), (183, 1, "aarch64"), (22, 2, "s390x"), (21, 1, "ppc64le"), (21, 2, "ppc64"), (9999, 1, "")],
)
def test_the_processor_is_named_as_uname_names_it(machine: int, order: int, name: str) -> None:
    assert machine_of(_header(machine, order)) == name


@given(st.binary() | st.binary().map(lambda rest: b"\x7fELF" + rest))
def test_any_content_is_read_without_an_error(data: bytes) -> None:
    assert isinstance(machine_of(data), str)


def test_a_script_or_a_cut_header_has_no_processor() -> None:
    assert machine_of(b"#!/bin/sh\nexit 0\n # and more") == ""
    assert machine_of(_header(62, 1)[:19]) == ""
