import json

from hypothesis import given
from hypothesis import strategies as st

from vigo.cli.terminal.json_text import print_json

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


@given(value=st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_holds_what_was_sent_and_nothing_that_a_terminal_obeys(value: object) -> None:
    import io  # noqa: PLC0415 - a fixture would be shared by all examples
    from contextlib import redirect_stdout  # noqa: PLC0415 - the same

    buffer = io.StringIO()
    with redirect_stdout(buffer):
        print_json(value)
    text = buffer.getvalue()
    assert json.loads(text) == value
    assert not set(text.replace("\n", "")) & {*BIDI, *map(chr, range(32)), *map(chr, range(127, 160))}
