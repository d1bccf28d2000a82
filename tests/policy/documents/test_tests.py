from typing import Any

import pytest

from tests.policy.conftest import codes, compiled, only_message
from vigo.policy.diagnostics import Findings, SourceLines
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.tests import PolicyTest, is_test_file, read_tests

STACKS = {
    "configcrates/web.vgo": (
        "configcrate: web\nresources:\n"
        "  - {name: conf, type: file, path: /etc/web, content: x}\n"
        '  - {name: "site {{ key }}", foreach: {a: 1}, type: file, path: "/etc/{{ key }}", content: x}\n'
    ),
    "roles.vgo": "roles: {webserver: {configcrates: [web]}}\n",
    "environments.vgo": "environments: {production: {}}\n",
    "envoys.vgo": 'envoys: [{match: "web-*", environment: production, roles: [webserver]}]\n',
}
WHOLE = "tests: [{name: a, host: web-1, expect: {absent: [web/conf]}}]"

NAMES = "tests: [{name: a, host: web-1, expect: {absent: ["


def with_test(written: str, file: str = "tests/web.vgo") -> Any:
    return compiled({**STACKS, file: written})


def one_test(written: str) -> PolicyTest:
    files = {"tests/a.vgo": f"tests: [{written}]".encode()}
    findings = Findings(SourceLines(files))
    (found,) = read_tests(Reading(files, findings), "tests/a.vgo")
    assert not findings.has_errors
    return found


def test_every_vgo_below_tests_holds_tests_and_nothing_else_does() -> None:
    assert is_test_file("tests/deep/common.vgo")
    assert not is_test_file("tests/README.md")
    assert not is_test_file("web/tests/a.vgo")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "tests:",
        "tests: []",
        WHOLE,
        "tests: [{name: a, host: WEB-1., expect: {resources: {web/site a: }}}]",
        "tests: [{name: a, host: web-1, expect: {environment: null, roles: []}}]",
        "tests: [{name: a, host: web-1, expect: {environment: production, roles: [webserver], order: [web/conf]}}]",
        "tests: [{name: a, host: db-1, expect: {error: no entry}}]",
    ],
)
def test_a_test_in_good_form_is_no_finding(written: str) -> None:
    assert codes(with_test(written)) == []


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("test: []", "a file of tests: no key has the name 'test'; did you mean 'tests'?"),
        ("tests: {}", "tests: expected a list of tests with `name`, `host` and `expect`, found a map"),
        ("tests: [x]", "tests: expected a map with `name`, `host` and `expect`, found 'x'"),
        ("tests: [{host: web-1, expect: {error: x}}]", "name: expected it in each test, found none; add it"),
        ("tests: [{name: a, expect: {error: x}}]", "host: expected it in each test, found none; add it"),
        ("tests: [{name: a, host: web-1}]", "expect: expected it in each test, found none; add it"),
        ("tests: [{name: a, host: web-1, expect: }]", "expect: expected at least one of environment, roles,"),
        ("tests: [{name: a, host: web-1, expect: {}}]", "expect: expected at least one of environment, roles,"),
        ("tests: [{name: a, host: web-1, expect: x}]", "expect: expected a map of `name: value`, found 'x'"),
        ("tests: [{name: a, host: web 1, expect: {error: x}}]", "host: expected a hostname"),
        ("tests: [{name: a, host: web-1, hosts: a, expect: {error: x}}]", "did you mean 'host'?"),
        (
            "tests: [{name: a, host: web-1, expect: {abesnt: a}}]",
            "no key has the name 'abesnt'; did you mean 'absent'?",
        ),
        ("tests: [{name: a, host: web-1, traits: [], expect: {error: x}}]", "traits: expected a map of `name: value`"),
        (
            "tests: [{name: a, host: web-1, traits: {os: 1}, expect: {error: x}}]",
            "traits: expected a map of the traits in the set 'os', found '1'",
        ),
        (
            "tests: [{name: a, host: web-1, traits: {oss: {}}, expect: {error: x}}]",
            "traits: no set has the name 'oss'; did you mean 'os'?",
        ),
        (
            "tests: [{name: a, host: web-1, traits: {os: {famliy: a}}, expect: {error: x}}]",
            "traits: os has no field 'famliy'; did you mean 'family'?",
        ),
        (
            "tests: [{name: a, host: web-1, facts: {file_exist: {}}, expect: {error: x}}]",
            "facts: no key has the name 'file_exist'; did you mean 'file_exists'?",
        ),
        (
            "tests: [{name: a, host: web-1, facts: {file_exists: {etc: true}}, expect: {error: x}}]",
            "file_exists: expected an absolute path, found 'etc'",
        ),
        (
            "tests: [{name: a, host: web-1, facts: {port_listening: {80: maybe}}, expect: {error: x}}]",
            "port_listening: expected true or false, found 'maybe'",
        ),
        (
            "tests: [{name: a, host: web-1, facts: {local_time: 25:00}, expect: {error: x}}]",
            "local_time: expected a time of day such as '02:00', found '25:00'",
        ),
        (
            "tests: [{name: a, host: web-1, expect: {error: x}}, {name: a, host: web-1, expect: {error: x}}]",
            "expected each test of a file once, found 'a' again; it stands at tests/web.vgo:1:16 too",
        ),
        (
            "tests: [{name: a, host: db-1, expect: {roles: []}}]",
            "host: expected a hostname that an entry covers, found 'db-1', which none does",
        ),
        (
            "tests: [{name: a, host: web-1, expect: {resources: {web/cnof: {}}}}]",
            "no resource has the name 'web/cnof'; did you mean 'web/conf'?",
        ),
        ("tests: [{name: a, host: web-1, expect: {order: [wbe/conf]}}]", "did you mean 'web/conf'?"),
        (
            "tests: [{name: a, host: web-1, expect: {skipped: [conf]}}]",
            "expected a resource as configcrate/name, found 'conf'",
        ),
        (
            "tests: [{name: a, host: web-1, expect: {environment: prodution}}]",
            "no environment has the name 'prodution'; did you mean 'production'?",
        ),
        (
            "tests: [{name: a, host: web-1, expect: {roles: [webservr]}}]",
            "no role has the name 'webservr'; did you mean 'webserver'?",
        ),
    ],
)
def test_what_a_test_may_not_hold_is_told(written: str, message: str) -> None:
    assert message in only_message(with_test(written))


def test_a_name_that_is_only_to_be_absent_is_a_warning() -> None:
    found = with_test("tests: [{name: a, host: web-1, expect: {absent: [web/gone]}}]")
    assert codes(found) == ["tests/web.vgo:1:50 warning unknown-resource"]
    assert found.policy is not None


@pytest.mark.parametrize(
    ("written", "name", "expected"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("{{ key }}", "", True),
        ("site {{ key }}", "site a", True),
        ("site {{ key }}", "sites", False),
        ("{{ a }}-{% if b %}x{% endif %}-c", "1-x-c", True),
        ("{{ a }}-{# why #}-c", "1-c", False),
        ("ab{{ a }}ba", "aba", False),
        ("{{ unclosed", "anything", True),
        ("{{a}}b{{c}}b{{d}}", "b", False),
        ("{{a}}-" * 2_000 + "!", "-" * 20_000, False),
    ],
)
def test_a_name_with_a_template_may_be_whatever_has_its_parts(written: str, name: str, *, expected: bool) -> None:
    crate = f"configcrate: web\nresources: [{{name: '{written}', type: file, path: /a, content: x}}]"
    files = {**STACKS, "configcrates/web.vgo": crate, "tests/a.vgo": f"{NAMES}'web/{name}']}}}}]"}
    found = compiled(files).diagnostics
    assert any(one.code == "unknown-resource" for one in found) != expected


def test_names_are_not_looked_at_while_other_files_have_errors() -> None:
    broken = {**STACKS, "configcrates/web.vgo": "configcrate: [", "tests/a.vgo": WHOLE}
    assert all(one.file != "tests/a.vgo" for one in compiled(broken).diagnostics)


def test_a_trait_that_is_a_text_keeps_what_was_written() -> None:
    traits = "traits: {os: {version: 12.10}, memory: {total_bytes: 0x10}, network: {dns: [1]}, mine: {a: 1.10}}"
    found = one_test(f"{{name: a, host: web-1, {traits}, expect: {{error: x}}}}").traits
    assert found == {
        "os": {"version": "12.10"},
        "memory": {"total_bytes": 16},
        "network": {"dns": ["1"]},
        "mine": {"a": 1.1},
    }


def test_facts_are_by_predicate_and_argument() -> None:
    facts = "facts: {port_listening: {80: yes}, file_exists: {/a: false}, local_time: 23:00}"
    found = one_test(f"{{name: a, host: web-1, {facts}, expect: {{error: x}}}}").facts
    assert found.answers == {("port_listening", "80"): True, ("file_exists", "/a"): False}
    assert found.local_time == "23:00"
