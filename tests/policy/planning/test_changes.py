import pytest

from tests.policy.planning.fleets import DEBIAN, change, changes, field, fleet_plan, named, stacks, told, values

CONF = "{name: conf, type: file, path: /etc/web, content: one}"


def test_the_same_stacks_change_nothing() -> None:
    same = stacks(CONF, "{name: more, type: package, when: \"file_exists('/x')\"}")
    plan = fleet_plan(same, same, {"web-1": DEBIAN, "web-2": None})
    assert not plan.changes
    assert (plan.envoys.total, plan.envoys.changing, plan.groups, plan.resources) == (2, 0, (), ())


def test_a_resource_that_comes_is_added_with_its_fields() -> None:
    one = change(stacks(), stacks(CONF))
    assert (one.action, one.id, one.type, one.certainty) == ("added", "web/conf", "file", "certain")
    assert (one.manages, one.origin) == (("path:/etc/web",), "configcrates/web.vgo:4:5")
    assert values(one) == {"path": (None, "/etc/web"), "content": (None, "one")}


def test_a_resource_that_goes_is_removed_and_told_to_be_left_as_it_is() -> None:
    one = change(stacks(CONF), stacks())
    assert (one.action, one.id, one.fate, one.unmanaged) == ("removed", "web/conf", "left", ("path:/etc/web",))
    assert one.origin == "configcrates/web.vgo:4:5"


def test_what_the_live_policy_says_of_removal_is_told() -> None:
    reverting = CONF.replace("content", "on_remove: revert, content")
    assert change(stacks(reverting), stacks()).fate == "undone"
    # What publishing takes away with the resource no longer counts.
    assert change(stacks(reverting), stacks(CONF)).fields[0].name == "on_remove"


def test_a_field_that_changes_is_told_before_and_after() -> None:
    one = change(stacks(CONF), stacks("{name: conf, type: file, path: /etc/web, content: two, mode: 0600}"))
    assert (one.action, set(values(one))) == ("changed", {"content", "mode"})
    assert values(one)["mode"] == (None, "0600")
    one = change(stacks(CONF), stacks("{name: conf, type: file, path: /etc/web, content: two}"))
    assert values(one) == {"content": ("one", "two")}


def test_a_default_that_is_written_out_changes_nothing() -> None:
    written = "{name: conf, type: file, path: /etc/web, content: one, state: present, backup: no}"
    assert changes(stacks(CONF), stacks(written)) == []
    assert changes(stacks(written), stacks(CONF)) == []
    usual = "{name: conf, type: file, path: /etc/web, content: one, on_remove: leave, on_failure: continue}"
    assert changes(stacks(CONF), stacks(usual)) == []


def test_where_a_resource_stands_and_how_its_value_was_made_changes_nothing() -> None:
    before = stacks(CONF, "{name: other, type: package}")
    after = stacks("{name: other, type: package}", CONF.replace("one", '"{{ vars.text }}"'), variables="{text: one}")
    plan = fleet_plan(before, after, {"web-1": DEBIAN})
    assert (plan.changes, plan.envoys.order_only) == (False, 1)
    by_file = stacks(
        "{name: conf, type: file, path: /etc/web, source: files/web}", variables="{}", **{"files/web": "one"}
    )
    assert changes(stacks(CONF), by_file) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("notify: [again]", '["web/again"]'),
        ("timeout: 30s", "30s"),
        ("on_failure: stop", "stop"),
        ("on_remove: revert", "revert"),
        ("noop: true", "true"),
    ],
)
def test_an_option_that_changes_is_told(option: str, value: str) -> None:
    again = "{name: again, type: service, service: web, state: restarted, when: changed}"
    before, after = stacks(CONF, again), stacks(CONF.replace("content", f"{option}, content"), again)
    name = option.partition(":")[0]
    assert values(change(before, after)) == {name: (None, value)}
    assert values(change(after, before)) == {name: (value, None)}


def test_a_resource_that_only_runs_when_notified_from_now_on_says_so() -> None:
    command = "{name: a, type: exec, command: [a], creates: /a, subscribes: [conf]%s}"
    one = change(stacks(CONF, command % ""), stacks(CONF, command % ", when: changed"))
    assert values(one) == {"when": (None, "changed")}
    one = change(stacks(CONF, command % ", when: changed"), stacks(CONF, command % ", when: changed, immediately: yes"))
    assert values(one) == {"immediately": (None, "true")}


def test_a_dependency_that_comes_or_goes_is_a_change() -> None:
    other = "{name: other, type: package}"
    before, after = stacks(other, CONF), stacks(other, CONF.replace("content", "depends_on: [other], content"))
    assert values(change(before, after)) == {"depends_on": (None, '["web/other"]')}
    assert values(change(after, before)) == {"depends_on": ('["web/other"]', None)}


def test_a_dependency_that_others_imply_is_order_alone() -> None:
    first, then = "{name: first, type: package}", "{name: then, type: package, depends_on: [first]}"
    whole = CONF.replace("content", "depends_on: [first, then], content")
    plan = fleet_plan(stacks(first, then, whole), stacks(first, then, whole.replace("first, ", "")), {"web-1": DEBIAN})
    assert (plan.changes, plan.envoys.order_only) == (False, 1)


def test_a_dependency_on_a_whole_configcrate_follows_what_is_in_it() -> None:
    def with_base(*resources: str) -> dict[str, str]:
        lines = "".join(f"  - {one}\n" for one in resources)
        base = {"configcrates/base.vgo": f"configcrate: base\nresources:\n{lines}"}
        found = stacks(CONF, entries='{match: "*", configcrates: [base, web]}', **base)
        web = found["configcrates/web.vgo"].replace("vars: {}", "vars: {}\ndepends_on: [base]")
        return {**found, "configcrates/web.vgo": web}

    before = with_base("{name: a, type: package}")
    assert told(changes(before, with_base("{name: a, type: package}", "{name: b, type: package}"))) == ["added base/b"]
    assert told(changes(with_base("{name: a, type: package}", "{name: b, type: package}"), before)) == [
        "removed base/b"
    ]


def test_another_type_is_a_change_of_the_same_resource() -> None:
    one = change(stacks(CONF), stacks("{name: conf, type: symlink, path: /etc/web, to: /etc/other}"))
    assert values(one) == {"type": ("file", "symlink"), "to": (None, "/etc/other"), "content": ("one", None)}
    assert one.unmanaged == ()


def test_a_path_that_changes_leaves_the_former_one_behind() -> None:
    one = change(stacks(CONF), stacks(CONF.replace("/etc/web", "/etc/new")))
    assert (one.action, one.manages, one.unmanaged) == ("changed", ("path:/etc/new",), ("path:/etc/web",))


def test_maps_have_no_order_and_lists_have() -> None:
    with_map = "{name: a, type: exec, command: [a], creates: /a, environment: {%s}}"
    assert changes(stacks(with_map % "A: x, B: y"), stacks(with_map % "B: y, A: x")) == []
    command = "{name: run, type: exec, command: [a, b], creates: /x}"
    assert values(change(stacks(command), stacks(command.replace("a, b", "b, a")))) == {
        "command": ('["a","b"]', '["b","a"]')
    }


def test_before_the_first_publication_everything_is_added() -> None:
    plan = fleet_plan(None, stacks(CONF), {"web-1": named("web-1")})
    assert (plan.groups[0].coverage, told(list(plan.groups[0].resources))) == ("gained", ["added web/conf"])


def test_texts_of_several_lines_are_compared_line_by_line() -> None:
    def with_text(text: str) -> dict[str, str]:
        return stacks("{name: conf, type: file, path: /etc/web, source: files/web}", **{"files/web": text})

    one = field(change(with_text("a\nb\nc\n"), with_text("a\nB\nc\nd")), "content")
    assert one.diff == ("@@ -1,3 +1,4 @@", " a", "-b", "+B", " c", "+d (no line feed at the end)")
    assert (one.before, one.after) == ("(text of 3 lines)", "(text of 4 lines)")
