"""Stacks that are broken in the ways that people break them, each with the whole of what `config validate` prints."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from vigo.cli.main import main

BROKEN = Path(__file__).parent / "broken"
FOLDERS = sorted(path for path in BROKEN.iterdir() if path.is_dir())
EXPECTED = "expected.txt"
REWRITE = "VIGO_WRITE_EXPECTED"
CHANGED = (
    f"{{}} prints something else now. Read it as an operator at night would; where it is better, run `{REWRITE}=1"
    " .venv/bin/pytest tests/policy/test_broken_stacks.py` and commit the files"
)
LEAST = 30


def test_there_are_enough_ways_to_break_stacks() -> None:
    assert len(FOLDERS) >= LEAST


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_broken_stacks_are_told_as_it_is_written_down(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    done = CliRunner().invoke(main, ["config", "validate", "--stacks", folder.name], prog_name="vigocli")
    printed = done.stderr + done.stdout
    expected = folder / EXPECTED
    if os.environ.get(REWRITE):
        expected.write_text(printed, encoding="utf-8")
    assert expected.exists(), CHANGED.format(folder.name)
    assert printed == expected.read_text(encoding="utf-8"), CHANGED.format(folder.name)
    assert done.exit_code == (1 if ": error: " in printed else 0)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_broken_stacks_are_told_with_a_place_that_is_there(folder: Path) -> None:
    found = [line for line in (folder / EXPECTED).read_text(encoding="utf-8").splitlines() if not line.startswith(" ")]
    *places, total = found
    assert places, "expected at least one finding"
    assert total.startswith(f"{folder.name}: ")
    for place in places:
        file, line, column = place.split(": ")[0].split(":")
        lines = (folder / file).read_bytes().decode(errors="replace").split("\n")
        assert 1 <= int(column) <= len(lines[int(line) - 1]) + 1
