import pytest

from tests.policy.conftest import by_name, codes, compiled, plan_of

CRATES = {
    f"configcrates/{name}.vgo": (
        f"configcrate: {name}\nvars: {{port: 1}}\nresources: [{{name: r, type: file, path: /{name}}}]\n"
    )
    for name in "abcdef"
}


def test_roles_bring_what_they_include_before_themselves_each_once() -> None:
    roles = "roles: {top: {includes: [left, right]}, left: {includes: [base]}, right: {includes: [base]}, base: {}}"
    plan = plan_of(compiled({"roles.vgo": roles, "envoys.vgo": "envoys: [{match: host, roles: [right, top]}]"}))
    assert plan.roles == ("base", "right", "left", "top")


def test_configcrates_stand_in_the_order_inherited_roles_entry_environment() -> None:
    files = CRATES | {
        "common.vgo": "configcrates: [e]",
        "prod/common.vgo": "configcrates: [d]",
        "roles/x.vgo": "roles: {x: {configcrates: [b]}}",
        "prod/envoys.vgo": "envoys: [{match: host, roles: [x], configcrates: [c, b], environment: live}]",
        "environments.vgo": "environments: {live: {configcrates: [a]}}",
    }
    plan = plan_of(compiled(files))
    assert plan.configcrates == ("e", "d", "b", "c", "a")
    assert plan.environment == "live"
    assert [str(one.id) for one in plan.resources] == ["e/r", "d/r", "b/r", "c/r", "a/r"]


def test_an_environment_takes_configcrates_away_wherever_they_come_from() -> None:
    files = CRATES | {
        "common.vgo": "configcrates: [a]",
        "roles.vgo": "roles: {x: {configcrates: [b]}}",
        "envoys.vgo": "envoys: [{match: host, roles: [x], configcrates: [c, d], environment: live}, {match: b}]",
        "environments.vgo": "environments: {live: {exclude: [a, b, c, f]}}",
    }
    assert plan_of(compiled(files)).configcrates == ("d",)
    assert plan_of(compiled(files), "b").configcrates == ("a",)


def case(*whens: str, always: str = "") -> dict[str, str]:
    cases = ", ".join(f'{{when: "{when}", configcrates: [a]}}' for when in whens)
    return CRATES | {
        "roles.vgo": f"roles: {{x: {{case: [{cases}]}}}}",
        "envoys.vgo": f"envoys: [{{match: host, roles: [x], configcrates: [{always}]}}]",
    }


def test_a_case_puts_its_condition_before_those_of_the_resources() -> None:
    files = case("os_family('debian')")
    files["configcrates/a.vgo"] = (
        "configcrate: a\nvars: {port: 1}\nresources: [{name: r, type: file, path: /a, when: vars.port > 0}]"
    )
    conditions = by_name(compiled(files))["a/r"].conditions
    assert [(one.expression, one.origin.file) for one in conditions] == [
        ("os_family('debian')", "roles.vgo"),
        ("vars.port > 0", "configcrates/a.vgo"),
    ]


def test_what_is_always_there_depends_on_no_case() -> None:
    assert by_name(compiled(case("os_family('debian')", always="a")))["a/r"].conditions == ()


def test_several_cases_are_alternatives() -> None:
    (condition,) = by_name(compiled(case("os_family('debian')", "os_family('suse')")))["a/r"].conditions
    assert condition.expression == "(os_family('debian')) or (os_family('suse'))"


def test_a_cases_condition_is_checked_with_the_variables_of_each_entry() -> None:
    (found,) = [one for one in compiled(case("vars.prot > 1")).diagnostics if one.code != "unused"]
    assert found.file == "roles.vgo"
    assert "no variable vars.prot; did you mean 'port'?" in found.message
    assert "envoys.vgo:1" in found.message


@pytest.mark.parametrize(
    ("roles", "found"),
    [
        ("a: {includes: [a]}", "a -> a (roles.vgo:2)"),
        ("a: {includes: [b]}\n  b: {includes: [c]}\n  c: {includes: [b]}", "b -> c (roles.vgo:3) -> b (roles.vgo:4)"),
    ],
)
def test_a_circle_of_roles_is_printed(roles: str, found: str) -> None:
    result = compiled({"roles.vgo": f"roles:\n  {roles}\n", "envoys.vgo": 'envoys: [{match: "*", roles: [a]}]'})
    (diagnostic,) = result.diagnostics
    assert f"found {found}" in diagnostic.message


def test_unknown_names_are_refused_with_the_nearest_and_all_at_once() -> None:
    files = CRATES | {
        "roles.vgo": "roles: {web: {includes: [bse], configcrates: [aa]}, base: {}}",
        "common.vgo": "configcrates: [bb]",
        "environments.vgo": "environments: {production: {exclude: [cc], configcrates: [dd]}}",
        "envoys.vgo": "envoys: [{match: a, roles: [wbe], environment: prodction, configcrates: [ee]}]",
    }
    found = compiled(files)
    assert [one.message for one in found.diagnostics] == [
        "no configcrate has the name 'bb'; did you mean 'b'?",
        "no configcrate has the name 'cc'; did you mean 'c'?",
        "no configcrate has the name 'dd'; did you mean 'd'?",
        "no role has the name 'wbe'; did you mean 'web'?",
        "no environment has the name 'prodction'; did you mean 'production'?",
        "no configcrate has the name 'ee'; did you mean 'e'?",
        "no role has the name 'bse'; did you mean 'base'?",
        "no configcrate has the name 'aa'; did you mean 'a'?",
    ]


def test_names_from_a_file_that_cannot_be_read_are_not_called_unknown() -> None:
    files = {
        "configcrates/a.vgo": "configcrate: [",
        "roles.vgo": "roles: {x: [",
        "environments.vgo": "environments: {",
        "envoys.vgo": "envoys: [{match: a, roles: [x], configcrates: [a], environment: e}]",
    }
    assert {code.rpartition(" ")[2] for code in codes(compiled(files))} == {"syntax"}
