"""Each example's page: its commands print what it shows, it names every file, and people find it."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.docs.pages import CHANGED, Block, Section, renewed, sections
from tests.docs.shown import LEFT_OUT, is_as_shown
from tests.examples.gallery import EXAMPLES, FOLDER, PAGE, folder
from tests.gates.tree import ROOT, text
from vigo.cli.main import main

TITLES = ("What it gives", "The files", "What to change", "Try it", "What is not here")
VERBS = {"validate", "test", "render", "trace", "uses"}
_LINK = re.compile(r"\]\(([^)#]+)\)")


def page(name: str) -> str:
    return str(FOLDER / name / PAGE)


def shown(name: str) -> list[tuple[Section, Block]]:
    """Return the blocks of a page that show commands and what they print."""
    return [(one, block) for one in sections(page(name)) for block in one.blocks if block.commands]


def printed(command: str) -> str:
    """Return what a command prints where it is typed at the root of the repository."""
    program, *arguments = shlex.split(command)
    assert program == "vigocli", f"{command}: expected a command of vigocli"
    done = CliRunner(env={"NO_COLOR": "1"}).invoke(main, arguments, prog_name="vigocli")
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_commands_of_a_page_print_what_it_shows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for section, block in shown(name):
        found = [(command, expected, printed(command)) for command, expected in block.commands]
        outputs = [(command, expected if is_as_shown(expected, now) else now) for command, expected, now in found]
        wanted = "".join(f"$ {command}\n{output}" for command, output in outputs)
        if block.text != wanted:
            # What was left out nobody but a person can choose again.
            assert LEFT_OUT not in block.text.splitlines(), f"correct what the page shows of this:\n\n{wanted}"
            assert renewed(section, block, wanted) is not section, f"{CHANGED}\n\n{wanted}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_shows_how_to_check_to_test_and_to_look_at_a_machine(name: str) -> None:
    commands = [shlex.split(command) for _, block in shown(name) for command, _ in block.commands]
    assert {words[2] for words in commands} >= {"validate", "test", "render"}
    assert {words[2] for words in commands} <= VERBS
    assert all(words[words.index("--stacks") + 1] == f"examples/{name}" for words in commands)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_has_the_parts_that_every_page_has(name: str) -> None:
    titles = [one.title for one in sections(page(name))]
    assert [title for title in TITLES if title not in titles] == []
    assert titles[0][0].isupper()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_leads_to_every_file_or_its_folder(name: str) -> None:
    (files,) = (one for one in sections(page(name)) if one.title == "The files")
    named = {Path(link) for link in _LINK.findall(files.text)}
    # A link to one file of a folder that the text names as a folder stands for all of them.
    folders = {Path(link).parent for link, label in _labelled(files.text) if label.endswith("/")}
    inside = [path.relative_to(folder(name)) for path in folder(name).rglob("*") if path.is_file()]
    lost = [str(path) for path in inside if path != Path(PAGE) and path not in named and not folders & {*path.parents}]
    assert lost == [], "name them in the table `The files`"


def test_the_index_and_the_first_page_of_the_repository_lead_to_every_example() -> None:
    assert {link for link in _LINK.findall(text(FOLDER / PAGE)) if link.endswith(PAGE)} >= {
        f"{name}/{PAGE}" for name in EXAMPLES
    }
    assert [name for name in EXAMPLES if f"(examples/{name}/{PAGE})" not in text(PAGE)] == []


def _labelled(page_text: str) -> list[tuple[str, str]]:
    return [(link, label) for label, link in re.findall(r"\[([^\]]+)\]\(([^)#]+)\)", page_text)]
