"""Small stacks with the whole of what they compile to: the plan of each entry, and the text of the diagnostics."""

import os
from pathlib import Path

import pytest

from tests.policy.golden_cases import GOLDEN, outcome_of, read_golden, write_outputs

PATHS = sorted(GOLDEN.rglob("*.yaml"))
REWRITE = "VIGO_WRITE_EXPECTED"
CHANGED = (
    f"{{}} compiles to something else. Read the difference as an operator at night would; where it is better, run"
    f" `{REWRITE}=1 .venv/bin/pytest tests/policy/test_golden.py` and commit the files"
)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(GOLDEN).with_suffix("")))
def test_stacks_compile_to_what_is_written_down(path: Path, tmp_path: Path) -> None:
    found = outcome_of(read_golden(path), tmp_path)
    if os.environ.get(REWRITE):
        write_outputs(path, found.outputs)
    assert found.outputs == read_golden(path).outputs, CHANGED.format(path.relative_to(GOLDEN))
