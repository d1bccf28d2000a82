"""docs/schema: current, well-formed, with the compiler's keys. tests/policy/schemas tries that good stacks fit."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
import yaml

from tests.gates.tree import files, text
from tools import schemas as tool
from vigo.catalog.api import field
from vigo.catalog.scan import collectors, resource_kinds
from vigo.core.errors import InvalidError
from vigo.policy.documents import (
    compliance,
    configcrates,
    environments,
    facts,
    hostcrates,
    named_tasks,
    roles,
    runnable,
    saved_queries,
    scriers,
    targets,
    tests,
    workflows,
)
from vigo.policy.fields import _fields_of, fields_of
from vigo.policy.options import OPTIONS
from vigo.policy.schemas.assigning import _ROLE
from vigo.policy.schemas.fields import field_schema
from vigo.policy.schemas.pages import FILES, pages
from vigo.policy.schemas.parts import described

STALE = "docs/schema/{} is stale: run `make reference` (.venv/bin/python -m tools.reference) and commit it"
NAMES = (
    *("common", "compliance", "configcrate", "environments", "hostcrates", "queries", "roles", "scrier"),
    *("tasks", "tests", "workflows"),
)
# Python's own syntax, which the regular expressions of editors do not have.
OF_PYTHON = re.compile(r"\\[AZ]|\(\?[Paimsx]")


class Schema(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """The part of JSON Schema draft 7 that we use, keyword by keyword."""

    schema: str = msgspec.field(name="$schema", default="")
    ref: str = msgspec.field(name="$ref", default="")
    title: str = ""
    description: str = ""
    examples: list[Any] = []
    default: Any = None
    type: str | list[str] = ""
    enum: list[Any] = []
    const: Any = None
    pattern: str = ""
    min_length: int = 0
    min_items: int = 0
    minimum: float | None = None
    maximum: float | None = None
    items: "Schema | None" = None
    required: list[str] = []
    properties: "dict[str, Schema]" = {}
    additional_properties: "bool | Schema" = True
    any_of: "list[Schema]" = []
    all_of: "list[Schema]" = []
    condition: "Schema | None" = msgspec.field(name="if", default=None)
    then: "Schema | None" = None
    definitions: "dict[str, Schema]" = {}

    def parts(self) -> "Iterator[Schema]":
        """Yield it and every schema inside it."""
        yield self
        inside = [*self.properties.values(), *self.any_of, *self.all_of, *self.definitions.values()]
        inside += [one for one in (self.items, self.condition, self.then) if one is not None]
        inside += [] if isinstance(self.additional_properties, bool) else [self.additional_properties]
        for one in inside:
            yield from one.parts()


def read(name: str) -> Schema:
    return msgspec.json.decode(text(f"docs/schema/{name}.json"), type=Schema)


CONFIGCRATE = read("configcrate")


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_what_the_catalogue_and_the_compiler_say(name: str) -> None:
    assert text(f"docs/schema/{name}.json") == pages()[name], STALE.format(name)


def test_no_schema_is_left_over() -> None:
    committed = {path.stem for path in files() if path.parent == Path("docs/schema")}
    assert committed == set(NAMES) == set(pages()) == set(FILES)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_has_known_keywords_and_references_that_lead_somewhere(name: str) -> None:
    schema = read(name)
    assert schema.schema == "http://json-schema.org/draft-07/schema#"
    for part in schema.parts():
        if part.ref:
            assert part.ref.removeprefix("#/definitions/") in schema.definitions
        if part.pattern:
            assert not OF_PYTHON.search(part.pattern)
            re.compile(part.pattern)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_says_what_it_is_for(name: str) -> None:
    schema = read(name)
    keys = [(key, one) for part in schema.parts() for key, one in part.properties.items() if not part.const]
    told = {key for key, one in keys if one.ref or one.description or one.const or one.any_of}
    assert told == {key for key, _ in keys}


def test_a_document_has_the_keys_that_the_compiler_reads() -> None:
    assert set(CONFIGCRATE.properties) == set(configcrates.KEYS)
    assert set(read("common").properties) == set(hostcrates.COMMON_KEYS)
    entry = read("hostcrates").properties["envoys"].items
    role = read("roles").properties["roles"].additional_properties
    environment = read("environments").properties["environments"].additional_properties
    assert entry is not None
    assert set(entry.properties) == set(hostcrates.KEYS)
    assert isinstance(role, Schema)
    assert set(role.properties) == set(roles.KEYS)
    assert isinstance(environment, Schema)
    assert set(environment.properties) == set(environments.KEYS)


def test_a_test_has_the_keys_that_the_compiler_reads() -> None:
    test = read("tests").properties["tests"].items
    assert test is not None
    assert set(test.properties) == set(tests.KEYS)
    assert set(test.properties["facts"].properties) == set(facts.FACTS)
    assert set(test.properties["expect"].properties) == set(tests.EXPECT_KEYS)
    assert set(test.properties["traits"].properties) == set(collectors())


def test_scrier_has_the_keys_that_the_compiler_reads() -> None:
    document = read("scrier")
    assert set(document.properties) == set(scriers.KEYS)
    entry = document.properties["scrier"].items
    assert entry is not None
    assert set(entry.properties) == set(scriers.RULE_KEYS)


def test_workflows_and_queries_have_the_keys_that_the_compiler_reads() -> None:
    document = read("workflows")
    assert set(document.properties) == set(workflows.KEYS)
    workflow = document.properties["workflows"].additional_properties
    assert isinstance(workflow, Schema)
    assert set(workflow.properties) == set(workflows.WORKFLOW_KEYS)
    step = workflow.properties["steps"].items
    assert isinstance(step, Schema)
    assert set(step.properties) == set(workflows.STEP_KEYS)
    document = read("queries")
    assert set(document.properties) == set(saved_queries.KEYS)
    query = document.properties["queries"].additional_properties
    assert isinstance(query, Schema)
    assert set(query.properties) == set(saved_queries.QUERY_KEYS)
    (target,) = [one for one in query.properties["target"].any_of if one.properties]
    assert set(target.properties) == set(targets.TARGET_KEYS)


def test_tasks_have_the_keys_that_the_compiler_reads() -> None:
    document = read("tasks")
    assert set(document.properties) == set(named_tasks.KEYS)
    task = document.properties["tasks"].additional_properties
    assert isinstance(task, Schema)
    assert set(task.properties) == set(named_tasks.TASK_KEYS)
    parameter = task.properties["parameters"].additional_properties
    assert isinstance(parameter, Schema)
    assert set(parameter.properties) == set(runnable.PARAMETER_KEYS)


def test_compliance_has_the_keys_that_the_compiler_reads() -> None:
    document = read("compliance")
    framework = document.properties["frameworks"].additional_properties
    waiver = document.properties["waivers"].items
    assert set(document.properties) == set(compliance.KEYS)
    assert isinstance(framework, Schema)
    assert set(framework.properties) == set(compliance.FRAMEWORK_KEYS)
    assert waiver is not None
    assert set(waiver.properties) == set(compliance.WAIVER_KEYS)


@pytest.mark.parametrize("name", resource_kinds())
def test_a_kind_has_its_fields_and_the_options_of_all_and_no_other(name: str) -> None:
    kind = CONFIGCRATE.definitions[name]
    assert set(kind.properties) == set(fields_of(resource_kinds()[name])) | set(OPTIONS)
    assert kind.additional_properties is False
    chosen = [one.then for one in CONFIGCRATE.definitions["resource"].all_of if _chooses(one, name)]
    assert chosen == [Schema(ref=f"#/definitions/{name}")]


def test_the_resources_of_the_examples_have_keys_of_their_schemas() -> None:
    found = [path for path in files() if path.parts[0] == "examples" and "configcrates" in path.parts]
    resources = [one for path in found for one in yaml.safe_load(text(path)).get("resources") or ()]
    assert resources
    for one in resources:
        assert one.keys() <= CONFIGCRATE.definitions[one["type"]].properties.keys()


def test_a_field_takes_its_type_as_people_write_it_and_a_template() -> None:
    class Spec(msgspec.Struct):
        port: Annotated[Annotated[int, msgspec.Meta(ge=1, le=65535)] | None, field("Its port.", example=80)] = None
        on: Annotated[bool, field("Whether it runs.")] = False
        text: Annotated[str, field("What it says.")] = ""

    port, on, said = (field_schema(_field(Spec, name)) for name in ("port", "on", "text"))
    assert port["description"] == "Its port."
    assert port["examples"] == [80]
    assert {"type": "integer", "minimum": 1, "maximum": 65535} in port["anyOf"]
    assert {"type": "null"} in port["anyOf"]
    assert on["anyOf"][0] == {"type": "boolean"}
    assert re.search(on["anyOf"][1]["pattern"], "Yes")
    assert not re.search(on["anyOf"][1]["pattern"], "yesterday")
    assert re.search(on["anyOf"][2]["pattern"], "{{ vars.on }}")
    assert said == {"description": "What it says.", "type": ["string", "number", "boolean"]}


def test_a_key_that_nobody_described_is_named() -> None:
    with pytest.raises(InvalidError, match=r"a role: expected a schema in vigo/policy/schemas for each key.*\['new'\]"):
        described("a role", (*roles.KEYS, "new"), _ROLE)


def test_the_tool_takes_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["docs"]) == 2
    assert "expected no arguments" in capsys.readouterr().err


def _chooses(one: Schema, kind: str) -> bool:
    return one.condition is not None and one.condition.properties["type"].const == kind


def _field(schema: type[Any], name: str) -> Any:
    return _fields_of(schema)[name]
