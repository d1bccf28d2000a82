"""What pages say of commands can be typed: nouns, verbs, options, arguments and the types of their values exist."""

import re
import shlex

import pytest

from tests.docs.command_lines import PROGRAMS, commands_in, problem_of
from tests.docs.pages import pages, prose, sections

QUOTED = re.compile(rf"`((?:{'|'.join(PROGRAMS)})(?: [^`\n]+)?)`")
SHELL = {"sh", "ini"}


@pytest.mark.parametrize("page", pages())
def test_the_commands_in_a_page_can_be_typed(page: str) -> None:
    blocks = [block for one in sections(page) for block in one.blocks]
    scripts = [block.text for block in blocks if block.language in SHELL and not block.files]
    typed = [words for script in scripts for words in commands_in(_of_units(script))]
    assert [f"{shlex.join(words)}: {problem}" for words in typed if (problem := problem_of(words, is_whole=True))] == []


@pytest.mark.parametrize("page", pages())
def test_the_commands_that_the_text_names_exist(page: str) -> None:
    named = [words for command in QUOTED.findall(prose(page)) for words in commands_in(command)]
    assert [f"{' '.join(words)}: {problem}" for words in named if (problem := problem_of(words, is_whole=False))] == []


def test_commands_are_found_in_shell_text() -> None:
    script = (
        "vigosrv run --data-dir ./a > b.log 2>&1 &\n"
        "cat > x <<'VGO'\nvigocli not this\nVGO\n"
        "/opt/vigo/bin/vigocli envoys list  # who has it\n"
        "mkdir a && $(vigocli tokens create --ttl 1h) \\\n  --root ./a\n"
        "vigocli config status --json | jq .live\n"
        "VIGO_DATA_DIR=. vigo run -v\n"
    )
    assert [" ".join(words) for words in commands_in(script)] == [
        "vigosrv run --data-dir ./a",
        "vigocli envoys list",
        "vigocli tokens create --ttl 1h",
        "vigocli config status --json",
        "vigo run -v",
    ]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("vigocli config publish", "Missing option '-m'"),
        ("vigocli config publish --massage x", "No such option '--massage'"),
        ("vigocli config rolback 1", "No such command 'rolback'"),
        ("vigocli config rollback one", "'one' is not a valid integer range"),
        ("vigocli config rollback", "Missing argument 'N'"),
        ("vigocli config freeze --until soon -m x", "found 'soon'"),
        ("vigocli config history old", "expected no argument 'old'"),
        ("vigocli config", "expected a verb"),
        ("vigo runs", "No such command 'runs'"),
        ("vigosrv --data-dir x", "No such option '--data-dir'"),
    ],
)
def test_a_command_that_nobody_can_type_is_noticed(command: str, problem: str) -> None:
    assert problem in (problem_of(command.split(), is_whole=True) or "")


@pytest.mark.parametrize(
    "command", ["vigocli config publish", "vigocli config rollback N", "vigocli config trace HOST NAME", "vigo"]
)
def test_a_command_that_is_named_needs_no_arguments(command: str) -> None:
    assert problem_of(command.split(), is_whole=False) is None


def _of_units(script: str) -> str:
    """Return a unit of systemd as shell text: what stands behind `ExecStart=` is a command."""
    return re.sub(r"^Exec\w+=", "", script, flags=re.MULTILINE)
