import pytest

from tests.policy.planning.fleets import (
    DEBIAN,
    REDHAT,
    by_host,
    change,
    changes,
    field,
    fleet_plan,
    named,
    stacks,
    told,
    values,
)
from vigo.policy.planning.telling import IN_FULL

FILE = "{name: a, type: file, path: /a, content: %s}"
OTHER = "{name: b, type: file, path: /b, content: %s}"
ON_DEBIAN = "{name: a, type: file, path: /a, content: %s, when: \"os_family('debian')\"}"
WITH_LOCK = "{name: a, type: file, path: /a, content: %s, when: \"file_exists('/lock')\"}"


def test_a_condition_that_is_false_before_and_after_hides_any_change() -> None:
    before, after = stacks(ON_DEBIAN % "x"), stacks(ON_DEBIAN % "y")
    assert told(changes(before, after)) == ["changed web/a"]
    assert changes(before, after, REDHAT) == []


def test_a_condition_that_becomes_true_adds_and_one_that_becomes_false_removes() -> None:
    always, on_debian = stacks(FILE % "x"), stacks(ON_DEBIAN % "x")
    assert changes(always, on_debian) == []
    removed = change(always, on_debian, REDHAT)
    assert (removed.action, removed.fate) == ("removed", "left")
    assert removed.reason == "its condition `os_family('debian')` is false"
    added = change(on_debian, always, REDHAT)
    assert (added.action, added.reason) == ("added", "until now its condition `os_family('debian')` is false")


def test_what_a_condition_keeps_away_is_still_in_the_policy_and_not_undone() -> None:
    reverting = "{name: a, type: file, path: /a, content: x, on_remove: revert%s}"
    after = stacks(reverting % ", when: \"os_family('debian')\"")
    assert change(stacks(reverting % ""), after, REDHAT).fate == "left"


def test_what_only_the_machine_can_tell_may_apply_and_nothing_is_guessed() -> None:
    for one in (change(stacks(WITH_LOCK % "x"), stacks(WITH_LOCK % "y")), change(stacks(), stacks(WITH_LOCK % "x"))):
        assert one.certainty == "may_apply"
        assert one.reason == "only the machine can tell its condition `file_exists('/lock')`"
    assert change(stacks(WITH_LOCK % "x"), stacks()).certainty == "may_apply"
    one = change(stacks(WITH_LOCK % "x"), stacks(FILE % "x"))
    assert (one.certainty, values(one)) == ("may_apply", {"when": ("file_exists('/lock')", None)})


@pytest.mark.parametrize(
    "call", ["directory_exists('/x')", "package_installed('x')", "port_listening(80)", "program_exists('x')",
             "local_time('01:00', '02:00')"],
)  # fmt: skip
def test_each_predicate_that_looks_at_a_machine_stays_open(call: str) -> None:
    one = change(stacks(), stacks(f'{{name: a, type: file, path: /a, content: x, when: "{call}"}}'))
    assert one.certainty == "may_apply"


def test_the_same_open_condition_before_and_after_changes_nothing() -> None:
    assert changes(stacks(WITH_LOCK % "x"), stacks(WITH_LOCK % "x")) == []
    by_variable = '{name: a, type: file, path: /a, content: x, when: "file_exists(vars.lock)"}'
    before, after = (stacks(by_variable, variables=f"{{lock: {one}, other: {one}}}") for one in ("/a", "/b"))
    assert values(change(before, after)) == {
        "when": ("file_exists(vars.lock) (vars.lock = /a)", "file_exists(vars.lock) (vars.lock = /b)")
    }
    unused = stacks(by_variable, variables="{lock: /a, other: /c}")
    assert changes(before, unused) == []


def test_a_false_condition_decides_beside_an_open_one() -> None:
    both = "{name: a, type: file, path: /a, content: x, when: \"file_exists('/lock') and os_family('debian')\"}"
    assert change(stacks(), stacks(both)).certainty == "may_apply"
    role = "roles: {web: {case: [{when: \"os_family('debian')\", configcrates: [web]}]}}\n"
    after = stacks(WITH_LOCK % "x", entries='{match: "*", roles: [web]}', **{"roles.vgo": role})
    assert changes(None, after, REDHAT) == []
    assert change(None, after).certainty == "may_apply"


def test_without_stored_traits_whatever_needs_some_is_unknown_until_it_checks_in() -> None:
    before, after = stacks(ON_DEBIAN % "x", OTHER % "x"), stacks(ON_DEBIAN % "y")
    plan = fleet_plan(before, after, {"new-1": None, "web-1": DEBIAN})
    assert (plan.envoys.unknown, plan.unknown_hosts) == (1, ("new-1",))
    found = {one.id: one for one in changes(before, after, None)}
    assert found["web/a"].certainty == "unknown"
    assert found["web/a"].reason == "its condition `os_family('debian')` needs traits, and no traits of it are stored"
    assert found["web/b"].certainty == "certain"


def test_traits_that_lack_a_name_leave_it_unknown_too() -> None:
    zoned = '{name: a, type: file, path: /a, content: "{{ traits.time.zone }}%s"}'
    one = change(stacks(zoned % ""), stacks(zoned % "!"))
    assert (one.certainty, field(one, "content").note) == (
        "unknown",
        "unknown until it checks in: `traits.time` is undefined",
    )
    assert (field(one, "content").before, field(one, "content").after) == (
        "{{ traits.time.zone }}",
        "{{ traits.time.zone }}!",
    )
    by_zone = "{name: a, type: file, path: /a, content: x, when: \"traits.time.zone == 'UTC'\"}"
    assert change(stacks(), stacks(by_zone)).certainty == "unknown"
    assert change(stacks(), stacks(by_zone), {"time": {"zone": "UTC"}}).certainty == "certain"


def test_without_stored_traits_no_name_is_taken_as_undefined() -> None:
    tested = '{name: a, type: file, path: /a, content: x, when: "traits.time is not defined"}'
    assert change(stacks(), stacks(tested), None).certainty == "unknown"
    assert change(stacks(), stacks(tested)).certainty == "certain"


def test_a_template_is_rendered_with_the_traits_of_each_machine() -> None:
    named_file = '{name: a, type: file, path: /a, content: "{{ traits.network.hostname }} {{ vars.port }}"}'
    before, after = (stacks(named_file, variables=f"{{port: {port}}}") for port in (80, 8080))
    assert values(change(before, after, named("web-1"))) == {"content": ("web-1 80", "web-1 8080")}


def test_a_template_that_comes_to_the_same_changes_nothing() -> None:
    family = '{name: a, type: file, path: /a, content: "{{ traits.os.family }}"}'
    assert changes(stacks(family), stacks(FILE % "debian")) == []
    assert values(change(stacks(family), stacks(FILE % "debian"), REDHAT)) == {"content": ("redhat", "debian")}
    quoted = stacks('{name: a, type: file, path: /a, content: "{{ traits.os.version }}"}')
    assert changes(quoted, stacks(FILE % '"12"')) == []


def test_a_template_over_variables_that_change_is_told_with_them_where_it_stays_open() -> None:
    open_one = "{name: a, type: file, path: /a, content: \"{% if file_exists('/x') %}{{ vars.port }}{% endif %}\"}"
    before, after = (stacks(open_one, variables=f"{{port: {port}, other: {port}}}") for port in (80, 8080))
    one = change(before, after)
    assert (one.certainty, field(one, "content").note) == ("may_apply", "only the machine can tell")
    assert values(one) == {"content": ("the same template (vars.port = 80)", "the same template (vars.port = 8080)")}


def test_a_certain_field_beside_an_open_one_makes_the_change_certain() -> None:
    both = "{name: a, type: file, path: /a, mode: %s, content: \"{{ file_exists('/x') }}%s\"}"
    assert change(stacks(both % ("0644", "")), stacks(both % ("0640", "!"))).certainty == "certain"
    assert change(stacks(both % ("0644", "")), stacks(both % ("0644", "!"))).certainty == "may_apply"


def test_items_of_a_loop_are_told_apart_by_their_own_values() -> None:
    loop = (
        '{name: "a {{ item }}", type: file, foreach: [x, y], path: "/{{ item }}",'
        ' content: "{{ traits.os.id }}{{ %s }}"}'
    )
    assert told(changes(stacks(loop % "item"), stacks(loop % "'x'"))) == ["changed web/a y"]


def test_what_a_run_would_fail_with_is_told() -> None:
    one = change(stacks(FILE % "x"), stacks('{name: a, type: file, path: "{{ traits.os.family }}", content: x}'))
    assert one.problem.startswith("path: expected an absolute path")
    one = change(stacks(FILE % "x"), stacks('{name: a, type: file, path: /a, mode: "{{ traits.os.family }}"}'))
    assert one.problem.startswith("mode: expected a text that matches")
    wrong = '{name: a, type: file, path: /a, content: x, when: "port_listening(traits.os.family)"}'
    one = change(stacks(FILE % "x"), stacks(wrong))
    assert "port_listening: port: expected a port from 1 to 65535" in one.problem


def test_each_machine_of_many_gets_what_it_would_get_alone() -> None:
    resources = (
        ON_DEBIAN,
        '{name: b, type: file, path: /b, content: "{{ traits.network.hostname }} %s"}',
        "{name: c, type: file, path: /c, content: %s, when: \"hostname_matches('*3')\"}",
    )
    before, after = (stacks(*(one % text for one in resources)) for text in ("x", "y"))
    machines = {
        f"web-{number}": None if number % 7 == 0 else named(f"web-{number}", REDHAT if number % 2 else DEBIAN)
        for number in range(300)
    }
    together = by_host(fleet_plan(before, after, machines, bounds=IN_FULL))
    assert together == {host: sorted(told(changes(before, after, traits, host))) for host, traits in machines.items()}
