import pytest

from tests.policy.conftest import compiled
from vigo.policy.editing.marks import mark, word_at
from vigo.policy.editing.texts import Text


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("mode: ¦0644 # why", "0644"),
        ("¦modde: 1", "modde"),
        ("[a, ¦web-1.example.com, b]", "web-1.example.com"),
        ("match: ¦'web-* x'", "'web-* x'"),
        ('match: ¦"a \\" b" c', '"a \\" b"'),
        ("x: ¦'not closed", "'"),
        ("- ¦{name: a, type: 'fi}le'}", "{name: a, type: 'fi}le'}"),
        ("- ¦{name: a,", "{"),
        ("when: ¦vars.port < 1", "vars.port"),
        ("- ¦- a", "-"),
        ("last  ¦", "last"),
        ("a ¦  b", "b"),
        ("a\n¦\nb", "\n"),
        ("a\n¦", "\n"),
        ("¦", ""),
    ],
)
def test_a_finding_marks_the_word_that_begins_there(text: str, marked: str) -> None:
    content = text.replace("¦", "")
    span = word_at(Text(content), text.index("¦"))
    assert content[span.start : span.end] == marked


def test_a_mark_says_what_to_do_as_well() -> None:
    (one,) = compiled({"envoys.vgo": 'envoys: [{match: "*", role: [a]}]\n'}).diagnostics
    found = mark(Text('envoys: [{match: "*", role: [a]}]\n'), one)
    assert (found.severity, found.code) == ("error", "unknown-key")
    assert found.message == f"{one.message}\nhint: {one.hint}"
