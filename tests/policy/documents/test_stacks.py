import pytest

from tests.policy.conftest import codes, compiled, only_message, policy_of


def test_files_and_templates_are_data_whatever_their_names() -> None:
    data = {"files/a.vgo": "{", "templates/b.vgo": "[", "README.md": "{", "data/x.yaml": "["}
    assert not compiled(data).diagnostics


@pytest.mark.parametrize("file", ["configcrates/web.yaml", "roles/web.yml"])
def test_a_file_with_another_suffix_where_policy_belongs_is_a_warning(file: str) -> None:
    assert codes(compiled({file: "configcrate: web"})) == [f"{file}:1:1 warning not-read"]


def test_configcrates_and_roles_may_stand_in_folders() -> None:
    files = {
        "configcrates/deep/er/web.vgo": "configcrate: web",
        "roles/deep/web.vgo": "roles: {a: {configcrates: [web]}}",
        "deep/hosts.vgo": "envoys: [{match: a, roles: a}]",
    }
    policy = policy_of(compiled(files))
    assert policy.plan(policy.entries[0]).configcrates == ("web",)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.vgo": "roles: {}"}, "expected `envoys:` in this file, found `roles:`"),
        ({"a.vgo": "configcrate: web"}, "expected `envoys:` in this file, found `configcrate:`"),
        ({"sub/environments.vgo": "environments: {}"}, "expected `envoys:` in this file, found `environments:`"),
        ({"a.vgo": "envoy: []"}, "a file with `envoys:`: no key has the name 'envoy'; did you mean 'envoys'?"),
        ({"a.vgo": "[]"}, "expected a line `envoys:` before the list of entries, found the list alone"),
        ({"a.vgo": "envoys: []\nroles: {}"}, "expected nothing beside `envoys:` in this file, found `roles:`"),
        ({"a.vgo": "envoys: {}"}, "envoys: expected a list of entries with `match`, found a map"),
        ({"a.vgo": "envoys: [x]"}, "envoys: expected a map with `match`, found 'x'"),
        ({"a.vgo": "envoys: [{roles: []}]"}, "match: expected hostnames or patterns, found none"),
        ({"a.vgo": "envoys: [{match: []}]"}, "match: expected hostnames or patterns, found none"),
        ({"a.vgo": 'envoys: [{match: ["~("]}]'}, "match: expected a regular expression after '~', found '~('"),
        ({"a.vgo": 'envoys: [{match: ["~[[a]"]}]'}, "match: expected a set of characters without `[`"),
        ({"a.vgo": "envoys: [{match: {a: b}}]"}, "match: expected a list of names, found a map"),
        ({"a.vgo": "envoys: [{match: a, vars: [x]}]"}, "vars: expected a map of `name: value`, found a list"),
        ({"a.vgo": "envoys: [{match: a, rols: []}]"}, "entry: no key has the name 'rols'; did you mean 'roles'?"),
        ({"configcrates/a.vgo": ""}, "expected a line `configcrate: NAME`, found an empty file"),
        ({"configcrates/a.vgo": "vars: {}"}, "expected a line `configcrate: NAME`, found none"),
        ({"configcrates/a.vgo": "configcrate: a/b"}, "expected a name of letters, digits, `_`, `-` and `.`"),
        (
            {"configcrates/a.vgo": "configcrate: a\nresources: {}"},
            "resources: expected a list of resources, found a map",
        ),
        ({"configcrates/a.vgo": "configcrate: a\nresource: []"}, "no key has the name 'resource'; did you mean"),
        ({"configcrates/a.vgo": "configcrate: a\nresources: [x]"}, "resources: expected a map with `name` and `type`"),
        ({"roles.vgo": "roles: []"}, "roles: expected a map of `name: value`, found a list"),
        ({"roles.vgo": "roles: {a: {include: []}}"}, "role a: no key has the name 'include'; did you mean 'includes'?"),
        ({"roles.vgo": "roles: {a: {case: {}}}"}, "case: expected a list of `when` and `configcrates`, found a map"),
        ({"roles.vgo": "roles: {a: {case: [{configcrates: []}]}}"}, "case: expected `when` with a condition"),
        ({"environments.vgo": "environments: {a: {excludes: []}}"}, "did you mean 'exclude'?"),
        ({"common.vgo": "roles: []"}, "common.vgo: no key has the name 'roles'"),
        (
            {"envoys.vgo": "envoys: [{match: a, vars: {n: 99999999999999999999}}]"},
            "expected a number of at most 64 bits",
        ),
        (
            {"configcrates/a.vgo": "configcrate: x", "configcrates/b.vgo": "configcrate: x"},
            "expected each configcrate once, found 'x' again; it stands at configcrates/a.vgo:1:14 too",
        ),
        ({"roles.vgo": "roles: {a: }", "roles/x.vgo": "roles: {a: {}}"}, "expected each role once, found 'a' again"),
    ],
)
def test_what_a_file_may_not_hold_is_refused(files: dict[str, str], message: str) -> None:
    found = compiled(files)
    assert message in only_message(found)
    assert found.policy is None


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"envoys.vgo": ""},
        {"envoys.vgo": "# nothing yet\n"},
        {"envoys.vgo": "envoys:\n"},
        {"envoys.vgo": "envoys: []\n"},
        {"roles.vgo": "roles: {a: }"},
        {"roles.vgo": ""},
        {"common.vgo": ""},
        {"environments.vgo": "environments:"},
        {
            "configcrates/a.vgo": "configcrate: a\nvars:\nresources:\ndefaults:\n",
            "envoys.vgo": "envoys: [{match: b, configcrates: a}]",
        },
    ],
)
def test_what_is_empty_is_no_error(files: dict[str, str]) -> None:
    found = compiled(files)
    assert not found.diagnostics
    assert policy_of(found).match("a") is None


def test_a_list_of_resources_that_was_written_as_a_map_is_told_how_to_begin() -> None:
    (found,) = compiled({"configcrates/a.vgo": "configcrate: a\nresources: {a: {type: file}}"}).diagnostics
    assert found.hint == "begin each with `- name: NAME`, its fields below"


def test_for_data_files_only_data_files_are_offered() -> None:
    files = {
        "configcrates/a.vgo": "configcrate: a\nvars_from: [sites.yaml]",
        "site.yaml": "a: 1",
        "envoys.vgo": "envoys: [{match: b, configcrates: a}]",
    }
    (found,) = compiled(files).diagnostics
    assert (found.message, found.hint) == (
        "vars_from: the stacks have no file 'sites.yaml'; did you mean 'site.yaml'?",
        "one of: site.yaml",
    )


UNUSED = """
configcrate: lost
vars: {port: 80, mode: "0999"}
resources:
  - {name: a, type: file, path: /a, mode: "{{ vars.mode }}", content: "{{ vars.prot }} {{ traits.os.id }}"}
  - {name: b, type: file, path: /a, when: "vars.prot > 1"}
"""


def test_what_no_entry_gets_is_a_warning_and_checked_with_its_own_variables() -> None:
    found = compiled({"configcrates/lost.vgo": UNUSED, "envoys.vgo": "envoys: [{match: b}]"})
    assert codes(found) == [
        "configcrates/lost.vgo:2:14 warning unused",
        "configcrates/lost.vgo:5:43 warning value",
        "configcrates/lost.vgo:5:75 warning undefined-variable",
        "configcrates/lost.vgo:6:44 warning undefined-variable",
    ]
    assert not any("(for the entry" in one.message for one in found.diagnostics)
    policy_of(found)


def test_what_every_entry_that_has_it_excludes_is_not_called_unused() -> None:
    files = {
        "configcrates/debug.vgo": "configcrate: debug",
        "environments.vgo": "environments: {live: {exclude: [debug]}}",
        "envoys.vgo": "envoys: [{match: b, environment: live, configcrates: debug}]",
    }
    assert not compiled(files).diagnostics


def test_what_is_misspelled_in_an_entry_is_not_called_unused_as_well() -> None:
    files = {"configcrates/web.vgo": "configcrate: web", "envoys.vgo": "envoys: [{match: b, configcrates: wbe}]"}
    assert only_message(compiled(files)) == "no configcrate has the name 'wbe'; did you mean 'web'?"
