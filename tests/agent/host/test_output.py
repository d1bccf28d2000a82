import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.agent.host.output import BoundedOutput


@pytest.mark.parametrize("step", [1, 7, 100])
def test_the_first_and_the_last_of_an_output_are_kept(step: int) -> None:
    output, data = BoundedOutput(20), b"".join(b"%03d " % number for number in range(100))
    for start in range(0, len(data), step):
        output.add(data[start : start + step])
    assert output.text() == "000 001 00\n... 380 bytes left out ...\n7 098 099 "


def test_undecodable_bytes_are_replaced() -> None:
    output = BoundedOutput(20)
    output.add(b"a\xffb" * 5)
    assert output.text() == "a\ufffdb" * 5


@given(parts=st.lists(st.text("ab", max_size=30), max_size=20))
def test_however_it_comes_the_same_is_kept(parts: list[str]) -> None:
    output, whole = BoundedOutput(20), "".join(parts)
    for part in parts:
        output.add(part.encode())
    dropped = max(0, len(whole) - 20)
    assert output.dropped_bytes == dropped
    shown = whole[:10] + f"\n... {dropped} bytes left out ...\n" + whole[-10:]
    assert output.text() == (shown if dropped else whole)
