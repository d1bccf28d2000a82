import msgspec
import pytest

from tests.policy.planning.fleets import DEBIAN, REDHAT, fleet_plan, named, stacks, told
from vigo.policy.planning.answer import EntryChange, EntryPlace, EnvironmentChange, FleetPlan, RolesChange
from vigo.policy.planning.telling import IN_SHORT

A, B = (f"{{name: {name}, type: file, path: /{name}, content: x}}" for name in "ab")
ENTRIES = '{match: "web-*", configcrates: [web]}, {match: "db-*", configcrates: [web]}'


def groups(plan: FleetPlan) -> list[tuple[tuple[str, ...], list[str]]]:
    return [(one.hosts, told(list(one.resources))) for one in plan.groups]


def test_envoys_with_the_same_changes_are_one_group_whatever_entry_they_have() -> None:
    machines = {"db-1": DEBIAN, "web-1": DEBIAN, "web-2": None, "other": DEBIAN}
    plan = fleet_plan(stacks(A, entries=ENTRIES), stacks(B, entries=ENTRIES), machines)
    assert groups(plan) == [(("db-1", "web-1", "web-2"), ["removed web/a", "added web/b"])]
    assert (plan.groups[0].envoys, plan.groups[0].coverage) == (3, "kept")
    assert [one.match for one in plan.groups[0].entries] == [("db-*",), ("web-*",)]
    assert (plan.envoys.total, plan.envoys.changing, plan.envoys.uncovered) == (4, 3, 1)
    assert (plan.removed.resources, plan.removed.envoys) == (1, 3)


def test_what_all_share_is_told_once_and_what_some_have_beside_it_for_these() -> None:
    on_debian = "{name: b, type: file, path: /b, content: x, when: \"os_family('debian')\"}"
    machines = {"web-1": DEBIAN, "web-2": REDHAT, "web-3": DEBIAN}
    plan = fleet_plan(stacks(), stacks(A, on_debian), machines)
    assert groups(plan) == [
        (("web-1", "web-2", "web-3"), ["added web/a"]),
        (("web-1", "web-3"), ["added web/b"]),
    ]
    assert [(one.id, one.envoys) for one in plan.resources] == [("web/a", 3), ("web/b", 2)]


def test_values_that_belong_to_single_envoys_are_told_once_with_an_example() -> None:
    named_file = '{name: a, type: file, path: /a, content: "{{ traits.network.hostname }}%s"}'
    machines = {f"web-{number}": named(f"web-{number}") for number in range(40)}
    plan = fleet_plan(stacks(named_file % ""), stacks(named_file % "!"), machines)
    (group,) = plan.groups
    (one,) = group.resources
    assert (group.envoys, one.differs_by_envoy, one.shown_for) == (40, True, "web-0")
    assert (one.fields[0].before, one.fields[0].after) == ("web-0", "web-0!")


def test_values_that_many_envoys_share_are_told_apart() -> None:
    family = '{name: a, type: file, path: /a, content: "{{ traits.os.family }}%s"}'
    machines = {f"web-{number}": REDHAT if number % 3 else DEBIAN for number in range(12)}
    plan = fleet_plan(stacks(family % ""), stacks(family % "!"), machines)
    assert [(one.envoys, one.resources[0].fields[0].after) for one in plan.groups] == [(8, "redhat!"), (4, "debian!")]
    assert not any(one.resources[0].differs_by_envoy for one in plan.groups)


def test_values_that_single_entries_set_are_told_once_too() -> None:
    entries = ", ".join(f'{{match: "web-{n}", configcrates: [web], vars: {{ip: 10.0.0.{n}}}}}' for n in range(5))
    conf = '{name: a, type: file, path: /a, content: "{{ vars.ip }}%s"}'
    machines = {f"web-{number}": DEBIAN for number in range(5)}
    before, after = (stacks(conf % end, entries=entries, variables="{ip: none}") for end in ("", "!"))
    (group,) = fleet_plan(before, after, machines).groups
    assert (group.envoys, group.resources[0].differs_by_envoy) == (5, True)


def test_an_envoy_that_no_entry_covers_any_more_loses_everything_and_comes_first() -> None:
    after = stacks(A, B, entries='{match: "web-*", configcrates: [web]}')
    plan = fleet_plan(stacks(A, entries=ENTRIES), after, {"db-1": DEBIAN, "web-1": DEBIAN, "web-2": DEBIAN})
    assert groups(plan) == [(("db-1",), ["removed web/a"]), (("web-1", "web-2"), ["added web/b"])]
    lost = plan.groups[0]
    assert (lost.coverage, lost.entries) == ("lost", (EntryPlace(place="envoys.vgo:1", match=("db-*",)),))
    assert lost.resources[0].unmanaged == ("path:/a",)
    assert (plan.envoys.lost, plan.envoys.gained) == (1, 0)


def test_an_envoy_that_is_covered_for_the_first_time_gets_everything() -> None:
    plan = fleet_plan(
        stacks(A, entries='{match: "web-*", configcrates: [web]}'), stacks(A, entries=ENTRIES), {"db-1": None}
    )
    assert groups(plan) == [(("db-1",), ["added web/a"])]
    assert (plan.groups[0].coverage, plan.envoys.gained) == ("gained", 1)


def test_coverage_that_brings_nothing_is_a_change_all_the_same() -> None:
    plan = fleet_plan(stacks(entries='{match: "web-*", configcrates: [web]}'), stacks(entries=ENTRIES), {"db-1": None})
    assert (plan.changes, groups(plan), plan.groups[0].coverage) == (True, [(("db-1",), [])], "gained")


def test_another_environment_or_role_is_told() -> None:
    more = {"environments.vgo": "environments: {a: {}, b: {}}\n", "roles.vgo": "roles: {r: {}, s: {}}\n"}
    before = stacks(A, entries='{match: "*", environment: a, roles: [r], configcrates: [web]}', **more)
    after = stacks(A, entries='{match: "*", environment: b, roles: [r, s], configcrates: [web]}', **more)
    plan = fleet_plan(before, after, {"web-1": DEBIAN})
    (group,) = plan.groups
    assert group.environment == EnvironmentChange(before="a", after="b")
    assert group.roles == RolesChange(before=("r",), after=("r", "s"))
    assert (plan.changes, group.resources) == (True, ())


def test_another_entry_is_told_beside_a_change_and_is_none_by_itself() -> None:
    taken = '{match: web-1, configcrates: [web]}, {match: "web-*", configcrates: [web]}'
    before = stacks(A, entries='{match: "web-*", configcrates: [web]}')
    assert not fleet_plan(before, stacks(A, entries=taken), {"web-1": DEBIAN}).changes
    (both,) = fleet_plan(before, stacks(B, entries=taken), {"web-1": DEBIAN}).groups
    assert both.entry == EntryChange(
        before=EntryPlace(place="envoys.vgo:1", match=("web-*",)),
        after=EntryPlace(place="envoys.vgo:1", match=("web-1",)),
    )


def test_a_pattern_that_an_entry_gets_beside_others_is_no_other_entry() -> None:
    before = stacks(A, entries='{match: ["web-*"], configcrates: [web]}')
    after = stacks(B, entries='{match: ["web-*", "app-*"], configcrates: [web]}')
    (group,) = fleet_plan(before, after, {"web-1": DEBIAN}).groups
    assert group.entry is None


def test_an_environment_bounds_the_plan_to_envoys_that_are_in_it_before_or_after() -> None:
    more = {"environments.vgo": "environments: {a: {}, b: {}}\n"}
    one = '{match: "x-*", environment: a, configcrates: [web]}, {match: "y-*", environment: b, configcrates: [web]}'
    other = one.replace("environment: a", "environment: b")
    machines = {"x-1": DEBIAN, "y-1": DEBIAN, "z": None}
    before, after = stacks(A, entries=one, **more), stacks(A, entries=other, **more)
    for environment, total in ((None, 3), ("a", 1), ("b", 2), ("c", 0)):
        assert fleet_plan(before, after, machines, environment=environment).envoys.total == total


def test_what_an_answer_has_no_room_for_is_counted() -> None:
    bounds = msgspec.structs.replace(IN_SHORT, hosts=2, groups=1, resources=3)
    many = [f"{{name: f{n}, type: file, path: /f{n}, content: x}}" for n in range(8)]
    machines = {f"web-{n}": DEBIAN for n in range(5)} | {"db-1": DEBIAN}
    after = stacks(*many, entries='{match: "web-*", configcrates: [web]}')
    plan = fleet_plan(stacks(A, entries=ENTRIES), after, machines, bounds=bounds)
    assert (len(plan.groups), plan.groups_left_out) == (1, 1)
    assert (len(plan.resources), plan.resources_left_out) == (3, 6)
    (group,) = fleet_plan(stacks(), stacks(*many), machines, bounds=bounds).groups
    assert (group.hosts, group.envoys) == (("db-1", "web-0"), 6)
    assert (len(group.resources), group.resources_left_out) == (3, 5)


def test_removals_come_first_in_a_group_and_among_groups() -> None:
    entries = '{match: "db-*", configcrates: [web, db]}, {match: "*", configcrates: [web]}'
    db = {"configcrates/db.vgo": "configcrate: db\nresources: [{name: a, type: file, path: /db, content: x}]\n"}
    none = {"configcrates/db.vgo": "configcrate: db\nresources: []\n"}
    machines = {f"web-{n}": DEBIAN for n in range(5)} | {"db-1": DEBIAN}
    plan = fleet_plan(stacks(entries=entries, **db), stacks(A, B, entries=entries, **none), machines)
    assert [one[1] for one in groups(plan)] == [["removed db/a"], ["added web/a", "added web/b"]]
    both = fleet_plan(stacks(B), stacks(A), {"web-1": DEBIAN})
    assert groups(both) == [(("web-1",), ["removed web/b", "added web/a"])]


def test_a_fleet_without_envoys_has_nothing_to_change() -> None:
    plan = fleet_plan(None, stacks(A), {})
    assert (plan.changes, plan.envoys.total, plan.groups) == (False, 0, ())


@pytest.mark.parametrize("count", [2, 3, 16, 17, 60])
def test_each_envoy_is_counted_once_however_many_values_there_are(count: int) -> None:
    text = '{name: a, type: file, path: /a, content: "{{ traits.os.version }}%s"}'
    machines = {f"web-{n}": {"os": {"version": str(n % count)}} for n in range(60)}
    plan = fleet_plan(stacks(text % ""), stacks(text % "!"), machines)
    assert sum(one.envoys for one in plan.groups) == 60
    assert len({host for one in plan.groups for host in one.hosts}) == min(60, 20 * len(plan.groups))
