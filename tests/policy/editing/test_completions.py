import pytest

from tests.policy.editing.stacks import CRATE, FILES, KNOWN, WEB, chosen, known, labels, offered
from vigo.catalog.scan import collectors, resource_kinds
from vigo.core.conditions import PREDICATES
from vigo.policy.documents import compliance, configcrates, environments, hostcrates, roles, tests
from vigo.policy.editing.completions import completions
from vigo.policy.editing.known import Reader
from vigo.policy.fields import fields_of
from vigo.policy.options import OPTIONS
from vigo.policy.sources import Sources
from vigo.policy.study import study
from vigo.policy.yaml_tree import MOST_BYTES


@pytest.mark.parametrize(
    ("file", "text", "keys"),
    [
        (CRATE, "¦", configcrates.KEYS),
        ("roles.vgo", "¦", ("roles",)),
        ("roles/web.vgo", "roles:\n  web:\n    ¦", roles.KEYS),
        ("roles.vgo", "roles:\n  web: {case: [{¦", ("when", "configcrates")),
        ("environments.vgo", "environments:\n  test: {¦", environments.KEYS),
        ("envoys.vgo", "envoys:\n  - ¦", hostcrates.KEYS),
        ("edge/hosts.vgo", "envoys: [{¦}]", hostcrates.KEYS),
        ("edge/common.vgo", "¦", hostcrates.COMMON_KEYS),
        ("compliance.vgo", "¦", compliance.KEYS),
        ("compliance.vgo", "waivers:\n  - ¦", compliance.WAIVER_KEYS),
        ("tests/web.vgo", "tests:\n  - ¦", tests.KEYS),
        ("tests/web.vgo", "tests:\n  - expect:\n      ¦", tests.EXPECT_KEYS),
        ("tests/web.vgo", "tests: [{traits: {¦", tuple(collectors())),
    ],
)
def test_the_keys_of_a_document_are_offered_where_it_may_have_them(file: str, text: str, keys: tuple[str, ...]) -> None:
    assert sorted(labels(text, file)) == sorted(keys)


@pytest.mark.parametrize("file", ["files/a.vgo", "README.md", "data/sites.yaml", "configcrates/web.yaml"])
def test_nothing_is_offered_in_a_file_that_is_no_document(file: str) -> None:
    assert labels("¦", file) == []


def test_a_key_that_is_there_is_not_offered_again_but_may_be_changed() -> None:
    assert "vars" not in labels("vars: {}\n¦")
    assert "vars" in labels("va¦rs: {}\n")
    assert chosen("va¦: {}\nresources: []", "vars") == "vars: {}\nresources: []"
    assert chosen("{name: a, ty¦pe: file}", "vars") == "{name: a, vars: file}"


def test_a_key_is_written_with_its_colon() -> None:
    assert chosen("resources:\n  - name: a\n    ty¦\n    path: /a", "type") == (
        "resources:\n  - name: a\n    type: \n    path: /a"
    )
    assert chosen("resources: [{name: a, ¦}]", "type") == "resources: [{name: a, type: }]"


def test_the_item_of_a_list_is_begun() -> None:
    assert chosen("resources:\n  ¦", "- name:") == "resources:\n  - name: "
    assert chosen("envoys:\n  ¦", "- match:", "envoys.vgo") == "envoys:\n  - match: "


def test_every_kind_is_offered_with_what_it_is() -> None:
    found = offered("resources:\n  - name: a\n    type: ¦")
    assert {one.label for one in found} == set(resource_kinds())
    assert "A regular file" in next(one.documentation for one in found if one.label == "file")


@pytest.mark.parametrize("kind", resource_kinds())
def test_a_resource_is_offered_the_fields_of_its_kind_the_required_ones_first(kind: str) -> None:
    found = offered(f"resources:\n  - name: a\n    type: {kind}\n    ¦\n  - name: b\n    type: other")
    fields = fields_of(resource_kinds()[kind])
    assert {one.label for one in found} == (set(fields) | set(OPTIONS)) - {"name", "type"}
    needed = {name for name, one in fields.items() if one.required and name != resource_kinds()[kind].name_field}
    assert {one.label for one in found[: len(needed)]} == needed
    assert all("required" in one.detail for one in found[: len(needed)])
    assert all(one.documentation for one in found)


def test_before_the_kind_is_known_the_options_of_all_are_offered() -> None:
    assert set(labels("resources:\n  - name: a\n    ¦")) == set(OPTIONS) - {"name"}
    assert labels("resources:\n  - ¦")[:2] == ["name", "type"]


def test_a_field_is_told_with_its_type_and_an_example() -> None:
    mode = next(one for one in offered("resources: [{name: a, type: file, ¦") if one.label == "mode")
    assert mode.detail == "text"
    assert mode.documentation == "Permission bits, octal.\n\nExample: `0644`"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resources: [{name: a, type: service, state: ¦}]", ["running", "stopped", "restarted", "reloaded"]),
        ("resources: [{name: a, type: service, enabled: ¦}]", ["true", "false"]),
        ("resources:\n  - name: a\n    on_failure: ¦", ["continue", "stop"]),
        ("resources:\n  - name: a\n    noop: ¦\n    type: file", ["true", "false"]),
        ("defaults:\n  on_remove: ¦", ["leave", "revert"]),
    ],
)
def test_the_words_that_a_field_may_have_are_offered(text: str, words: list[str]) -> None:
    assert labels(text) == words


CRATES = ["db", "web"]


@pytest.mark.parametrize(
    ("file", "text", "names"),
    [
        ("roles.vgo", "roles: {a: {configcrates: [¦]}}", CRATES),
        ("roles.vgo", "roles:\n  a:\n    configcrates:\n      - web\n      - ¦", CRATES),
        ("roles.vgo", "roles:\n  a:\n    configcrates: ¦", CRATES),
        ("roles.vgo", "roles: {a: {case: [{when: x, configcrates: [¦", CRATES),
        ("roles.vgo", "roles: {a: {includes: [web, ¦", ["base", "webserver"]),
        ("environments.vgo", "environments: {a: {exclude: [¦]}}", CRATES),
        ("common.vgo", "configcrates: [¦]", CRATES),
        ("envoys.vgo", "envoys:\n  - match: a\n    roles: [¦", ["base", "webserver"]),
        ("envoys.vgo", "envoys:\n  - match: a\n    environment: ¦", ["production"]),
        ("envoys.vgo", "envoys:\n  - {match: a, configcrates: [web, ¦]}", CRATES),
        (CRATE, "configcrate: web\ndepends_on: [¦]", ["db"]),
        (CRATE, "configcrate: ¦", ["web"]),
        (CRATE, "resources: [{name: ¦}]", []),
        (CRATE, "vars_from: [¦]", ["data/sites.yaml"]),
        (CRATE, "resources: [{type: file, source: ¦}]", ["templates/site.conf", "files/logo.png"]),
        (CRATE, "resources: [{type: package, source: ¦}]", []),
        (CRATE, "compliance:\n  ¦", ["cis"]),
        (CRATE, "compliance: {cis: [¦]}", ["5.1", "5.2"]),
        ("compliance.vgo", "waivers: [{framework: cis, controls: [¦]}]", ["5.1", "5.2"]),
        ("compliance.vgo", "waivers: [{framework: ¦}]", ["cis"]),
        ("tests/a.vgo", "tests: [{expect: {roles: [¦", ["base", "webserver"]),
        ("tests/a.vgo", "tests: [{expect: {environment: ¦", ["production"]),
    ],
)
def test_names_are_offered_where_something_is_named(file: str, text: str, names: list[str]) -> None:
    assert sorted(labels(text, file)) == sorted(names)


def test_a_resource_names_its_neighbours_alone_and_others_with_their_configcrate() -> None:
    for relation in ("depends_on", "before", "notify", "subscribes"):
        text = WEB.replace("depends_on: [nginx]", f"{relation}: [¦]")
        assert labels(text) == ["nginx", "reload", "db/pg"]


def test_a_resource_that_was_written_a_moment_ago_is_offered_though_the_file_is_broken() -> None:
    text = WEB + "  - {name: young, type: package\n  - {name: late, type: file, depends_on: [¦\n"
    assert labels(text) == ["nginx", "conf", "reload", "young", "db/pg"]


def test_a_test_is_offered_resources_and_their_fields() -> None:
    ids = ["web/nginx", "web/conf", "web/reload", "db/pg"]
    for key in ("absent", "skipped", "order"):
        assert sorted(labels(f"tests: [{{expect: {{{key}: [¦", "tests/a.vgo")) == sorted(ids)
    text = "tests:\n  - expect:\n      resources:\n        web/conf: {}\n        ¦"
    assert sorted(labels(text, "tests/a.vgo")) == sorted(set(ids) - {"web/conf"})
    fields = labels("tests:\n  - expect:\n      resources:\n        web/conf: {mode: 0644, ¦", "tests/a.vgo")
    assert {"owner", "content"} <= set(fields)
    assert {"mode", "source", "depends_on"}.isdisjoint(fields)


def test_a_name_that_yaml_would_take_for_something_else_is_quoted() -> None:
    stacks = known({**FILES, CRATE: "configcrate: web\nresources: [{name: 'a, b', type: package, package: c}]\n"})
    assert chosen("resources: [{name: x, depends_on: [¦]}]", "a, b", stacks=stacks).endswith("depends_on: ['a, b']}]")
    assert chosen('resources: [{name: x, depends_on: ["¦"]}]', "a, b", stacks=stacks).endswith('depends_on: ["a, b"]}]')


def test_variables_are_offered_as_far_as_the_configcrate_sees_them() -> None:
    found = offered('resources: [{name: a, path: "{{ vars.¦ }}"}]')
    assert {one.label: one.detail for one in found} == {
        "port": "443",
        "workers": "8",
        "admin": "ada",
        "tls": '{"on": true, "days": 90}',
        "sites": '[{"name": "shop", "port": 8001}]',
    }
    assert next(one.documentation for one in found if one.label == "port") == (
        "Set by environment production, environments.vgo:2"
    )
    assert labels('resources: [{name: a, path: "{{ vars.tls.¦ }}"}]') == ["on", "days"]
    assert "size" in labels("{{ vars.¦", "templates/unused.conf")
    assert "size" not in labels("{{ vars.¦", "templates/site.conf")


@pytest.mark.parametrize(
    "text",
    [
        'resources: [{name: a, path: "x {{ ¦"}]',
        "resources: [{name: a, path: '{{ ¦'}]",
        "resources: [{name: a, path: {{ ¦ }}, type: file}]",
        "resources:\n  - name: a\n    content: |\n      a\n      {% if ¦ %}\n      b\n    type: file",
        "resources: [{name: a, when: ¦}]",
        "resources: [{name: a, when: \"vars.x == 'y' and ¦\"}]",
        "resources: [{name: a, when: not (¦)}]",
        "resources: [{name: a, foreach: '{{ ¦'}]",
        "foreach: '{{ ¦ }}'",
    ],
)
def test_an_expression_is_offered_variables_traits_and_predicates(text: str) -> None:
    found = {one.label: one.text for one in offered(text)}
    assert found["vars"] == "vars."
    assert found["traits"] == "traits."
    assert {name: found[name] for name in PREDICATES} == {name: f"{name}(" for name in PREDICATES}


def test_a_condition_may_be_the_word_changed_alone() -> None:
    assert "changed" in labels("resources: [{name: a, when: ¦}]")
    assert "changed" not in labels("resources: [{name: a, when: not ¦}]")
    assert "changed" not in labels("roles: {a: {case: [{when: ¦}]}}", "roles.vgo")


def test_traits_are_offered_with_what_they_tell() -> None:
    assert set(labels("resources: [{name: a, when: traits.¦}]")) == set(collectors())
    family = next(
        one for one in offered("roles: {a: {case: [{when: traits.os.¦}]}}", "roles.vgo") if one.label == "family"
    )
    assert family.detail == "text"
    assert "debian, redhat" in family.documentation
    assert "mac" in labels("{{ traits.network.interfaces.eth0.¦", "templates/site.conf")
    assert labels("{{ traits.nothing.¦", "templates/site.conf") == []


def test_item_and_key_are_offered_in_a_loop_only() -> None:
    loop = "resources: [{name: a, foreach: '{{ vars.sites }}', path: '{{ ¦"
    assert {"item", "key"} <= set(labels(loop))
    assert {"item", "key"}.isdisjoint(labels("resources: [{name: a, path: '{{ ¦"))
    assert {"item", "key"} <= set(labels("foreach: [1, 2]\nresources: [{name: '{{ ¦"))
    assert labels(loop.replace("{{ ¦", "{{ item.¦")) == ["name", "port"]


@pytest.mark.parametrize(
    ("code", "some", "not_this"),
    [
        ("vars.port | ¦", {"default", "tojson"}, "vars"),
        ("vars.port | de¦", {"default"}, "vars"),
        ("vars.port is ¦", {"defined"}, "default"),
        ("vars.port is not un¦", {"undefined"}, "vars"),
        ("os_family('¦", set(), "vars"),
        ("vars.list[0].¦", set(), "vars"),
        ("f(1)¦", set(), "vars"),
    ],
)
def test_what_is_offered_goes_by_what_stands_before(code: str, some: set[str], not_this: str) -> None:
    found = set(labels(f"{{{{ {code}", "templates/site.conf"))
    assert some <= found
    assert not_this not in found


def test_a_statement_is_offered_behind_its_bracket_and_nothing_in_a_comment() -> None:
    assert {"if", "endfor"} <= set(labels("{% ¦", "templates/site.conf"))
    assert "vars" in labels("{% if ¦", "templates/site.conf")
    assert labels("{# ¦", "templates/site.conf") == []
    assert labels("{{ vars.port }} ¦", "templates/site.conf") == []


def test_a_template_is_completed_up_to_its_word() -> None:
    assert chosen('resources: [{name: a, path: "/{{ vars.po¦rt }}/x"}]', "port") == (
        'resources: [{name: a, path: "/{{ vars.port }}/x"}]'
    )
    assert chosen("resources: [{name: a, when: os_¦}]", "os_id") == "resources: [{name: a, when: os_id(}]"


def test_what_a_broken_file_declared_before_is_still_offered() -> None:
    reader = Reader()
    whole = Sources({name: text.encode() for name, text in FILES.items()})
    assert study(whole).diagnostics == ()
    reader.read(whole, study(whole).study)
    broken = Sources({**whole.files, "roles.vgo": b"roles: {webserver: {configcrates: [web"})
    assert study(broken).study is None
    found = reader.read(broken, None)
    assert labels("envoys: [{roles: [¦", "envoys.vgo", found) == ["base", "webserver"]
    assert found.study is not None
    assert not found.is_current


def test_a_text_larger_than_any_document_is_left_alone() -> None:
    assert completions(KNOWN, CRATE, "a" * (MOST_BYTES + 1), 3) == ()
