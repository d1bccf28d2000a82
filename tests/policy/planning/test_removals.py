"""What the plan says of what goes has to be what the agent does: see tests/agent/engine for that side."""

import pytest

from tests.policy.planning.fleets import DEBIAN, REDHAT, change, changes, fleet_plan, stacks
from vigo.policy.planning.answer import Fate

FILE = "{name: a, type: file, path: /a, content: x, on_remove: revert%s}"


def test_what_the_live_policy_undoes_is_told_to_be_undone() -> None:
    one = change(stacks(FILE % ""), stacks())
    assert (one.fate, one.reason, one.unmanaged) == ("undone", "", ("path:/a",))


@pytest.mark.parametrize(
    ("resource", "fate", "reason"),
    [
        ("{name: a, type: exec, command: [a], creates: /a, on_remove: revert}", "left", "a command cannot be undone"),
        ("{name: a, type: package, state: latest, on_remove: revert}", "undone", "the versions that state: latest"),
        ("{name: a, type: directory, path: /a, purge: yes, on_remove: revert}", "undone", "what purge removes"),
        (FILE % ", noop: true", "left", ""),
        (FILE % ", when: \"os_family('debian')\"", "undone", ""),
        ("{name: a, type: service, state: restarted, when: changed, on_remove: revert}", "left", ""),
    ],
)
def test_what_cannot_be_undone_is_told(resource: str, fate: Fate, reason: str) -> None:
    one = change(stacks(resource), stacks())
    assert one.fate == fate
    assert one.reason.startswith(reason)
    assert bool(one.reason) == bool(reason)


def test_without_an_entry_nothing_is_undone() -> None:
    entries = '{match: "db-*", configcrates: [web]}'
    plan = fleet_plan(stacks(FILE % ""), stacks(FILE % "", entries=entries), {"web-1": DEBIAN})
    (one,) = plan.groups[0].resources
    assert (plan.groups[0].coverage, one.fate) == ("lost", "left")
    assert one.reason == "on_remove: revert undoes nothing as long as no entry covers the machine"


def test_a_path_that_a_resource_leaves_is_undone_where_it_says_so_before_and_after() -> None:
    before, after = stacks(FILE % ""), stacks((FILE % "").replace("/a", "/b"))
    one = change(before, after)
    assert (one.action, one.unmanaged, one.fate) == ("changed", ("path:/a",), "undone")
    leaving = stacks((FILE % "").replace("/a", "/b").replace("revert", "leave"))
    assert change(before, leaving).fate == "left"
    assert change(leaving, before).fate == "left"


def test_what_a_resource_owns_that_a_condition_keeps_away_is_left_alone() -> None:
    other = "{name: b, type: file, path: /a, content: x, when: \"os_family('debian')\"}"
    (one,) = changes(stacks(FILE % ""), stacks(other), REDHAT)
    assert (one.action, one.fate, one.unmanaged) == ("removed", "left", ("path:/a",))
    rendered = other.replace("path: /a", "path: \"/{{ 'a' if os_id('rocky') else 'b' }}\"")
    (one,) = changes(stacks(FILE % ""), stacks(rendered), REDHAT)
    assert one.fate == "left"


def test_what_a_resource_did_while_its_condition_was_true_is_undone_too() -> None:
    on_debian = stacks(FILE % ", when: \"os_family('debian')\"")
    one = change(on_debian, stacks(), REDHAT)
    assert (one.action, one.fate, one.certainty, one.unmanaged) == ("removed", "undone", "may_apply", ())
    assert one.reason == ("its condition `os_family('debian')` is false; what it changed while that was true is undone")
    leaving = stacks((FILE % ", when: \"os_family('debian')\"").replace("revert", "leave"))
    assert changes(leaving, stacks(), REDHAT) == []
    assert changes(on_debian, on_debian, REDHAT) == []


def test_a_removal_that_hangs_on_the_machine_is_told_with_its_fate() -> None:
    one = change(stacks(FILE % ", when: \"file_exists('/x')\""), stacks())
    assert (one.certainty, one.fate) == ("may_apply", "undone")
