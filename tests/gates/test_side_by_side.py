import subprocess
import sys

from tests.gates.tree import ROOT


def ran(*lines: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools/side_by_side.py"), *lines]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_that_they_print_is_shown_in_their_order() -> None:
    done = ran("sh -c 'echo one'", "sh -c 'echo two; echo three >&2'", "echo four")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("$")]
    assert (done.returncode, lines) == (0, ["one", "two", "three", "four"])


def test_one_that_fails_is_a_failure_of_all() -> None:
    assert [ran(*lines).returncode for lines in (("true", "false"), ("false", "true"), ("true", "sh -c 'exit 3'"))] == [
        1,
        1,
        3,
    ]


def test_one_that_is_killed_is_a_failure_too() -> None:
    assert ran("true", "sh -c 'kill -9 $$'").returncode == 9
