"""What a page shows of a command is what the command prints, on the stacks that the page shows."""

import pytest

from tests.cli.desk import Desk
from tests.docs.pages import CHANGED, pages, renewed
from tests.docs.shown import LEFT_OUT, Shown, is_as_shown, lay_out, needs_server, printed, shown

# The pages of examples are about the stacks beside them: tests/examples follows these.
EVERY = [(page, list(shown(page))) for page in pages("README.md", "docs")]
SESSIONS = {
    page: blocks
    for page, blocks in EVERY
    if any(needs_server(command) for one in blocks for command, _ in one.block.commands)
}
ALONE = [one for page, blocks in EVERY for one in blocks if page not in SESSIONS]


@pytest.mark.parametrize("one", ALONE, ids=str)
def test_a_command_that_asks_no_server_prints_what_the_page_shows(desk: Desk, one: Shown) -> None:
    lay_out(desk, one.stacks)
    _follow(desk, one)


@pytest.mark.parametrize("page", SESSIONS)
def test_the_commands_of_a_page_with_a_server_print_what_it_shows_in_their_order(desk: Desk, page: str) -> None:
    desk.do(desk.server.start())
    try:
        for one in SESSIONS[page]:
            if one.stacks:
                lay_out(desk, one.stacks)
            _follow(desk, one)
    finally:
        desk.do(desk.server.stop())


def test_the_guide_shows_commands_with_and_without_a_server() -> None:
    assert ALONE
    assert SESSIONS


def test_an_output_is_compared_word_for_word_but_for_moments() -> None:
    assert is_as_shown("live  2027-01-04 09:00:00 UTC, now\n", "live  2026-11-26 10:21:07 UTC, 3 seconds ago\n")
    assert is_as_shown("1  now  admin\n", "1  13 seconds ago  admin\n")
    assert not is_as_shown("live  2027-01-04\n", "live  2026-11-26\n")
    assert not is_as_shown("one  two\n", "one   two\n")


def test_lines_that_a_page_leaves_out_are_not_compared() -> None:
    assert is_as_shown("one\n...\nfour\n", "one\ntwo\nthree\nfour\n")
    assert is_as_shown("one\n...\n", "one\n")
    assert not is_as_shown("one\n...\nfour\n", "one\ntwo\n")
    assert not is_as_shown("one ...\n", "one two\n")


def _follow(desk: Desk, one: Shown) -> None:
    typed = [(command, expected, printed(desk, command)) for command, expected in one.block.commands]
    differing = [f"$ {command}\n{found}" for command, expected, found in typed if not is_as_shown(expected, found)]
    section = one.section
    if differing and not any(LEFT_OUT in expected.splitlines() for _, expected, _ in typed):
        # What is right stays as it is: its moments are those of the page.
        kept = [(command, shown_ if is_as_shown(shown_, found) else found) for command, shown_, found in typed]
        section = renewed(one.section, one.block, "".join(f"$ {command}\n{text}" for command, text in kept))
    assert not differing or section is not one.section, f"{CHANGED}\n\n{''.join(differing)}"
