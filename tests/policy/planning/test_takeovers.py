from tests.policy.planning.fleets import DEBIAN, REDHAT, change, changes, fleet_plan, stacks, told, values

OLD = "{name: old, type: file, path: /etc/web, content: x}"
NEW = OLD.replace("old", "new")


def test_the_same_thing_under_another_name_moves() -> None:
    one = change(stacks(OLD), stacks(NEW))
    assert (one.action, one.id, one.moved_from, one.fields, one.unmanaged) == ("moved", "web/new", "web/old", (), ())
    one = change(stacks(OLD), stacks(NEW.replace("content: x", "content: y")))
    assert (one.action, values(one)) == ("moved", {"content": ("x", "y")})


def test_it_moves_between_configcrates_and_types_too() -> None:
    other = {
        "configcrates/other.vgo": "configcrate: other\nresources: [{name: it, type: symlink, path: /etc/web, to: /x}]\n"
    }
    after = stacks(entries='{match: "*", configcrates: [web, other]}', **other)
    one = change(stacks(OLD), after)
    assert (one.action, one.id, one.moved_from) == ("moved", "other/it", "web/old")
    assert values(one)["type"] == ("file", "symlink")


def test_what_is_undone_when_it_goes_is_not_where_another_resource_takes_it_over() -> None:
    reverting = OLD.replace("content", "on_remove: revert, content")
    one = change(stacks(reverting), stacks(NEW))
    assert (one.action, one.fate) == ("moved", None)


def test_what_a_resource_that_stays_takes_over_is_still_managed() -> None:
    two = ("{name: a, type: package, package: [nano]}", "{name: b, type: package, package: [vim]}")
    found = changes(stacks(*two), stacks("{name: b, type: package, package: [vim, nano]}"))
    assert told(found) == ["removed web/a", "changed web/b"]
    assert (found[0].fate, found[0].taken_over_by, found[0].unmanaged) == ("taken_over", "web/b", ())


def test_what_is_taken_over_in_part_says_what_is_left() -> None:
    found = changes(
        stacks("{name: a, type: package, package: [nano, vim]}"), stacks("{name: b, type: package, package: vim}")
    )
    assert told(found) == ["removed web/a", "added web/b"]
    assert (found[0].fate, found[0].taken_over_by, found[0].unmanaged) == ("left", "web/b", ("package:nano",))


def test_two_that_become_one_are_one_that_moves_and_one_that_is_taken_over() -> None:
    two = ("{name: a, type: package, package: nano}", "{name: b, type: package, package: vim}")
    found = changes(stacks(*two), stacks("{name: c, type: package, package: [nano, vim]}"))
    assert told(found) == ["removed web/b", "moved web/c"]
    assert (found[0].fate, found[0].taken_over_by, found[1].moved_from) == ("taken_over", "web/c", "web/a")


def test_a_path_that_another_resource_takes_in_the_same_step_is_not_left_behind() -> None:
    two = stacks(OLD, "{name: b, type: file, path: /etc/b, content: x}")
    after = stacks(OLD.replace("/etc/web", "/etc/b"), "{name: b, type: file, path: /etc/web, content: x}")
    assert [(one.action, one.unmanaged) for one in changes(two, after)] == [("changed", ()), ("changed", ())]


def test_what_takes_over_on_some_machines_alone_does_so_there() -> None:
    heir = "{name: new, type: file, path: /etc/web, content: x, when: \"os_family('debian')\"}"
    assert told(changes(stacks(OLD), stacks(heir))) == ["moved web/new"]
    (one,) = changes(stacks(OLD), stacks(heir), REDHAT)
    assert (one.action, one.fate, one.unmanaged) == ("removed", "left", ("path:/etc/web",))
    (moved,) = changes(stacks(OLD), stacks(heir), None)
    assert (moved.action, moved.certainty) == ("moved", "unknown")


def test_each_machine_of_one_entry_has_its_own_heir() -> None:
    heir = "{name: b, type: file, path: /etc/web, content: x, when: \"os_family('debian')\"}"
    plan = fleet_plan(stacks(OLD, heir), stacks(heir), {"web-1": DEBIAN, "web-2": REDHAT, "web-3": DEBIAN})
    assert {one.hosts: one.resources[0].fate for one in plan.groups} == {
        ("web-1", "web-3"): "taken_over",
        ("web-2",): "left",
    }


def test_a_path_that_a_machine_renders_is_taken_over_by_its_value() -> None:
    heir = '{name: new, type: file, path: "/etc/{{ traits.os.id }}", content: x}'
    old = OLD.replace("/etc/web", "/etc/debian")
    assert told(changes(stacks(old), stacks(heir), DEBIAN)) == ["moved web/new"]
    assert told(changes(stacks(old), stacks(heir), REDHAT)) == ["removed web/old", "added web/new"]


def test_what_owns_nothing_is_never_taken_over() -> None:
    command = "{name: %s, type: exec, command: [a], creates: /a}"
    assert told(changes(stacks(command % "a"), stacks(command % "b"))) == ["removed web/a", "added web/b"]
