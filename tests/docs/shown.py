"""Commands that a page shows with what they print, typed at a desk whose data folder holds the stacks of a section."""

import re
import shlex
import shutil
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from tests.cli.desk import Desk
from tests.docs.pages import Block, Section, sections
from vigo.cli.main import main

OFFLINE = {"validate", "trace", "uses", "test", "render"}
"""The verbs of `vigocli config` that ask no server."""

LEFT_OUT = "..."
"""A line that stands for any lines."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
_AGE = re.compile(r"\b(?:now|in \d+ (?:second|minute|hour|day)s?|\d+ (?:second|minute)s? ago)\b")


class Shown(NamedTuple):
    """A block of commands, and the stacks that they are about."""

    section: Section
    block: Block

    @property
    def stacks(self) -> dict[str, str]:
        """The files of its section, or of the one that it names."""
        if self.block.of is None:
            return self.section.stacks
        return next(one.stacks for one in sections(self.section.page) if one.title == self.block.of)

    def __str__(self) -> str:
        return f"{self.section}: {self.block.commands[0][0]}"


def shown(page: str) -> Iterator[Shown]:
    """Yield the blocks of commands of a page, in their order."""
    for section in sections(page):
        yield from (Shown(section, block) for block in section.blocks if block.commands)


def needs_server(command: str) -> bool:
    """Return whether a server has to run for a command."""
    words = shlex.split(command)
    return words[:2] != ["vigocli", "config"] or words[2] not in OFFLINE


def sit_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go into the data folder of a desk, so that what is printed has no path of this test in it."""
    desk.server.folder.root.mkdir(exist_ok=True)
    desk.environment["VIGO_DATA_DIR"] = "."
    monkeypatch.chdir(desk.server.folder.root)


def lay_out(desk: Desk, files: dict[str, str]) -> None:
    """Write stacks in place of what the data folder holds."""
    shutil.rmtree(desk.server.folder.stacks, ignore_errors=True)
    for name, content in files.items():
        path = desk.server.folder.stacks / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def printed(desk: Desk, command: str) -> str:
    """Return what a command prints, on both outputs as a terminal mixes them."""
    program, *arguments = shlex.split(command)
    assert program == "vigocli", f"{command}: expected a command of vigocli; others are not run"
    done = CliRunner(env=desk.environment).invoke(main, arguments, prog_name="vigocli")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def is_as_shown(expected: str, found: str) -> bool:
    """Return whether an output is what a page shows, but for moments, and how long ago something was.

    A line `...` stands for any lines that the page leaves out.

    >>> is_as_shown("live, 2027-01-04 09:00:00 UTC, now", "live, 2026-11-26 10:21:07 UTC, 3 seconds ago")
    True
    >>> is_as_shown("generation 1", "generation 2")
    False
    """
    lines = _without_moments(expected).splitlines()
    pattern = "".join("(?:.*\n)*?" if line == LEFT_OUT else f"{re.escape(line)}\n" for line in lines)
    told = "".join(f"{line}\n" for line in _without_moments(found).splitlines())
    return re.fullmatch(pattern, told) is not None


def _without_moments(text: str) -> str:
    told = _AGE.sub("AGE", _MOMENT.sub("MOMENT", text))
    # A column of a table is as wide as the longest age in it.
    return re.sub(" {2,}", "  ", told) if "AGE" in told else told
