from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.process_table import parse_process

STAT = "10 (a (b) c) S 1 1 1 0 -1 4194560 1 2 3 4 150 75 0 0 20 0 1 0 512 6 7\n"


def test_a_name_may_hold_brackets_and_blanks() -> None:
    found = parse_process(10, STAT, b"/usr/sbin/nginx\0-g\0daemon off;\0")
    assert found is not None
    assert (found.name, found.started_ticks, found.program) == ("a (b) c", 512, "nginx")
    assert found.line == "/usr/sbin/nginx -g daemon off;"
    assert not found.is_ended
    assert not found.is_kernel


def test_without_words_the_kernels_name_counts() -> None:
    found = parse_process(10, STAT.replace(" S 1 ", " Z 2 "), b"")
    assert found is not None
    assert (found.program, found.words, found.is_ended, found.is_kernel) == ("a (b) c", (), True, True)


@given(st.text(), st.binary())
def test_any_text_is_a_process_or_none(stat: str, cmdline: bytes) -> None:
    found = parse_process(1, stat, cmdline)
    assert found is None or found.started_ticks >= 0
