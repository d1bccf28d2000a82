"""docs/guide/plan.md names every key of the answer, and every exit status, and no other."""

import re

import click

from tests.docs.pages import Section, section
from vigo.cli.verbs.config.plan import command
from vigo.policy.planning.answer import (
    ChangeGroup,
    EnvoyCounts,
    FieldChange,
    ResourceChange,
    ResourceCount,
)
from vigo.server.features.planning.models import StagePlan

PAGE = section("plan.md", "In a pull request")


def named(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def table(page: Section, head: str) -> dict[str, str]:
    """Return the rows of the table of a section whose first column has a head."""
    lines = page.text.partition(f"| {head} |")[2].splitlines()[2:]
    rows = [line.strip("|").split(" | ", 1) for line in lines[: lines.index("")]]
    return {first.strip(): rest.strip(" |") for first, rest in rows}


def test_every_key_of_the_answer_is_told() -> None:
    rows = table(PAGE, "key")
    assert {name for cell in rows for name in named(cell)} == set(StagePlan.__struct_fields__)
    assert set(EnvoyCounts.__struct_fields__) == set(named(rows["`envoys`"]))
    assert set(ResourceCount.__struct_fields__) == set(named(rows["`resources`"]))
    assert set(ChangeGroup.__struct_fields__) <= set(named(rows["`groups`"]))


def test_every_key_of_a_resource_is_told() -> None:
    paragraph = next(one for one in PAGE.text.split("\n\n") if one.startswith("A resource in a group has"))
    keys = {*ResourceChange.__struct_fields__, *FieldChange.__struct_fields__}
    words = {"removed", "moved", "changed", "added", "certain", "may_apply", "unknown", "left", "undone", "taken_over"}
    assert set(named(paragraph)) == keys | words


def test_the_exit_statuses_are_those_of_the_help() -> None:
    told = table(PAGE, "exit status")
    text = click.Context(command).command.help or ""
    shown = dict(re.findall(r"^ *(\d)  (.+)$", text.partition("Exit statuses:")[2], re.MULTILINE))
    assert told == shown
