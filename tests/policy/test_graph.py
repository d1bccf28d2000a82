import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.conftest import by_name, codes, compiled, only_message, plan_of, resources
from vigo.core.plan import Plan


def order(plan: Plan) -> list[str]:
    return [one.id.removeprefix("web/") for one in plan.resources]


def test_without_relations_the_order_is_that_of_the_file() -> None:
    text = "".join(f"- {{name: {name}, type: file, path: /{name}}}\n" for name in "dbca")
    assert order(plan_of(resources(text))) == ["d", "b", "c", "a"]


def test_relations_change_the_order_as_little_as_they_must() -> None:
    text = """
- {name: a, type: file, path: /a, depends_on: [d]}
- {name: b, type: file, path: /b}
- {name: c, type: file, path: /c, before: [b]}
- {name: d, type: file, path: /d}
"""
    plan = plan_of(resources(text))
    assert order(plan) == ["c", "b", "d", "a"]
    assert {str(one.id): one.depends_on for one in plan.resources if one.depends_on} == {
        "web/a": ("web/d",),
        "web/b": ("web/c",),
    }


def test_notify_and_subscribes_are_the_same_from_both_ends() -> None:
    text = """
- {name: r, type: service, state: restarted, when: changed}
- {name: s, type: service, state: reloaded, subscribes: [b]}
- {name: a, type: file, path: /a, notify: [r]}
- {name: b, type: file, path: /b}
"""
    plan = plan_of(resources(text))
    found = {str(one.id): one for one in plan.resources}
    assert order(plan) == ["a", "r", "b", "s"]
    assert found["web/a"].notify == ("web/r",)
    assert found["web/b"].notify == ("web/s",)
    assert found["web/r"].only_when_notified
    assert found["web/s"].only_when_notified
    assert not any(one.depends_on for one in plan.resources)


def test_immediately_reaches_the_plan() -> None:
    text = """
- {name: a, type: file, path: /a, notify: [r]}
- {name: r, type: service, state: restarted, when: changed, immediately: true}
"""
    assert by_name(resources(text))["web/r"].immediately


def test_notifying_what_needs_no_notice_is_a_warning() -> None:
    text = "- {name: a, type: file, path: /a, notify: [r]}\n- {name: r, type: service}\n"
    assert codes(resources(text)) == ["configcrates/web.vgo:3:46 warning idle-notification"]


@pytest.mark.parametrize(
    ("relations", "cycle"),
    [
        (
            ("depends_on: [b]", "depends_on: [a]", ""),
            "web/a depends on web/b (configcrates/web.vgo:3); web/b depends on",
        ),
        (("before: [b]", "before: [a]", ""), "web/b comes before web/a (configcrates/web.vgo:4)"),
        (("depends_on: [a]", "", ""), "found a cycle: web/a depends on web/a (configcrates/web.vgo:3)"),
        (("notify: [c]", "depends_on: [c]", "before: [a]"), "web/c comes before web/a (configcrates/web.vgo:5)"),
        (("subscribes: [b]", "depends_on: [c]", "subscribes: [a]"), "web/a subscribes to web/b"),
    ],
)
def test_a_cycle_is_refused_and_printed_with_its_places(relations: tuple[str, str, str], cycle: str) -> None:
    text = "".join(
        f"- {{name: {name}, type: exec, command: [x], when: changed, {relation}}}\n"
        for name, relation in zip("abc", relations, strict=True)
    )
    found = resources(text)
    assert found.policy is None
    assert cycle in only_message(found)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cof", "depends_on: no resource has the name 'cof'; did you mean 'conf'?"),
        ("bse/x", "depends_on: no resource has the name 'bse/x'; did you mean 'base/x'?"),
        ("nowhere/at all", "no resource has the name 'nowhere/at all', and this entry has no configcrate 'nowhere'"),
    ],
)
def test_an_unknown_reference_is_refused_with_the_nearest_name(name: str, message: str) -> None:
    files = {
        "configcrates/base.vgo": "configcrate: base\nresources: [{name: x, type: file, path: /x}]",
        "configcrates/web.vgo": "configcrate: web\nresources:\n  - {name: conf, type: file, path: /c}\n"
        f"  - {{name: b, type: file, path: /b, depends_on: ['{name}']}}\n",
        "envoys.vgo": 'envoys: [{match: "*", configcrates: [base, web]}]',
    }
    found = compiled(files)
    assert message in only_message(found)
    assert codes(found)[0].startswith("configcrates/web.vgo:4:50 ")


def crates(relation: str, assigned: str = "[a, b, c]") -> dict[str, str]:
    return {
        "configcrates/a.vgo": f"configcrate: a\n{relation}\nresources:\n"
        "  - {name: one, type: file, path: /a1}\n  - {name: two, type: file, path: /a2, depends_on: [one]}\n",
        "configcrates/b.vgo": "configcrate: b\nresources:\n"
        "  - {name: one, type: file, path: /b1}\n  - {name: two, type: file, path: /b2, depends_on: [one]}\n",
        "configcrates/c.vgo": "configcrate: c\nresources: [{name: one, type: file, path: /c1, depends_on: [a/two]}]\n",
        "envoys.vgo": f'envoys: [{{match: "*", configcrates: {assigned}}}]',
    }


def test_a_configcrate_waits_for_all_of_another() -> None:
    plan = plan_of(compiled(crates("depends_on: [b]")))
    assert [str(one.id) for one in plan.resources] == ["b/one", "b/two", "a/one", "a/two", "c/one"]
    depends = {str(one.id): one.depends_on for one in plan.resources}
    assert depends["a/one"] == ("b/two",)
    assert depends["a/two"] == ("a/one",)


def test_a_configcrate_comes_before_another() -> None:
    depends = {str(one.id): one.depends_on for one in plan_of(compiled(crates("before: b"))).resources}
    assert depends["b/one"] == ("a/two",)


def test_a_configcrate_can_notify_the_one_that_it_waits_for() -> None:
    nginx = """\
configcrate: nginx
resources:
  - {name: dir, type: directory, path: /etc/nginx}
  - {name: reload, type: service, service: nginx, state: reloaded, when: changed, depends_on: [dir]}
"""
    sites = """\
configcrate: sites
depends_on: [nginx]
resources: [{name: conf, type: file, path: /etc/nginx/site, notify: [nginx/reload]}]
"""
    plan = plan_of(
        compiled(
            {
                "configcrates/nginx.vgo": nginx,
                "configcrates/sites.vgo": sites,
                "envoys.vgo": 'envoys: [{match: "*", configcrates: [sites, nginx]}]',
            }
        )
    )
    assert [str(one.id) for one in plan.resources] == ["nginx/dir", "sites/conf", "nginx/reload"]
    assert {str(one.id): one.depends_on for one in plan.resources}["sites/conf"] == ("nginx/dir",)


def test_configcrates_that_wait_for_each_other_are_a_cycle() -> None:
    assert "configcrate a depends on c (configcrates/a.vgo:2)" in only_message(compiled(crates("depends_on: [c]")))


def test_a_configcrate_that_the_entry_lacks_cannot_be_waited_for() -> None:
    (error, _unused) = compiled(crates("depends_on: [b]", "[a, c]")).diagnostics
    assert "the configcrate 'b' is not assigned to this entry, 'a' is" in error.message


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(6)), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
def test_every_order_honours_every_relation(places: list[int], pairs: list[tuple[int, int]]) -> None:
    edges = {(places[a], places[b]) for a, b in pairs if a < b}
    needed = {one: ", ".join(f"n{a}" for a, b in edges if b == one) for one in range(6)}
    text = "".join(
        f"- {{name: n{one}, type: file, path: /n{one}, depends_on: [{names}]}}\n" for one, names in needed.items()
    )
    found = order(plan_of(resources(text)))
    assert all(found.index(f"n{a}") < found.index(f"n{b}") for a, b in edges)
