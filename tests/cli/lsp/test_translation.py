from pathlib import Path

from lsprotocol import types

from vigo.cli.lsp.looking import Looker, encoded, overlaid
from vigo.cli.lsp.translation import MOST_ITEMS, completion_list
from vigo.policy.diagnostics import Diagnostic
from vigo.policy.editing.offers import Completion
from vigo.policy.editing.texts import Span, Text
from vigo.policy.sources import Sources

PLAIN = types.MarkupKind.PlainText


def test_completions_keep_their_order_and_replace_what_is_in_the_line() -> None:
    text = Text("a\nbcd\ne")
    found = [
        Completion("z", "key", Span(2, 5), rank="first"),
        Completion("b", "key", Span(0, 7)),
        Completion("a", "key", Span(2, 5), rank="last"),
    ]
    listed = completion_list(found, text, 4, "utf-16", PLAIN)
    assert not listed.is_incomplete
    assert [one.label for one in sorted(listed.items, key=lambda one: one.sort_text or "")] == ["z", "b", "a"]
    for one in listed.items:
        assert isinstance(one.text_edit, types.TextEdit)
        assert one.text_edit.range == types.Range(types.Position(1, 0), types.Position(1, 3))


def test_of_very_many_completions_those_are_sent_that_have_what_was_typed() -> None:
    text = Text("x: ab")
    found = [Completion(f"{letter}{number}", "name", Span(3, 5)) for number in range(2000) for letter in ("ab", "cd")]
    listed = completion_list(found, text, 5, "utf-16", PLAIN)
    assert listed.is_incomplete
    assert len(listed.items) == MOST_ITEMS
    assert {one.label[:2] for one in listed.items} == {"ab"}


def test_a_text_in_the_editor_counts_and_what_cannot_be_read_stays_so() -> None:
    problem = Diagnostic(severity="error", code="unreadable", message="a link", file="b.vgo", line=1, column=1)
    sources = overlaid(Sources({"a.vgo": b"1"}, (problem,)), {"a.vgo": "2", "b.vgo": "3", "c.vgo": "4"})
    assert sources.files == {"a.vgo": b"2", "c.vgo": b"4"}
    assert sources.problems == (problem,)
    assert encoded("a\ud83d") == b"a?"


def test_a_folder_that_is_not_there_is_told_and_the_texts_are_read(tmp_path: Path) -> None:
    looker = Looker(tmp_path / "gone")
    seen = looker.look({"envoys.vgo": "envoys: 1\n"}, "utf-16")
    assert {name: [one.code for one in found] for name, found in seen.findings.items()} == {
        ".": ["unreadable"],
        "envoys.vgo": ["type"],
    }
