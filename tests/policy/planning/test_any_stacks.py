"""Properties of plans over random small stacks, whose two sides share names, paths and variables."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.policy.conftest import compiled, policy_of
from tests.policy.planning.fleets import DEBIAN, REDHAT, fleet_plan, named, stacks
from vigo.catalog.scan import resource_kinds
from vigo.core.templates import Templates
from vigo.core.traits import Traits
from vigo.policy.compiling import CompiledPolicy
from vigo.policy.documents.facts import Facts
from vigo.policy.planning.changes import Change, Difference
from vigo.policy.planning.inputs import InputBook
from vigo.policy.planning.pairs import Pair, Seer
from vigo.policy.planning.telling import IN_FULL
from vigo.policy.trial_predicates import trial_predicates
from vigo.policy.trials import Machine, Trial, default_of, try_policy

MACHINES: Mapping[str, Traits] = {
    "web-1": named("web-1"),
    "web-2": named("web-2", REDHAT),
    "db-1": named("db-1", DEBIAN),
    "other": named("other"),
}
CONTENTS = (
    "plain",
    "{{ vars.port }}",
    "{{ traits.os.family }}",
    "{{ traits.network.hostname }} {{ vars.port }}",
    "{% if os_id('debian') %}a{% else %}{{ vars.port }}{% endif %}",
)
CONDITIONS = ("os_family('debian')", "os_family('redhat')", "vars.port == 80", "hostname_matches('web-*')")
CRATES = st.sampled_from(["web", "db"])


def written(index: int, draw: Mapping[str, Any]) -> str:
    options = "".join(f", {name}: {value}" for name, value in draw["options"].items())
    when = f', when: "{draw["when"]}"' if draw["when"] else ""
    return f'{{name: r{index}, type: file, path: /p{draw["path"]}, content: "{draw["content"]}"{options}{when}}}'


RESOURCE = st.fixed_dictionaries(
    {
        "path": st.integers(0, 9),
        "content": st.sampled_from(CONTENTS),
        "when": st.sampled_from((None, None, *CONDITIONS)),
        "options": st.fixed_dictionaries(
            {},
            optional={
                "mode": st.sampled_from(['"0644"', '"0600"']),
                "on_remove": st.just("revert"),
                "noop": st.booleans(),
                "timeout": st.just("30s"),
            },
        ),
    }
)


@st.composite
def some_stacks(draw: st.DrawFn) -> dict[str, str]:
    found = draw(st.dictionaries(st.integers(0, 6), RESOURCE, max_size=6))
    # Two of one path on one machine are an error.
    paths = {one["path"]: index for index, one in found.items()}
    kept = {index: one for index, one in found.items() if paths[one["path"]] == index}
    order = draw(st.permutations(sorted(kept)))
    port = draw(st.sampled_from([80, 8080]))
    entries = draw(
        st.sampled_from(
            [
                '{match: "*", configcrates: [web]}',
                '{match: "web-*", configcrates: [web]}',
                '{match: "db-*", configcrates: [web], vars: {port: 1}}, {match: "web-*", configcrates: [web]}',
            ]
        )
    )
    lines = [written(index, kept[index]) for index in order]
    return stacks(*lines, entries=entries, variables=f"{{port: {port}}}")


def state_of(trial: Trial) -> dict[str, dict[str, Any]]:
    """Return what a machine has by a policy, found by other means than plans: values by field, options too."""
    found: dict[str, dict[str, Any]] = {}
    for id_, one in trial.resources.items():
        assert one.outcome in ("managed", "skipped"), one.reason
        if one.outcome == "managed":
            planned = one.planned
            options = {"noop": planned.noop or None, "timeout": planned.timeout_seconds and "30s"}
            options |= {"on_remove": None if planned.on_remove == "leave" else planned.on_remove}
            found[id_] = {name: value for name, value in ({**one.fields, **options}).items() if value is not None}
    return found


def with_defaults(state: Mapping[str, Any]) -> dict[str, Any]:
    kind = resource_kinds()["file"]
    given = {name: default_of(kind, name) for name in ("state", "backup", "validate")}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in {**given, **state}.items()}


def applied(state: Mapping[str, dict[str, Any]], changes: tuple[Change, ...]) -> dict[str, dict[str, Any]]:
    """Return a state after changes."""
    found = {id_: dict(one) for id_, one in state.items()}
    # A name that one resource leaves may be another's in the same step.
    leaving = {one.id if one.action == "removed" else one.moved_from for one in changes} - {None}
    former = {str(id_): found.pop(str(id_)) for id_ in leaving}
    for one in changes:
        if one.action == "added":
            found[one.id] = overlaid({}, one.differences)
        elif one.action == "changed":
            found[one.id] = overlaid(found[one.id], one.differences)
        elif one.action == "moved":
            found[one.id] = overlaid(former[str(one.moved_from)], one.differences)
    return {id_: with_defaults(one) for id_, one in found.items()}


def overlaid(state: Mapping[str, Any], differences: tuple[Difference, ...]) -> dict[str, Any]:
    result = dict(state)
    for one in differences:
        assert one.before.open is None
        assert one.after.open is None
        assert result.get(one.name) == one.before.value or one.before.value == default_of(
            resource_kinds()["file"], one.name
        )
        result.pop(one.name, None)
        if one.after.is_set:
            result[one.name] = one.after.value
    return result


def changes_for(before: CompiledPolicy, after: CompiledPolicy, host: str, traits: Traits) -> tuple[Change, ...]:
    olds, news = before.match(host), after.match(host)
    pair = Pair(
        None if olds is None else before.plan(olds),
        None if news is None else after.plan(news),
        resource_kinds(),
        InputBook(),
    )
    return pair.changes(Seer(traits, Templates(trial_predicates(traits, Facts()))))


@given(some_stacks())
def test_a_plan_from_stacks_to_themselves_is_empty_for_every_machine(files: dict[str, str]) -> None:
    for machines in (MACHINES, dict.fromkeys(MACHINES)):
        plan = fleet_plan(files, files, machines)
        assert not plan.changes
        assert (plan.groups, plan.resources, plan.envoys.order_only) == ((), (), 0)


@given(some_stacks(), some_stacks())
def test_the_changes_applied_to_what_a_machine_has_give_what_it_gets(
    one: dict[str, str], other: dict[str, str]
) -> None:
    before, after = policy_of(compiled(one)), policy_of(compiled(other))
    for host, traits in MACHINES.items():
        has, gets = (
            state_of(try_policy(policy, Machine(host, traits), resource_kinds())) for policy in (before, after)
        )
        # What a condition keeps away is not there to be taken away; an agent may undo what it did before that.
        changes = tuple(
            one for one in changes_for(before, after, host, traits) if one.action != "removed" or one.id in has
        )
        assert applied(has, changes) == {id_: with_defaults(state) for id_, state in gets.items()}
        assert (has == gets) == (not changes)


@given(some_stacks(), some_stacks())
def test_what_becomes_unmanaged_is_what_was_owned_and_is_not_any_more(
    one: dict[str, str], other: dict[str, str]
) -> None:
    before, after = policy_of(compiled(one)), policy_of(compiled(other))
    for host, traits in MACHINES.items():
        has, gets = (
            state_of(try_policy(policy, Machine(host, traits), resource_kinds())) for policy in (before, after)
        )
        owned, owns = ({f"path:{state['path']}" for state in found.values()} for found in (has, gets))
        changes = changes_for(before, after, host, traits)
        assert {thing for change in changes for thing in change.unmanaged} == owned - owns


@given(some_stacks(), some_stacks())
def test_a_plan_for_many_is_the_plans_for_each(one: dict[str, str], other: dict[str, str]) -> None:
    machines = {**MACHINES, "web-3": None, "web-4": named("web-4"), "web-5": named("web-5", REDHAT)}
    together = found_by_host(one, other, machines)
    for host, traits in machines.items():
        assert together.get(host) == found_by_host(one, other, {host: traits}).get(host)


def found_by_host(
    one: dict[str, str], other: dict[str, str], machines: Mapping[str, Traits | None]
) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for group in fleet_plan(one, other, machines, bounds=IN_FULL).groups:
        told = [
            (change.action, change.id, change.certainty, change.fate or "", change.unmanaged)
            for change in group.resources
        ]
        for host in group.hosts:
            found.setdefault(host, []).extend(told)
    return {host: sorted(told) for host, told in found.items()}
