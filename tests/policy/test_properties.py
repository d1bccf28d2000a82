"""What holds for all stacks, right or wrong: tried on random ones."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import vigo.core
from tests.policy.conftest import compiled, policy_of
from tests.policy.random_stacks import HOSTS, RandomStacks, random_stacks, stacks_with_mistakes
from vigo.core.bundle import open_bundle, seal
from vigo.core.encoding import digest, encode
from vigo.core.hostnames import matches
from vigo.core.ids import GenerationNumber
from vigo.core.plan import Plan
from vigo.core.signing import SigningKey, VerifyKey
from vigo.policy.compiling import Compiled, Compiler
from vigo.policy.diagnostics import LINE_BREAK, as_text
from vigo.policy.explained_resources import explained_resource, resource_names
from vigo.policy.explaining import HostTrace
from vigo.policy.sources import Sources
from vigo.policy.study import study

KEY = SigningKey(bytes(range(32)))
EXPIRY = datetime(2031, 1, 1, tzinfo=UTC)
PATHS = (
    "configcrates/a.vgo",
    "envoys.vgo",
    "roles.vgo",
    "common.vgo",
    "environments.vgo",
    "tests/a.vgo",
    "data/x.json",
)
Files = Mapping[str, str | bytes]
# The other process prints one digest for each of the stacks that it is given.
OUTCOMES = """
import json, sys
from tests.policy.test_properties import outcome
from tests.policy.conftest import compiled
print(json.dumps([outcome(compiled(files)) for files in json.load(sys.stdin)]))
"""


def plans(found: Compiled) -> list[Plan]:
    return [] if found.policy is None else [found.policy.plan(entry) for entry in found.policy.entries]


def outcome(found: Compiled) -> str:
    """Return one digest of all that compiling gave: what is told, and the bytes of every plan."""
    told = as_text(found.diagnostics).encode(errors="replace")
    return digest(encode([digest(told), *(digest(encode(plan)) for plan in plans(found))]))


def bundles(found: Compiled) -> list[bytes]:
    return [encode(seal(plan, GenerationNumber(1), EXPIRY, KEY)) for plan in plans(found)]


def first_possible_order(plan: Plan, declared: list[str]) -> list[str]:
    """Return the resources one by one: each time the first declared one that waits for none of those that are left."""
    waits = {str(one.id): {str(id_) for id_ in one.depends_on} for one in plan.resources}
    for one in plan.resources:
        for notified in one.notify:
            waits[str(notified)].add(str(one.id))
    order: list[str] = []
    left = list(declared)
    while left:
        following = next(id_ for id_ in left if waits[id_].isdisjoint(left))
        left.remove(following)
        order.append(following)
    return order


def value_at(values: Any, path: list[str]) -> list[Any]:
    for name in path:
        if not isinstance(values, dict) or name not in values:
            return []
        values = values[name]
    return [values]


@given(random_stacks())
def test_random_stacks_are_right(stacks: RandomStacks) -> None:
    found = compiled(stacks.files)
    assert found.policy is not None, as_text(found.diagnostics)


@given(stacks_with_mistakes())
def test_the_same_stacks_compile_to_the_same_whatever_the_order_of_their_files(files: dict[str, str]) -> None:
    once = outcome(compiled(files))
    assert outcome(compiled(files)) == once
    names = list(files)
    random.Random(len(names)).shuffle(names)  # noqa: S311 - any order will do
    assert outcome(compiled({name: files[name] for name in names})) == once
    assert outcome(compiled(dict(reversed(files.items())))) == once


@pytest.mark.processes
@settings(max_examples=5, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(random_stacks().map(lambda one: one.files) | stacks_with_mistakes(), min_size=5, max_size=10))
def test_another_process_compiles_the_same_stacks_to_the_same(several: list[dict[str, str]]) -> None:
    here = [outcome(compiled(files)) for files in several]
    path = os.pathsep.join([str(Path(vigo.core.__file__ or "").parents[2]), str(Path(__file__).parents[2])])
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", OUTCOMES],
            input=json.dumps(several),
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout) == here


@given(random_stacks())
def test_every_relation_is_honoured_and_nothing_else_moves_a_resource(stacks: RandomStacks) -> None:
    for plan in plans(compiled(stacks.files)):
        order = [str(one.id) for one in plan.resources]
        place = {id_: number for number, id_ in enumerate(order)}
        for one in plan.resources:
            assert all(place[str(id_)] < place[str(one.id)] for id_ in one.depends_on)
            assert all(place[str(id_)] > place[str(one.id)] for id_ in one.notify)
        declared = [f"{crate}/{name}" for crate in plan.configcrates for name in stacks.declared[crate]]
        assert order == first_possible_order(plan, declared)
        for earlier, later in stacks.crate_relations:
            firsts = [number for id_, number in place.items() if id_.startswith(f"{earlier}/")]
            assert all(number > max(firsts, default=-1) for id_, number in place.items() if id_.startswith(f"{later}/"))


@given(random_stacks())
def test_a_host_gets_the_first_entry_that_covers_it(stacks: RandomStacks) -> None:
    policy = policy_of(compiled(stacks.files))
    for host in HOSTS:
        covering = [one for one in policy.entries if any(matches(pattern.text, host) for pattern in one.patterns)]
        assert policy.match(host) is (covering[0] if covering else None)


@given(random_stacks())
def test_what_is_explained_is_what_the_plan_has(stacks: RandomStacks) -> None:
    found = study(Sources({name: text.encode() for name, text in stacks.files.items()})).study
    assert found is not None
    for index in range(len(found.entries)):
        host, plan = HostTrace(found, "host", index, ()), found.plan(index)
        assert resource_names(host) == [str(one.id) for one in plan.resources]
        for resource in plan.resources:
            explained = explained_resource(host, resource.id)
            assert explained is not None
            assert explained.planned == resource
            assert {field.name: field.value for field in explained.fields} == resource.fields | resource.templates
        for variable in host.everything().variables:
            for crate in variable.configcrates:
                (told,) = [one for one in host.variable(variable.name) if crate in one.configcrates]
                assert told.value == variable.value
                # What is rendered at publish has no need of its variables on the machine.
                assert value_at(plan.scopes.get(crate, {}), variable.name.split(".")) in ([], [variable.value])


@given(random_stacks(), st.text(st.characters(exclude_categories=["Cs"])))
def test_unchanged_stacks_give_bundles_of_the_same_bytes(stacks: RandomStacks, text: str) -> None:
    once = bundles(compiled(stacks.files))
    assert bundles(compiled(stacks.files)) == once
    for unrelated in ("NOTES.md", "files/nobody", "templates/nobody", "data/nobody.yaml", "configcrates/README"):
        assert bundles(compiled(stacks.files | {unrelated: text})) == once


@given(random_stacks())
def test_a_bundle_holds_the_plan(stacks: RandomStacks) -> None:
    for plan in plans(compiled(stacks.files)):
        assert open_bundle(seal(plan, GenerationNumber(1), EXPIRY, KEY), (VerifyKey(KEY.public),)) == plan


@settings(max_examples=15)
@given(st.lists(stacks_with_mistakes() | random_stacks().map(lambda one: one.files), min_size=2, max_size=4), st.data())
def test_a_compiler_that_remembers_gives_what_a_fresh_one_gives(
    several: list[dict[str, str]], data: st.DataObject
) -> None:
    compiler = Compiler()
    for files in several:
        for name in ("", *sorted(files)[:3]):
            # The whole, and the whole with a file as another of the stacks has it.
            other = data.draw(st.sampled_from(several))
            changed = files | {name: other.get(name, "")} if name else files
            sources = Sources({file: text.encode(errors="replace") for file, text in changed.items()})
            assert outcome(compiler.compile(sources)) == outcome(compiled(changed))


def check_diagnostics(files: Files) -> None:
    found = compiled(files)
    told = found.diagnostics
    assert (found.policy is None) == any(one.severity == "error" for one in told)
    assert [(one.file, one.line, one.column) for one in told] == sorted(
        (one.file, one.line, one.column) for one in told
    )
    assert len({(one.file, one.line, one.column, one.code, one.message) for one in told}) == len(told)
    for one in told:
        content = files[one.file]
        text = content.decode(errors="replace") if isinstance(content, bytes) else content
        lines = LINE_BREAK.split(text.removeprefix("\ufeff"))
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1
    assert not [one for one in told if one.code == "internal"]


@settings(max_examples=100)
@given(stacks_with_mistakes())
def test_what_is_told_is_sorted_told_once_and_stands_in_the_file(files: dict[str, str]) -> None:
    check_diagnostics(files)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(PATHS), st.binary() | st.text().map(lambda text: text.encode(errors="replace"))))
def test_no_bytes_make_the_compiler_raise(files: dict[str, bytes]) -> None:
    check_diagnostics(files)
