import pytest

from vigo.cli.terminal.table import Cell, print_table


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_columns_are_aligned_and_lines_have_no_end_of_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("A", "LONG"), [("longer", "x"), (Cell("y", "red"), "")])
    assert lines(capsys) == ["A       LONG", "longer  x", "y"]


def test_markup_and_escapes_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("A",), [("[red]x[/red] :smile:",), ("\x1b[31m\ty\nz",)])
    assert lines(capsys)[1:] == ["[red]x[/red] :smile:", "\\x1b[31m y\\nz"]


def test_a_row_in_a_pipe_is_one_line_however_long_and_wide(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 2_000 + "end"
    print_table(("A", "B"), [(long, "宽" * 300), ("x", "y")])
    found = lines(capsys)
    assert len(found) == 3
    assert found[1].startswith(long)
    assert found[1].endswith("宽" * 300)
