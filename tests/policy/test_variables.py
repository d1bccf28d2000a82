from typing import Any

import pytest

from tests.policy.conftest import compiled, plan_of
from vigo.policy.variables import merged_maps

# Where a value may stand, the lowest precedence first.
PLACES = ("configcrate", "included role", "role", "later role", "common", "inner common", "entry", "environment")


def stacks(places: tuple[str, ...]) -> dict[str, str]:
    def given(place: str) -> str:
        return f"vars: {{winner: {place}}}" if place in places else "vars: {}"

    return {
        "configcrates/web.vgo": f"""
configcrate: web
{given("configcrate")}
resources: [{{name: a, type: file, path: /a, content: "{{{{ vars.winner }}}}"}}]
""",
        "roles.vgo": f"""
roles:
  later: {{{given("later role")}}}
  first: {{includes: [included], {given("role")}, configcrates: [web]}}
  included: {{{given("included role")}}}
""",
        "common.vgo": given("common"),
        "prod/common.vgo": given("inner common"),
        "prod/envoys.vgo": f"envoys: [{{match: host, roles: [first, later], environment: e, {given('entry')}}}]",
        "environments.vgo": f"environments: {{e: {{{given('environment')}}}}}",
    }


@pytest.mark.parametrize("index", range(len(PLACES)))
def test_the_highest_place_that_has_a_value_wins(index: int) -> None:
    (resource,) = plan_of(compiled(stacks(PLACES[: index + 1]))).resources
    assert resource.fields["content"] == PLACES[index]


@pytest.mark.parametrize("index", range(1, len(PLACES)))
def test_a_place_alone_stands_above_the_configcrates_default(index: int) -> None:
    (resource,) = plan_of(compiled(stacks((PLACES[0], PLACES[index])))).resources
    assert resource.fields["content"] == PLACES[index]


def test_another_directorys_common_file_has_no_say() -> None:
    files = stacks(PLACES[:1]) | {"test/common.vgo": "vars: {winner: other}"}
    (resource,) = plan_of(compiled(files)).resources
    assert resource.fields["content"] == "configcrate"


@pytest.mark.parametrize(
    ("low", "high", "result"),
    [
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3, "z": 4}}, {"a": {"x": 1, "y": 3, "z": 4}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"x": 1}}, {"a": 5}, {"a": 5}),
        ({"a": 5}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": {"x": 1}}, {"a": None}, {"a": None}),
        ({"a": {"x": 1}}, {"a": {}}, {"a": {"x": 1}}),
    ],
)
def test_maps_merge_deeply_and_the_rest_replaces(
    low: dict[str, Any], high: dict[str, Any], result: dict[str, Any]
) -> None:
    before = repr((low, high))
    assert merged_maps(low, high) == result
    assert repr((low, high)) == before


def test_data_files_stand_below_the_variables_beside_them() -> None:
    files = stacks(PLACES[:1]) | {
        "prod/common.vgo": "vars_from: [data/a.yaml, data/b.json]\nvars: {other: 1}",
        "data/a.yaml": "winner: a",
        "data/b.json": '{"winner": "b"}',
    }
    (resource,) = plan_of(compiled(files)).resources
    assert resource.fields["content"] == "b"


def test_a_missing_data_file_is_named_with_the_nearest() -> None:
    found = compiled({"common.vgo": "vars_from: [data/port.yaml]", "data/ports.yaml": "a: 1"})
    assert "did you mean 'data/ports.yaml'?" in found.diagnostics[0].message
