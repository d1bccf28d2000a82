from collections.abc import Mapping
from typing import Any

import pytest

from tests.gates.tree import ROOT
from tests.policy.conftest import compiled, policy_of
from vigo.agent.engine.rendering import spec_of, values_of
from vigo.catalog.scan import resource_kinds
from vigo.core.templates import Templates
from vigo.policy.compiling import compile_stacks
from vigo.policy.documents.facts import Facts
from vigo.policy.expectations import Verdict, all_tests, judge
from vigo.policy.sources import Sources, read_sources
from vigo.policy.trial_predicates import trial_predicates
from vigo.policy.trials import Machine, Trial, try_policy

STACKS = {
    "configcrates/web.vgo": """
configcrate: web
vars: {port: 8080}
resources:
  - {name: conf, type: file, path: /etc/web, mode: 0644, source: templates/conf, notify: [again]}
  - {name: again, type: file, path: /run/again, content: x, when: changed}
  - {name: old, type: file, path: /etc/old, content: x, when: "version_lt(traits.os.version, '12')"}
  - {name: lock, type: file, path: /etc/lock, content: x, when: "file_exists('/etc/nologin')"}
  - {name: zone, type: file, path: /etc/zone, content: "{{ traits.time.zone }}"}
  - {name: at, type: file, path: "/{{ traits.os.id }}", content: x, mode: "{{ traits.os.family }}"}
  - {name: page, type: file, path: /srv/page, source: files/page}
""",
    "configcrates/apt.vgo": "configcrate: apt\nresources: [{name: a, type: file, path: /etc/apt, content: x}]\n",
    "configcrates/tools.vgo": "configcrate: tools\nresources: [{name: a, type: file, path: /etc/t, content: x}]\n",
    "files/page": "hello",
    "templates/conf": "port = {{ vars.port }}\nname = {{ traits.network.hostname }}\n",
    "roles.vgo": """
roles:
  web:
    configcrates: [web, tools]
    case: [{when: "os_family('debian')", configcrates: [apt]}]
""",
    "environments.vgo": "environments: {production: {vars: {port: 80}, exclude: [tools]}}\n",
    "envoys.vgo": """
envoys:
  - {match: web-1, environment: production, roles: [web]}
  - {match: "web-*", roles: [web]}
""",
}
DEBIAN = {"os": {"id": "debian", "family": "debian", "version": "12"}}
WRITTEN = "{os: {id: debian, family: debian, version: 12}}"


def trial(hostname: str = "web-1", traits: Mapping[str, Any] = DEBIAN, facts: Facts | None = None) -> Trial:
    return try_policy(policy_of(compiled(STACKS)), Machine(hostname, dict(traits), facts or Facts()), resource_kinds())


def verdicts_of(files: Mapping[str, str]) -> list[Verdict]:
    policy = policy_of(compiled(files))
    sources = Sources({name: text.encode() for name, text in files.items()})
    return [judge(policy, test, resource_kinds()) for test in all_tests(sources)]


def verdicts(*tests: str) -> list[Verdict]:
    """Return what becomes of tests, each with all but its name."""
    written = "tests:\n" + "".join(f"  - {{name: t{index}, {test}}}\n" for index, test in enumerate(tests))
    return verdicts_of({**STACKS, "tests/a.vgo": written})


def messages(expect: str, host: str = "web-1", more: str = "") -> list[str]:
    (found,) = verdicts(f"host: {host}, traits: {WRITTEN}, {more} expect: {expect}")
    return [one.message for one in found.differences]


def test_a_machine_sees_its_own_name_and_its_environments_variables() -> None:
    found = trial().resources["web/conf"]
    assert (found.outcome, found.fields["content"]) == ("managed", "port = 80\nname = web-1\n")
    assert trial("web-2").resources["web/conf"].fields["content"] == "port = 8080\nname = web-2\n"


def test_a_name_in_the_traits_comes_before_the_hosts() -> None:
    found = trial(traits={"network": {"hostname": "w"}})
    assert found.resources["web/conf"].fields["content"] == "port = 80\nname = w\n"


def test_conditions_are_decided_by_traits() -> None:
    old = trial(traits={"os": {"id": "debian", "family": "redhat", "version": "9"}}).resources
    assert (old["web/old"].outcome, old["apt/a"].outcome) == ("managed", "skipped")
    new = trial().resources
    assert (new["web/old"].outcome, new["apt/a"].outcome) == ("skipped", "managed")
    assert new["web/old"].reason.startswith("its condition `version_lt(traits.os.version, '12')` (configcrates/web.vgo")


def test_what_only_a_machine_can_tell_is_unknown_until_a_fact_says_it() -> None:
    assert trial().resources["web/lock"].outcome == "unknown"
    for answer, outcome in ((True, "managed"), (False, "skipped")):
        facts = Facts({("file_exists", "/etc/nologin"): answer})
        assert trial(facts=facts).resources["web/lock"].outcome == outcome


def test_what_a_machine_would_fail_with_is_told_by_field() -> None:
    found = trial().resources
    assert found["web/zone"].outcome == "failed"
    assert list(found["web/zone"].failed) == ["content"]
    assert "mode: expected a text that matches" in found["web/at"].problems[0]
    assert trial(traits={}).resources["web/old"].outcome == "failed"


def test_a_host_that_no_entry_covers_gets_nothing() -> None:
    assert trial("db-1") == Trial(None, {})


@pytest.mark.parametrize("hostname", ["web-1", "web-2"])
def test_the_fields_are_those_that_an_agent_would_bring_about(hostname: str) -> None:
    traits = {**DEBIAN, "network": {"hostname": hostname}, "time": {"zone": "UTC"}}
    found = trial(hostname, traits)
    assert found.plan is not None
    templates = Templates(trial_predicates(traits, Facts()))
    for one in found.resources.values():
        if one.outcome == "managed":
            planned, kind = one.planned, resource_kinds()[one.planned.type]
            context = {"vars": found.plan.scopes.get(planned.configcrate, {}), "traits": traits, **planned.locals}
            spec = spec_of(planned, kind, values_of(planned, kind, templates, context))
            assert {name: getattr(spec, name) for name in one.fields} == one.fields


def test_everything_that_is_expected_and_so_is_no_difference() -> None:
    expect = """{environment: production, roles: [web],
        resources: {web/conf: {mode: 0644, content: "port = 80\\nname = web-1\\n", state: present}, web/again: {},
                    web/page: {content: hello}, apt/a: },
        absent: [tools/a, web/old], skipped: [web/old], order: [web/conf, web/again], error: traits.time}"""
    assert messages(expect) == []


def test_a_field_that_has_its_default_may_be_expected() -> None:
    assert messages("{resources: {web/conf: {state: absent}}}") == [
        'web/conf, state: expected "absent", found "present"'
    ]


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("{environment: null}", "environment: expected none, found production"),
        ("{roles: []}", 'roles: expected [], found ["web"]'),
        ("{resources: {web/conf: {mode: 0600}}}", 'web/conf, mode: expected "0600", found "0644"'),
        ("{resources: {web/conf: {mod: 0600}}}", "web/conf, mod: file has no such field; did you mean 'mode'?"),
        ("{resources: {web/conf: {mode: [1]}}}", "mode: expected a text, found a list"),
        (
            "{resources: {web/page: {source: files/page}}}",
            "web/page, source: this file is read when the stacks are compiled; expect `content` instead",
        ),
        ("{resources: {tools/a: {}}}", "tools/a: expected it on the machine, found no such resource"),
        (
            "{resources: {web/old: {}}}",
            "web/old: expected it on the machine, found it skipped: its condition `version_lt(",
        ),
        (
            "{resources: {web/zone: {content: UTC}}}",
            'web/zone, content: expected "UTC", found that it fails: `traits.time` is undefined',
        ),
        (
            "{absent: [web/conf]}",
            "web/conf: expected it not to be on the machine, found it; it stands at configcrates/web.vgo:5:5",
        ),
        ("{skipped: [web/conf]}", "web/conf: expected one of its conditions to be false, found that it has none"),
        ("{skipped: [apt/a]}", "apt/a: expected one of its conditions to be false, found all its conditions true"),
        ("{skipped: [tools/a]}", "tools/a: expected it on the machine, found no such resource"),
        ("{order: [web/again, web/conf]}", "order: expected web/conf after web/again, found it before"),
        ("{order: [tools/a]}", "tools/a: expected it on the machine, found no such resource"),
        ("{error: boom}", 'expected an error with "boom" in it, found web/zone: content: `traits.time` is undefined;'),
    ],
)
def test_what_is_not_as_expected_is_told(expect: str, message: str) -> None:
    (found,) = messages(expect)
    assert found.startswith(message)


@pytest.mark.parametrize("key", ["resources: {web/lock: {}}", "absent: [web/lock]", "skipped: [web/lock]"])
def test_an_expectation_of_what_is_unknown_asks_for_a_fact(key: str) -> None:
    (found,) = messages(f"{{{key}}}")
    assert "say it in `facts`, such as {file_exists: {'/etc/nologin': true}}" in found
    answer = key.startswith("resources")
    facts = f"facts: {{file_exists: {{/etc/nologin: {str(answer).lower()}}}}},"
    assert messages(f"{{{key}}}", more=facts) == []


def test_an_error_may_be_that_no_entry_covers_the_host() -> None:
    assert messages("{error: no entry}", host="db-1") == [
        'expected an error with "no entry" in it, found expected an entry that covers db-1, found none'
    ]
    assert messages("{error: expected an entry}", host="db-1") == []


def test_an_expected_error_of_a_resource_is_no_difference() -> None:
    (found,) = verdicts("host: web-1, expect: {resources: {web/old: {}}, error: no trait os.family}")
    assert found.passed
    (found,) = verdicts("host: web-1, expect: {resources: {web/old: {}}}")
    assert "found that it fails" in found.differences[0].message


def test_differences_stand_in_the_order_of_the_file_at_their_expectations() -> None:
    (found,) = verdicts(f"host: web-1, traits: {WRITTEN}, expect: {{absent: [web/conf], environment: null}}")
    assert [str(one.place) for one in found.differences] == ["tests/a.vgo:2:104", "tests/a.vgo:2:128"]


def test_texts_of_several_lines_are_compared_by_line() -> None:
    (found,) = verdicts('host: web-1, expect: {resources: {web/conf: {content: "port = 81\\nname = web-1\\n"}}}')
    (one,) = found.differences
    assert one.message == "web/conf, content: expected the lines with -, found those with +"
    assert one.diff == ("-port = 81", "+port = 80", " name = web-1")


def test_tests_are_in_the_order_of_their_files() -> None:
    one = b"tests: [{name: one, host: a, expect: {error: x}}]"
    files = {"tests/b.vgo": one, "tests/a.vgo": one, "files/tests/c.vgo": one}
    assert [test.file for test in all_tests(Sources(files))] == ["tests/a.vgo", "tests/b.vgo"]


def test_the_tests_of_the_example_pass() -> None:
    sources = read_sources(ROOT / "examples/demo/stacks")
    found = [judge(policy_of(compile_stacks(sources)), test, resource_kinds()) for test in all_tests(sources)]
    assert found
    assert all(one.passed for one in found)
