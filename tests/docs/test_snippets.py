"""Every snippet of the documentation is tried: stacks compile to what the page shows, data can be read."""

import configparser
import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, fromstring

import pytest
import yaml

from tests.docs.pages import CHANGED, Block, Section, documents, every_section, prose, renewed, sections
from tests.policy.conftest import by_name, compiled, policy_of
from vigo.catalog.scan import resource_kinds
from vigo.policy.diagnostics import as_text
from vigo.policy.expectations import all_tests, judge
from vigo.policy.sources import Sources
from vigo.server.features.notifications.channels import load_channels
from vigo.server.platform.settings.load import load_settings

SECTIONS = list(every_section())
WITH_STACKS = [one for one in SECTIONS if one.stacks]
READERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "toml": tomllib.loads,
    "ini": lambda text: configparser.RawConfigParser(strict=False).read_string(text),
    "xml": fromstring,
}
UNTRIED = {"lua", "elisp", "vim", "jsonc"}
"""Settings of editors, which only these editors read."""


def shows_commands(one: Section) -> bool:
    return any(block.commands for block in one.blocks)


def has_tests(one: Section) -> bool:
    # What a command shows of tests is compared with what it prints; some are to fail there.
    return any(name.startswith("tests/") for name in one.stacks) and not one.shown and not shows_commands(one)


def blocks(is_wanted: Callable[[Block], bool]) -> list[Any]:
    """Return the wanted blocks as parameters of a test, each with its section as name."""
    found = ((one, block) for one in SECTIONS for block in one.blocks if is_wanted(block))
    return [pytest.param(block, id=str(one)) for one, block in found]


def data_problem(block: Block) -> str | None:
    """Return why a block of data cannot be read, or None."""
    try:
        READERS[block.language](block.text)
    except (ValueError, configparser.Error, ParseError) as error:
        return str(error) or type(error).__name__
    return None


@pytest.mark.parametrize("one", [one for one in WITH_STACKS if one.shown or not shows_commands(one)], ids=str)
def test_an_example_compiles_with_the_messages_that_the_page_shows(one: Section) -> None:
    found = as_text(compiled(one.stacks).diagnostics)
    if len(one.diagnostics) == 1:
        one = renewed(one, one.diagnostics[0], found)
    assert found == one.shown, CHANGED


@pytest.mark.parametrize("one", [one for one in WITH_STACKS if any(block.host for block in one.blocks)], ids=str)
def test_an_example_gives_what_the_page_says(one: Section) -> None:
    for block in one.blocks:
        if block.host:
            found = by_name(compiled(one.stacks), block.host)
            told = yaml.safe_load(block.text)
            assert {id_: {name: found[id_].fields.get(name) for name in told[id_]} for id_ in told} == told


@pytest.mark.parametrize("one", [one for one in WITH_STACKS if has_tests(one)], ids=str)
def test_the_tests_in_an_example_pass(one: Section) -> None:
    found = compiled(one.stacks)
    tests = all_tests(Sources({name: content.encode() for name, content in one.stacks.items()}))
    verdicts = [judge(policy_of(found), test, resource_kinds()) for test in tests]
    assert verdicts
    assert [difference.message for verdict in verdicts for difference in verdict.differences] == []


@pytest.mark.parametrize("block", blocks(lambda block: block.is_resources))
def test_resources_without_the_rest_of_their_configcrate_compile(block: Block) -> None:
    crate = f"configcrate: example\n{block.text}"
    entries = 'envoys: [{match: "*", configcrates: example}]'
    assert as_text(compiled({"configcrates/example.vgo": crate, "envoys.vgo": entries}).diagnostics) == ""


@pytest.mark.parametrize("block", blocks(lambda block: block.is_settings))
def test_settings_of_the_server_are_such(block: Block, tmp_path: Path) -> None:
    (tmp_path / "server.yaml").write_text(block.text)
    load_settings(tmp_path / "server.yaml")


@pytest.mark.parametrize("block", blocks(lambda block: block.is_channels))
def test_channels_of_the_server_are_such(block: Block, tmp_path: Path) -> None:
    (tmp_path / "notify.yaml").write_text(block.text)
    assert load_channels(tmp_path / "notify.yaml")


def test_data_can_be_read() -> None:
    found = [(one, block) for one in SECTIONS for block in one.blocks if block.language in READERS and not block.files]
    assert [f"{one}: {problem}" for one, block in found if (problem := data_problem(block))] == []


@pytest.mark.parametrize(("language", "text"), [("json", "{a: 1}"), ("toml", "a = "), ("ini", "a = 1"), ("xml", "<a>")])
def test_data_that_nobody_can_read_is_noticed(language: str, text: str) -> None:
    assert data_problem(Block(language, text)) is not None


@pytest.mark.parametrize("page", documents())
def test_every_block_of_a_page_is_tried(page: str) -> None:
    untried = [
        f"{one.title}: {block.text[:60]!r}"
        for one in sections(page)
        for block in one.blocks
        if not _is_tried(one, block)
    ]
    assert untried == [], "begin it with a comment that says what it is: tests/docs/pages.py lists what there is"
    assert "```" not in prose(page), "a fence is left open, or has more than a language behind it"


def _is_tried(one: Section, block: Block) -> bool:
    return any(_uses(one, block))


def _uses(one: Section, block: Block) -> Iterator[bool]:
    yield bool(
        block.files or block.host or block.is_settings or block.is_resources or block.commands or block.is_channels
    )
    yield block.language in {"sh", *READERS, *UNTRIED}
    # Of messages.md another test makes what no stacks of a page can hold.
    yield block.language == "text" and (bool(one.stacks) or one.page.endswith("/messages.md"))
