import os
import re
import subprocess

import pytest

from tests.gates.tree import ROOT, files, text

RULE = re.compile(r"^([a-z][a-z0-9-]*):(?!=)(.*)$", re.MULTILINE)
PAGES = ("README.md", "CONTRIBUTING.md")
FENCED = re.compile(r"^```.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)
# In a code block a comment or a second command may follow; between backquotes the command stands alone.
COMMAND = re.compile(r"^[ \t]*(?:\$ )?make ([^#;&|\n]+)", re.MULTILINE)
QUOTED = re.compile(r"`make ([^`\n]+)`")


def test_help_lists_every_target() -> None:
    listed = set(re.findall(r"^make ([a-z0-9-]+) ", _make("help"), re.MULTILINE))
    assert listed == _targets(), "write `## what it does` behind each target of the Makefile"


def test_help_is_what_make_alone_prints() -> None:
    assert _make() == _make("help")


def test_no_target_is_mistaken_for_a_file() -> None:
    phony = set(re.findall(r"^\.PHONY:(.*)$", text("Makefile"), re.MULTILINE)[0].split())
    assert phony == _targets(), "list every target, and no other, behind .PHONY in the Makefile"


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_exist(page: str) -> None:
    asked = _asked(text(page))
    assert asked, f"{page} names no make command: it should tell how the project is run and tested"
    assert asked <= _targets(), f"{page} names commands that the Makefile has not: {sorted(asked - _targets())}"


def test_commands_are_found_in_text_and_in_code_blocks() -> None:
    page = "Run `make one A=1`, or make two.\n```sh\n$ make three  # and more\nmake four && x\n```\nmake five\n"
    assert _asked(page) == {"one", "three", "four"}


def test_the_readme_tells_how_to_run_and_how_to_test() -> None:
    assert "make demo" in text("README.md")
    assert "make test" in text("README.md")


def test_ci_runs_the_test_command_and_nothing_else() -> None:
    commands = [line for line in text(".ci/run").splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["make test"]
    assert os.access(ROOT / ".ci/run", os.X_OK), "run: chmod +x .ci/run"


def test_there_is_one_list_of_commands() -> None:
    others = {"tox.ini", "noxfile.py", "justfile", "Justfile", "tasks.py", "Taskfile.yml", "GNUmakefile", "makefile"}
    assert not [path for path in files() if path.name in others], "put it into the Makefile"


def _asked(page: str) -> set[str]:
    """Return the targets of the make commands that a page names."""
    commands = [*QUOTED.findall(page), *(line for block in FENCED.findall(page) for line in COMMAND.findall(block))]
    return {word for command in commands for word in command.split() if "=" not in word}


def _targets() -> set[str]:
    return {name for name, _ in RULE.findall(text("Makefile"))}


def _make(*arguments: str) -> str:
    # A make above this one would pass its own flags on.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    argv = ["make", "--no-print-directory", *arguments]
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
