"""The guide leaves nothing out: every key, option, predicate, fact and limit of the code has its row, and no other."""

import re
from typing import get_args

import pytest

from tests.docs.pages import Section, pages, section, sections
from tests.gates.tree import text
from tests.policy.conftest import resources
from vigo.agent.predicates import predicates
from vigo.catalog.scan import resource_kinds
from vigo.core.conditions import PREDICATES
from vigo.core.plan import OnFailure, OnRemove
from vigo.core.templates import FUEL, Templates
from vigo.policy.compiling import MOST_BUNDLE_BYTES
from vigo.policy.diagnostics import MOST_DIAGNOSTICS, as_text
from vigo.policy.documents import (
    compliance,
    configcrates,
    environments,
    hostcrates,
    named_tasks,
    roles,
    runnable,
    saved_queries,
    scriers,
    settings,
    targets,
    tests,
    workflows,
)
from vigo.policy.documents.facts import FACTS
from vigo.policy.documents.settings import MOST_WINDOWS
from vigo.policy.effort import MOST_FUEL, MOST_STAMPED, MOST_TEXT_BYTES
from vigo.policy.fields import fields_of
from vigo.policy.graph import MOST_CRATE_EDGES
from vigo.policy.options import OPTIONS, RELATIONS
from vigo.policy.resources import MOST_RESOURCES
from vigo.policy.sources import MOST_BYTES, MOST_FILES
from vigo.policy.template_tags import MOST_OPERATORS
from vigo.policy.yaml_tree import DEEPEST, MOST_NODES
from vigo.policy.yaml_tree import MOST_BYTES as MOST_BYTES_OF_A_FILE
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost
from vigo.testing.fake_packages import FakePackages

PREDICATE_ROWS = section("conditions.md", "Predicates").rows
TRAITS = {
    "os": {"id": "ubuntu", "family": "debian", "version": "12"},
    "network": {"hostname": "web-1", "fqdn": "web-1.example.com"},
    "time": {"zone": "UTC"},
}
NO_CONCEPT = {"README.md", "glossary.md", "messages.md", "limits.md"}
"""Pages to look things up in."""

# Where the keys of each kind of file are explained: the section whose first table has a row for each.
EXPLAINED = {
    ("resources.md", "What a configcrate holds"): configcrates.KEYS,
    ("roles.md", "Roles"): roles.KEYS,
    ("roles.md", "Environments"): environments.KEYS,
    ("roles.md", "common.vgo"): hostcrates.COMMON_KEYS,
    ("matching.md", "What an entry may say"): hostcrates.KEYS,
    ("windows.md", "Windows"): settings.WINDOW_KEYS,
    ("compliance.md", "Frameworks"): compliance.FRAMEWORK_KEYS,
    ("compliance.md", "Waivers"): compliance.WAIVER_KEYS,
    ("scriers.md", "What an entry says"): scriers.RULE_KEYS,
    ("tasks.md", "What a task says"): named_tasks.TASK_KEYS,
    ("tasks.md", "Parameters"): runnable.PARAMETER_KEYS,
    ("workflows.md", "What a workflow says"): workflows.WORKFLOW_KEYS,
    ("workflows.md", "What a step says"): workflows.STEP_KEYS,
    ("workflows.md", "Targets"): targets.TARGET_KEYS,
    ("queries.md", "What a query says"): saved_queries.QUERY_KEYS,
    ("testing.md", "What a test says"): (*tests.KEYS[:-1], *(f"expect.{key}" for key in tests.EXPECT_KEYS)),
}


def named(cell: str) -> list[str]:
    """Return what stands between backquotes in a cell."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize(("page", "title"), EXPLAINED)
def test_every_key_of_a_file_is_explained(page: str, title: str) -> None:
    rows = [key for row in section(page, title).rows for key in named(row[0])]
    assert sorted(rows) == sorted(EXPLAINED[page, title])


def test_every_kind_of_file_has_its_row_with_its_keys() -> None:
    keys = [set(named(row[2])) for row in section("files.md", "The files").rows]
    declared = (configcrates.KEYS, roles.KEYS, environments.KEYS, hostcrates.KEYS, hostcrates.COMMON_KEYS)
    others = (compliance.KEYS, scriers.KEYS, named_tasks.KEYS, workflows.KEYS, saved_queries.KEYS, ("tests",))
    assert [found for found in keys if found] == [set(one) for one in (*declared, *others)]


def test_every_option_of_a_resource_has_its_row() -> None:
    rows = {row[0].strip("`"): row[1] for row in section("resources.md", "Options of every resource").rows}
    assert set(rows) == set(OPTIONS)
    for option, words in (("on_failure", OnFailure), ("on_remove", OnRemove)):
        assert set(get_args(words)) <= set(named(rows[option]))


def test_every_relation_has_its_row() -> None:
    rows = [row[0] for row in section("order.md", "Order").rows]
    assert [relation for cell in rows for relation in re.findall(r"(\w+): ", cell)] == list(RELATIONS)


def test_every_predicate_has_its_row_with_its_arguments_and_its_example() -> None:
    assert [(row[0].strip("`"), row[2].strip("`")) for row in PREDICATE_ROWS] == [
        (f"{name}({', '.join(one.arguments)})", one.example) for name, one in PREDICATES.items()
    ]


@pytest.mark.parametrize("row", PREDICATE_ROWS, ids=lambda row: row[0])
def test_a_predicate_takes_what_the_page_says(row: list[str]) -> None:
    example = row[2].strip("`")
    assert as_text(resources(f'- {{name: a, type: file, path: /a, when: "{example}"}}').diagnostics) == ""
    host = FakeHost({"/proc/net/tcp": ""}, tools=(FakePackages("apt", {}, {}),))
    bound = predicates(host, TRAITS, FakeClock())
    assert Templates(bound).evaluate(example, {"traits": TRAITS}) in (True, False)


def test_every_fact_is_named_where_tests_are_explained() -> None:
    (row,) = (row for row in section("testing.md", "What a test says").rows if row[0] == "`facts`")
    assert set(FACTS) <= set(named(row[1]))


def test_the_words_of_the_glossary_are_sorted() -> None:
    words = [row[0].replace("`", "").lower() for row in section("glossary.md", "Glossary").rows]
    assert words == sorted(words)


def test_the_limits_are_those_of_the_code() -> None:
    assert [row[1] for row in section("limits.md", "Limits").rows] == [
        f"{MOST_FILES:,}; {MOST_BYTES >> 20} MiB",
        f"{MOST_BYTES_OF_A_FILE >> 20} MiB, {DEEPEST} levels, {MOST_NODES:,} values with aliases written out",
        f"{MOST_RESOURCES:,}",
        f"{MOST_STAMPED:,}",
        f"{MOST_WINDOWS:,}",
        f"{MOST_DIAGNOSTICS:,}; the rest is counted",
        f"{MOST_BUNDLE_BYTES >> 20} MiB; {MOST_TEXT_BYTES >> 20} MiB",
        f"{MOST_CRATE_EDGES:,} for one entry",
        f"{MOST_OPERATORS:,}",
        f"{FUEL:,}",
        f"{MOST_FUEL:,}",
    ]


def test_what_the_cheat_sheet_says_of_resources_compiles() -> None:
    cells = [row[1] for row in section("README.md", "Cheat sheet").rows]
    written = [code for cell in cells for code in named(cell) if code.startswith("{name: ")]
    assert len(written) > 5
    found = {code: resources(f"- {code}\n", **{"files/motd": "Kept by Vigo.\n"}) for code in written}
    assert {code: as_text(one.diagnostics) for code, one in found.items() if one.diagnostics} == {}


@pytest.mark.parametrize("page", [page for page in pages("docs/guide") if page.rpartition("/")[2] not in NO_CONCEPT])
def test_a_page_of_a_concept_begins_with_an_example_and_shows_mistakes(page: str) -> None:
    first, *others = sections(page)
    assert first.level == 1
    assert first.stacks, "begin with the problem and a whole small example"
    mistakes = _below(others, "Mistakes")
    assert any(one.shown or any(block.commands for block in one.blocks) for one in mistakes), "show what goes wrong"


def test_the_pages_name_no_page_that_was_replaced() -> None:
    assert [page for page in pages("README.md", "docs", "examples") if "language.md" in text(page)] == [
        "docs/adr/2026-11-25-booleans-in-templates.md"
    ], "decisions keep their words; all else names docs/guide"


def _below(found: list[Section], title: str) -> list[Section]:
    start = next(number for number, one in enumerate(found) if one.title == title)
    end = next(number for number, one in enumerate(found) if number > start and one.level <= found[start].level)
    return found[start:end]


def test_the_fields_that_may_be_secret_are_all_named() -> None:
    rows = section("secrets.md", "Where secrets may stand").rows
    named = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows}
    fields = {
        name: {field.name for field in fields_of(kind).values() if field.may_be_secret}
        for name, kind in resource_kinds().items()
    }
    assert named == {name: found for name, found in fields.items() if found}
