import pytest

from tests.docs.pages import section
from tests.policy.conftest import compiled
from tests.policy.test_explaining import WHOLE, studied
from vigo.policy.uses import names, nearest, uses

FILES = {
    "configcrates/web.vgo": """
configcrate: web
vars: {port: 1, tls: {days: 90}, sites: [x]}
vars_from: [data/more.yaml]
depends_on: [base]
defaults: {source: templates/conf}
resources:
  - {name: conf, type: file, path: /conf}
  - {name: "{{ item }}", type: file, path: "/{{ item }}", foreach: "{{ vars.sites }}", before: [conf]}
  - {name: own, type: file, path: /own, source: "templates/{{ vars.which }}", when: "vars.port > 1 or vars.port < 0"}
  - {name: text, type: file, path: /t, when: "'days' in vars.tls", subscribes: [base/first]}
""",
    "configcrates/base.vgo": "configcrate: base\nresources: [{name: first, type: file, path: /f}]",
    "templates/conf": "a\nport = {{ vars.port }} {{ vars.tls.days }}\n",
    "templates/other": "x",
    "data/more.yaml": "which: other\n",
    "roles.vgo": """
roles:
  inner: {configcrates: [base]}
  outer: {includes: [inner], case: [{when: "vars.port > 0 and os_family('x')", configcrates: [web]}]}
""",
    "prod/common.vgo": "vars: {port: 2}\nconfigcrates: [web]\n",
    "envoys.vgo": "envoys: [{match: [x, y], roles: [outer], configcrates: [web], environment: e}]",
    "prod/envoys.vgo": "envoys: [{match: z, configcrates: [base], vars: {tls: {days: 3}, unread: 1}}]",
    "environments.vgo": "environments: {e: {configcrates: [web]}, idle: {exclude: [base]}}",
}

CLAIMS = {
    "configcrates/ssh.vgo": "configcrate: ssh\ncompliance: {cis-debian-12: [5.1.20, 5.1.22], bsi: 5.1.20}\n",
    "compliance.vgo": """
frameworks: {cis-debian-12: {title: CIS, controls: {5.1.20: Root, 5.1.22: PAM, 5.1.9: Keys}}, hipaa: {title: HIPAA}}
waivers:
  - framework: cis-debian-12
    controls: [5.1.20]
    match: [x, "y-*"]
    reason: one tool
    approved_by: Ada
    until: 2027-03-31
""",
    "envoys.vgo": "envoys: [{match: x, configcrates: [ssh]}]",
}


def found(name: str, subject: str = "") -> list[tuple[str, str]]:
    return [(one.how, str(one.origin)) for one in uses(studied(FILES), name) if subject in ("", one.subject)]


def test_a_configcrate_is_found_wherever_something_gives_or_takes_it() -> None:
    assert found("base") == [
        ("declared", "configcrates/base.vgo:1:14"),
        ("configcrate web depends on it", "configcrates/web.vgo:5:14"),
        ("excluded by environment idle", "environments.vgo:1:59"),
        ("given by the entry z", "prod/envoys.vgo:1:36"),
        ("given by role inner", "roles.vgo:3:26"),
    ]
    assert [how for how, _ in found("web")] == [
        "declared",
        "given by environment e",
        "given by the entry x, y",
        "given by prod/common.vgo",
        "given by role outer when vars.port > 0 and os_family('x')",
    ]


def test_a_role_is_found_in_roles_and_entries() -> None:
    assert found("inner") == [("declared", "roles.vgo:3:3"), ("included by role outer", "roles.vgo:4:22")]
    assert found("outer") == [("declared", "roles.vgo:4:3"), ("given by the entry x, y", "envoys.vgo:1:34")]


def test_an_environment_is_found_in_entries() -> None:
    assert [how for how, _ in found("e")] == ["declared", "of the entry x, y"]
    assert [how for how, _ in found("idle")] == ["declared"]


def test_a_variable_is_found_where_it_is_set_and_in_every_template_and_condition() -> None:
    assert found("port") == [
        ("set by configcrate web", "configcrates/web.vgo:3:8"),
        ("used by when of web/own", "configcrates/web.vgo:10:86"),
        ("used by when of web/own", "configcrates/web.vgo:10:103"),
        ("set by prod/common.vgo", "prod/common.vgo:1:8"),
        ("used by a case of role outer", "roles.vgo:4:45"),
        ("used by this template", "templates/conf:2:11"),
    ]
    assert found("vars.port") == found("port")
    assert [how for how, _ in found("sites")] == ["set by configcrate web", "used by foreach of web/{{ item }}"]
    assert [how for how, _ in found("which")] == ["used by source of web/own", "set by configcrate web, data/more.yaml"]


def test_a_part_of_a_map_is_used_where_the_map_is() -> None:
    assert [how for how, _ in found("tls.days")] == [
        "set by configcrate web",
        "used by when of web/text",
        "set by entry prod/envoys.vgo:1",
        "used by this template",
    ]
    assert [how for how, _ in found("tls")] == [how for how, _ in found("tls.days")]


def test_a_variable_without_a_use_is_found_where_it_is_set() -> None:
    assert [how for how, _ in found("unread")] == ["set by entry prod/envoys.vgo:1"]


def test_a_resource_is_found_in_the_relations_of_others() -> None:
    assert [how for how, _ in found("web/conf")] == ["declared", "declared", "before of web/{{ item }}"]
    assert [how for how, _ in found("base/first")] == ["declared", "subscribes of web/text"]


def test_a_file_is_found_in_resources_defaults_and_lists_of_data_files() -> None:
    assert [how for how, _ in found("templates/conf")] == [
        "declared",
        "source of web/conf",
        "source of web/{{ item }}",
        "source of web/text",
        "source of web/own",
    ]
    assert [how for how, _ in found("templates/other")] == ["declared", "source of web/own"]
    assert found("data/more.yaml") == [("vars_from", "configcrates/web.vgo:4:13")]


def claimed(name: str) -> list[tuple[str, str, str]]:
    return [(one.subject, one.how, str(one.origin)) for one in uses(studied(CLAIMS), name)]


def test_a_framework_is_found_where_it_is_declared_claimed_and_waived() -> None:
    assert claimed("cis-debian-12") == [
        ("framework", "declared", "compliance.vgo:2:14"),
        ("framework", "waived for x, y-* until 2027-03-31", "compliance.vgo:4:16"),
        ("framework", "claimed by configcrate ssh", "configcrates/ssh.vgo:2:14"),
    ]
    assert claimed("hipaa") == [("framework", "declared", "compliance.vgo:2:95")]
    assert claimed("bsi") == [("framework", "claimed by configcrate ssh", "configcrates/ssh.vgo:2:47")]


def test_a_control_is_found_in_its_framework_or_in_all_that_have_it() -> None:
    whole = [
        ("control", "declared in cis-debian-12", "compliance.vgo:2:53"),
        ("control", "cis-debian-12: waived for x, y-* until 2027-03-31", "compliance.vgo:5:16"),
        ("control", "cis-debian-12: claimed by configcrate ssh", "configcrates/ssh.vgo:2:30"),
    ]
    assert claimed("cis-debian-12/5.1.20") == whole
    assert claimed("5.1.20") == [*whole, ("control", "bsi: claimed by configcrate ssh", "configcrates/ssh.vgo:2:52")]
    assert [how for _, how, _ in claimed("5.1.9")] == ["declared in cis-debian-12"]
    assert nearest(studied(CLAIMS), "cis-debian-12/5.1.21") == "cis-debian-12/5.1.22"


def test_a_secret_is_found_in_every_value_that_refers_to_it_or_to_a_field_of_it() -> None:
    crate = """\
configcrate: db
vars: {password: secret:db/admin, list: [{key: "secret:db/admin#key"}, "not a secret:db/admin"]}
vars_from: [data/more.yaml]
resources: [{name: conf, type: file, path: /conf, content: secret:db/other, mode: 0600}]
"""
    files = {
        "configcrates/db.vgo": crate,
        "data/more.yaml": "replica: secret:db/admin\n",
        "files/data.yaml": "a: secret:db/admin\n",
        "envoys.vgo": "envoys: [{match: a, configcrates: [db]}]\n",
    }
    one = studied(files)
    assert [(use.subject, use.how, str(use.origin)) for use in uses(one, "secret:db/admin")] == [
        ("secret", "value of vars.password", "configcrates/db.vgo:2:18"),
        ("secret", "value of vars.list.key", "configcrates/db.vgo:2:48"),
        ("secret", "value of replica", "data/more.yaml:1:10"),
    ]
    assert [use.how for use in uses(one, "secret:db/admin#key")] == ["value of vars.list.key"]
    assert nearest(one, "secret:db/othr") == "secret:db/other"


def test_one_name_of_several_things_is_found_for_each() -> None:
    one = studied(section("variables.md", "Variables").stacks)
    assert {use.subject for use in uses(one, "app")} == {"configcrate", "role"}


def test_a_name_of_nothing_has_no_uses_and_a_nearest_name() -> None:
    one = studied(FILES)
    for wrong, near in (
        ("prot", "port"),
        ("templates/cnof", "templates/conf"),
        ("tls.day", "tls.days"),
        ("oter", "outer"),
    ):
        assert uses(one, wrong) == ()
        assert nearest(one, wrong) == near
    assert uses(one, "port.inner") == ()
    assert nearest(one, "zzzzzzzz") is None


@pytest.mark.parametrize("files", [FILES, CLAIMS, *(files for files in WHOLE if compiled(files).policy is not None)])
def test_every_name_of_the_examples_is_found_in_its_file(files: dict[str, str]) -> None:
    one = studied(files)
    for name in names(one):
        found = uses(one, name)
        assert found
        for use in found:
            line = files[use.origin.file].split("\n")[use.origin.line - 1]
            assert use.origin.column <= len(line) + 1
