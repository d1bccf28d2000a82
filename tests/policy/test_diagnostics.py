from vigo.core.plan import Origin
from vigo.policy.diagnostics import MOST_DIAGNOSTICS, Diagnostic, Findings, SourceLines, as_lines, as_text


def findings(text: str = "") -> Findings:
    return Findings(SourceLines({"a.vgo": text.encode()}))


def diagnostic(source_line: str | None, column: int = 1, message: str = "wrong") -> Diagnostic:
    return Diagnostic(
        severity="error", code="x", message=message, file="a.vgo", line=2, column=column, source_line=source_line
    )


def test_a_finding_is_shown_with_its_line_a_caret_and_its_hint() -> None:
    found = findings("a: 1\nport: x\n")
    found.error(Origin("a.vgo", 2, 7), "type", "expected a number, found 'x'", hint="write one")
    assert as_text(found.diagnostics()) == (
        "a.vgo:2:7: error: expected a number, found 'x'\n    port: x\n          ^\n    hint: write one\n"
    )


def test_without_a_line_only_the_message_is_shown() -> None:
    assert as_lines(diagnostic(None)) == ["a.vgo:2:1: error: wrong"]
    assert as_lines(diagnostic("   ")) == ["a.vgo:2:1: error: wrong"]


def test_a_caret_beyond_the_shown_part_is_left_out() -> None:
    assert as_lines(diagnostic("abc", column=9)) == ["a.vgo:2:1: error: wrong".replace(":1:", ":9:"), "    abc"]


def test_a_file_cannot_write_to_the_terminal() -> None:
    lines = as_lines(diagnostic("\x1b[2Ja\tb\u202ec", column=5, message="found \x1b]0;x\x07"))
    assert lines[0] == "a.vgo:2:5: error: found \ufffd]0;x\ufffd"
    assert lines[1] == "    \ufffd[2Ja b\ufffdc"
    assert lines[2] == "        ^"


def test_findings_are_sorted_by_place() -> None:
    found = Findings(SourceLines({}))
    for place in (Origin("b", 1, 1), Origin("a", 10, 1), Origin("a", 2, 5), Origin("a", 2, 4)):
        found.warning(place, "x", "y")
    assert [f"{one.file}:{one.line}:{one.column}" for one in found.diagnostics()] == [
        "a:2:4",
        "a:2:5",
        "a:10:1",
        "b:1:1",
    ]
    assert not found.has_errors


def test_the_same_finding_is_told_once_with_its_entries() -> None:
    found = findings()
    for line in (3, 5, 5, 9):
        found.error(Origin("a.vgo", 1), "x", "wrong", entry=Origin("e.vgo", line))
    (one,) = found.diagnostics()
    assert one.message == "wrong (for the entry e.vgo:3 and 2 more)"


def test_their_number_is_bounded_and_warnings_do_not_hide_errors() -> None:
    found = findings()
    for line in range(1, 3 * MOST_DIAGNOSTICS):
        found.warning(Origin("a.vgo", line), "x", "odd")
    for line in range(1, 3 * MOST_DIAGNOSTICS):
        found.error(Origin("a.vgo", line), "x", "wrong")
    told = found.diagnostics()
    assert len(told) == MOST_DIAGNOSTICS + 1
    assert sum(one.message == "wrong" for one in told) == MOST_DIAGNOSTICS // 2
    assert told[-1].severity == "error"
    assert "more were found and are not shown" in told[-1].message


def test_a_long_line_and_a_long_message_are_cut() -> None:
    found = findings("x" * 10_000)
    found.error(Origin("a.vgo", 1, 1), "x", "y" * 10_000)
    (one,) = found.diagnostics()
    assert len(one.source_line or "") < 300
    assert len(one.message) <= 2_000
