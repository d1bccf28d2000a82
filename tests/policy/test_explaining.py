from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import vigo.server.platform.folder
from tests.docs.pages import every_section, section
from tests.policy.conftest import compiled, policy_of
from vigo.policy.explained_resources import explained_resource, resource_names
from vigo.policy.explained_variables import ExplainedVariable
from vigo.policy.explaining import ExplainedHost, HostTrace, trace
from vigo.policy.sources import Sources, read_sources
from vigo.policy.study import Study, study

EXAMPLES = Path(vigo.server.platform.folder.__file__).parent / "example_stacks"
ROLES = section("roles.md", "Roles, environments, common.vgo").stacks
VALUES = section("variables.md", "Variables").stacks
SITE = section("README.md", "In ten minutes").stacks


def studied(files: dict[str, str]) -> Study:
    found = study(Sources({name: text.encode() for name, text in files.items()}))
    assert found.study is not None, found.diagnostics
    return found.study


def traced(files: dict[str, str], host: str = "host") -> HostTrace:
    found = trace(studied(files), host)
    assert found is not None
    return found


def told(files: dict[str, str], host: str = "host") -> ExplainedHost:
    return traced(files, host).everything()


def shown(variable: ExplainedVariable) -> list[tuple[str, str, Any, str]]:
    return [(one.standing, one.layer, one.value, str(one.origin)) for one in variable.claims]


def test_stacks_with_errors_are_refused_with_what_is_wrong() -> None:
    found = study(Sources({"roles.vgo": b"roles: 3\n"}))
    assert found.study is None
    assert [one.file for one in found.diagnostics] == ["roles.vgo"]


def test_the_entry_comes_with_its_pattern_and_the_ones_that_would_match_too() -> None:
    files = {"envoys.vgo": 'envoys:\n  - {match: [x, "h*"]}\n  - {match: y}\n  - {match: "*"}\n'}
    found = told(files)
    assert str(found.entry.origin) == "envoys.vgo:2:5"
    assert [(one.name, str(one.origin)) for one in found.entry.patterns] == [("h*", "envoys.vgo:2:17")]
    assert [str(one.origin) for one in found.later] == ["envoys.vgo:4:5"]


def test_a_host_that_no_entry_covers_has_no_trace() -> None:
    assert trace(studied({"envoys.vgo": "envoys: [{match: x}]"}), "host") is None


def test_roles_come_with_what_names_them_and_their_cases() -> None:
    machine, database = told(ROLES, "db-1").roles
    assert [(one.by, str(one.origin)) for one in machine.sources] == [("role database", "roles.vgo:4:16")]
    assert [one.by for one in database.sources] == ["entry"]
    assert database.includes == ("machine",)
    assert [(one.when, one.configcrates) for one in database.cases] == [("os_family('debian')", ("apt-keys",))]


def test_configcrates_come_with_what_gives_them_and_what_takes_them_away() -> None:
    crates = {one.name: one for one in told(ROLES, "db-1").configcrates}
    assert list(crates) == ["motd", "postgres", "apt-keys", "backup", "debug"]
    assert [one.by for one in crates["motd"].sources] == ["common.vgo"]
    assert crates["apt-keys"].when == "os_family('debian')"
    excluded = crates["debug"].excluded
    assert excluded is not None
    assert (excluded.by, str(excluded.origin)) == ("environment production", "environments.vgo:2:26")
    assert all(crates[name].excluded is None for name in ("motd", "postgres", "apt-keys", "backup"))


def test_a_configcrate_that_several_places_give_names_each() -> None:
    files = ROLES | {"envoys.vgo": "envoys: [{match: host, roles: [database], configcrates: [motd, apt-keys]}]"}
    crates = {one.name: one for one in told(files).configcrates}
    assert [one.by for one in crates["motd"].sources] == ["common.vgo", "entry"]
    assert [(one.by, one.when) for one in crates["apt-keys"].sources] == [
        ("role database", "os_family('debian')"),
        ("entry", None),
    ]
    assert crates["apt-keys"].when is None


def test_every_variable_names_the_place_that_won() -> None:
    assert [(one.name, one.value, str(one.origin)) for one in told(VALUES, "edge-1").variables] == [
        ("admins", ["ada"], "common.vgo:1:8"),
        ("port", 8443, "edge/envoys.vgo:2:67"),
        ("tls.days", 90, "configcrates/app.vgo:2:49"),
        ("tls.on", True, "roles.vgo:2:65"),
        ("workers", 16, "environments.vgo:2:23"),
    ]


def test_a_variable_names_its_winner_and_every_loser_in_their_order() -> None:
    (found,) = traced(VALUES, "edge-1").variable("workers")
    assert (found.value, found.configcrates) == (16, ("app",))
    assert shown(found) == [
        ("wins", "environment production", 16, "environments.vgo:2:23"),
        ("loses", "common.vgo", 6, "common.vgo:1:23"),
        ("loses", "role app", 4, "roles.vgo:2:37"),
        ("loses", "configcrate app", 2, "configcrates/app.vgo:2:8"),
    ]


def test_a_map_names_the_layers_that_it_is_merged_from() -> None:
    (found,) = traced(VALUES, "edge-1").variable("tls")
    assert found.value == {"on": True, "days": 90}
    assert [one.standing for one in found.claims] == ["merged", "merged"]


@pytest.mark.parametrize("name", ["nothing", "tls.nothing", "workers.x", ""])
def test_a_variable_that_nothing_sets_has_no_answer(name: str) -> None:
    assert traced(VALUES, "edge-1").variable(name) == ()


def test_a_name_may_have_vars_before_it_and_keys_with_dots() -> None:
    files = {"envoys.vgo": "envoys: [{match: host, vars: {kernel: {vm.swappiness: 10}}}]"}
    for name in ("kernel.vm.swappiness", "vars.kernel.vm.swappiness"):
        (found,) = traced(files).variable(name)
        assert found.value == 10
        assert found.configcrates == ()


def test_a_value_in_place_of_a_map_hides_what_was_in_it() -> None:
    files = {
        "common.vgo": "vars: {a: {x: 1}}",
        "envoys.vgo": "envoys: [{match: host, environment: e, vars: {a: 5}}]",
        "environments.vgo": "environments: {e: {vars: {a: {y: 2}}}}",
    }
    (found,) = traced(files).variable("a.x")
    assert not found.is_set
    assert [(one.standing, one.variable) for one in found.claims] == [("hides", "a"), ("loses", "a.x")]
    (whole,) = traced(files).variable("a")
    assert whole.value == {"y": 2}
    assert [one.standing for one in whole.claims] == ["merged", "loses", "loses"]


def test_configcrates_that_see_another_value_are_told_apart() -> None:
    files = {
        "configcrates/a.vgo": "configcrate: a\nvars: {port: 1}\n",
        "configcrates/b.vgo": "configcrate: b\n",
        "configcrates/c.vgo": "configcrate: c\n",
        "common.vgo": "vars: {port: 2}",
        "envoys.vgo": "envoys: [{match: host, configcrates: [a, b, c]}]",
    }
    found = traced(files).variable("port")
    assert [(one.configcrates, one.value, len(one.claims)) for one in found] == [(("a",), 2, 2), (("b", "c"), 2, 1)]
    files["common.vgo"] = "vars: {}"
    assert [one.configcrates for one in traced(files).variable("port")] == [("a",)]


def test_a_resource_tells_where_its_fields_come_from() -> None:
    found = explained_resource(traced(SITE, "web-1.example.com"), "web/conf")
    assert found is not None
    fields = {one.name: one for one in found.fields}
    assert (fields["mode"].value, str(fields["mode"].origin)) == ("0644", "configcrates/web.vgo:8:11")
    content = fields["content"]
    assert content.is_rendered_on_machine
    assert content.file == "templates/site.conf"
    assert content.value == SITE["templates/site.conf"]
    assert [(one.name, one.value) for one in found.variables] == [("port", 443)]
    assert [(one.one, one.relation, one.other) for one in found.relations] == [
        ("web/conf", "depends_on", "web/nginx"),
        ("web/conf", "notify", "web/reload"),
        ("web/running", "depends_on", "web/conf"),
    ]


def test_a_resource_tells_its_defaults_its_loop_and_its_conditions() -> None:
    files = {
        "configcrates/a.vgo": """
configcrate: a
vars: {sites: {shop: 1, blog: 2}, kind: x, wanted: true}
depends_on: [b]
defaults: {mode: 0600, source: "files/{{ vars.kind }}"}
resources:
  - {name: "of {{ key }}", type: file, path: "/{{ key }}{{ item }}", foreach: "{{ vars.sites }}", when: vars.wanted}
""",
        "configcrates/b.vgo": "configcrate: b\nresources: [{name: first, type: file, path: /f}]",
        "files/x": "text",
        "roles.vgo": "roles: {r: {case: [{when: os_family('debian'), configcrates: [a]}]}}",
        "envoys.vgo": "envoys: [{match: host, roles: [r], configcrates: [b]}]",
    }
    host = traced(files)
    found = explained_resource(host, "a/of blog")
    assert found is not None
    assert found.foreach is not None
    assert (found.foreach.locals, str(found.foreach.origin)) == ({"item": 2, "key": "blog"}, "configcrates/a.vgo:7:79")
    assert [one.expression for one in found.conditions] == ["os_family('debian')", "vars.wanted"]
    fields = {one.name: one for one in found.fields}
    assert (fields["mode"].given_by, fields["path"].given_by) == ("defaults", "resource")
    assert (fields["path"].value, fields["path"].written) == ("/blog2", "/{{ key }}{{ item }}")
    content = fields["content"]
    assert (content.value, content.file, content.given_by) == ("text", "files/x", "defaults")
    assert [one.name for one in found.variables] == ["kind", "sites", "wanted"]
    assert [(one.one, one.relation, one.other) for one in found.relations] == [("a", "depends_on", "b")]
    assert explained_resource(host, "a/of bog") is None


def test_a_field_that_the_name_fills_in_stands_where_the_name_does() -> None:
    found = explained_resource(traced(ROLES, "db-1"), "postgres/postgresql")
    assert found is not None
    (field,) = found.fields
    assert (field.name, field.given_by, field.value) == ("package", "name", "postgresql")


NAMES = st.sampled_from(["a", "b", "c"])
LEAVES = st.one_of(st.integers(0, 9), st.none(), st.booleans(), st.sampled_from(["x", ""]), st.just([1]))
VARIABLES = st.dictionaries(
    NAMES, st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=8), max_size=3
)
PLACES = ("crate", "data", "included", "role", "root", "inner", "entry", "environment")


def paths(values: dict[str, Any], before: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for name, value in values.items():
        found |= {(*before, name)} | (paths(value, (*before, name)) if isinstance(value, dict) else set())
    return found


def value_at(values: Any, path: tuple[str, ...]) -> list[Any]:
    for name in path:
        if not isinstance(values, dict) or name not in values:
            return []
        values = values[name]
    return [values]


@settings(max_examples=150, deadline=None)
@given(st.tuples(*[VARIABLES for _ in PLACES]))
def test_the_explanation_of_a_value_reproduces_the_value(given: tuple[dict[str, Any], ...]) -> None:
    at = dict(zip(PLACES, given, strict=True))
    written = {
        "configcrates/web.vgo": {
            "configcrate": "web",
            "vars": at["crate"],
            "resources": [{"name": "a", "type": "file", "path": "/a", "content": "{{ vars }}{{ traits.os.family }}"}],
        },
        "data/x.yaml": at["data"],
        "roles.vgo": {
            "roles": {
                "outer": {
                    "includes": ["included"],
                    "configcrates": ["web"],
                    "vars_from": ["data/x.yaml"],
                    "vars": at["role"],
                },
                "included": {"vars": at["included"]},
            }
        },
        "common.vgo": {"vars": at["root"]},
        "prod/common.vgo": {"vars": at["inner"]},
        "prod/envoys.vgo": {"envoys": [{"match": "host", "roles": ["outer"], "environment": "e", "vars": at["entry"]}]},
        "environments.vgo": {"environments": {"e": {"vars": at["environment"]}}},
    }
    files = {name: yaml.safe_dump(document, sort_keys=False) for name, document in written.items()}
    host = traced(files)
    scope = host.study.plan(host.index).scopes.get("web", {})
    for path in set().union(*(paths(values) for values in given)):
        (found,) = host.variable(".".join(path))
        assert ([found.value] if found.is_set else []) == value_at(scope, path)
        assert sum(one.standing == "wins" for one in found.claims) <= 1
    for winner in host.everything().variables:
        assert value_at(scope, tuple(winner.name.split("."))) == [winner.value]
        line = files[winner.origin.file].splitlines()[winner.origin.line - 1]
        assert line[winner.origin.column - 1 :].startswith(winner.name.rpartition(".")[2])
    leaves = {
        ".".join(path) for path in paths(scope) if not isinstance(value := value_at(scope, path)[0], dict) or not value
    }
    assert {winner.name for winner in host.everything().variables} == leaves


WHOLE = [
    *(one.stacks for one in every_section("docs/guide") if one.stacks),
    *(yaml.safe_load(path.read_text())["stacks"] for path in sorted((Path(__file__).parent / "golden").glob("*.yaml"))),
    {name: content.decode() for name, content in read_sources(EXAMPLES).files.items()},
]


@pytest.mark.parametrize("files", [files for files in WHOLE if compiled(files).policy is not None])
def test_every_resource_of_the_examples_is_explained_as_the_plan_has_it(files: dict[str, str]) -> None:
    one = studied(files)
    policy = policy_of(compiled(files))
    for index, entry in enumerate(one.entries):
        host = HostTrace(one, "host", index, ())
        plan = policy.plan(policy.entries[index])
        assert [str(resource.id) for resource in plan.resources] == resource_names(host)
        assert [crate.name for crate in host.everything().configcrates if not crate.excluded] == list(plan.configcrates)
        assert entry.origin == plan.entry
        for resource in plan.resources:
            found = explained_resource(host, resource.id)
            assert found is not None
            assert found.planned == resource
            assert {field.name: field.value for field in found.fields} == resource.fields | resource.templates
            if resource.locals:
                assert found.foreach is not None
                assert found.foreach.locals == resource.locals
            for variable in found.variables:
                # What is rendered at publish has no need of its variables on the machine.
                told = value_at(plan.scopes.get(resource.configcrate, {}), tuple(variable.name.split(".")))
                assert told in ([], [variable.value])


@pytest.mark.parametrize("host", ["web-1.example.com", "edge7", "db-1", "edge-1", "any"])
@pytest.mark.parametrize("files", [files for files in WHOLE if compiled(files).policy is not None])
def test_the_entry_is_the_one_that_the_compiled_policy_finds(files: dict[str, str], host: str) -> None:
    entry = policy_of(compiled(files)).match(host)
    found = trace(studied(files), host)
    assert (None if entry is None else entry.origin) == (None if found is None else found.assignment.entry.origin)
