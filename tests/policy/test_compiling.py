import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vigo.server.platform.folder
from tests.policy.conftest import codes, compiled, policy_of, resources
from vigo.core.bundle import open_bundle, seal
from vigo.core.clock import SystemClock
from vigo.core.ids import GenerationNumber
from vigo.core.signing import SigningKey, VerifyKey
from vigo.policy.compiling import compile_stacks
from vigo.policy.diagnostics import as_text
from vigo.policy.sources import read_sources

EXAMPLES = Path(vigo.server.platform.folder.__file__).parent / "example_stacks"


def test_the_example_stacks_compile_without_a_word() -> None:
    found = compile_stacks(read_sources(EXAMPLES))
    assert not found.diagnostics
    policy = policy_of(found)
    web, other = policy.match("web-1"), policy.match("db")
    assert web is not None
    assert other is not None
    assert [str(one.id) for one in policy.plan(web).resources] == [
        "motd/folder",
        "motd/greeting",
        "web/folder",
        "web/settings",
    ]
    assert policy.plan(other).configcrates == ("motd",)


def test_all_errors_of_all_files_are_told_at_once() -> None:
    files = {
        "configcrates/a.vgo": "configcrate: a\nvars: {x: 1, x: 2}\nresources:\n"
        "  - {name: r, type: file, path: /a, mode: 0999, owenr: x}\n"
        '  - {name: s, type: fil}\n  - {name: t, type: file, path: /t, content: "{{ vars.y }}", depends_on: [u]}\n',
        "configcrates/b.vgo": "configcrate: [\n",
        "roles.vgo": "roles: {r: {includes: [q]}}\n",
        "envoys.vgo": "envoys:\n  - {match: x, roles: [p], configcrates: [a]}\n  - {match: '~('}\n",
    }
    assert codes(compiled(files)) == [
        "configcrates/a.vgo:2:14 error duplicate-key",
        "configcrates/a.vgo:4:43 error value",
        "configcrates/a.vgo:4:49 error unknown-key",
        "configcrates/a.vgo:5:21 error unknown-kind",
        "configcrates/a.vgo:6:50 error undefined-variable",
        "configcrates/a.vgo:6:75 error unknown-reference",
        "configcrates/b.vgo:2:1 error syntax",
        "envoys.vgo:2:24 error unknown-role",
        "envoys.vgo:3:13 error pattern",
        "roles.vgo:1:24 error unknown-role",
    ]


def test_a_broken_configcrate_that_nobody_gets_is_an_error_too() -> None:
    found = compiled({"configcrates/a.vgo": "configcrate: a\nresources: [{name: r, type: file, path: etc}]"})
    assert found.policy is None


def test_a_broken_entry_is_an_error_even_where_it_is_never_asked_for() -> None:
    files = {
        "configcrates/a.vgo": 'configcrate: a\nvars: {p: /a}\nresources: [{name: r, type: file, path: "{{ vars.p }}"}]',
        "envoys.vgo": "envoys: [{match: a, configcrates: [a]}, {match: b, configcrates: [a], vars: {p: etc}}]",
    }
    (error,) = compiled(files).diagnostics
    assert "path: expected an absolute path" in error.message
    assert error.message.endswith("(for the entry envoys.vgo:1)")


def test_variables_travel_only_where_a_machine_needs_them() -> None:
    found = resources("- {name: a, type: file, path: /a}\n")
    policy = policy_of(found)
    assert policy.plan(policy.entries[0]).scopes == {}


def test_a_plan_travels_in_a_bundle_unchanged() -> None:
    policy = policy_of(compile_stacks(read_sources(EXAMPLES)))
    key = SigningKey.generate()
    for entry in policy.entries:
        plan = policy.plan(entry)
        bundle = seal(plan, GenerationNumber(1), SystemClock().now(), key)
        assert open_bundle(bundle, (VerifyKey(key.public),)) == plan


def test_equal_stacks_give_equal_plans() -> None:
    first, second = (policy_of(compile_stacks(read_sources(EXAMPLES))) for _ in range(2))
    assert [first.plan(one) for one in first.entries] == [second.plan(one) for one in second.entries]


FILES = st.sampled_from(
    [
        "envoys.vgo",
        "roles.vgo",
        "environments.vgo",
        "common.vgo",
        "configcrates/web.vgo",
        "configcrates/other.vgo",
        "templates/t",
        "a/b.vgo",
    ]
)
VOCABULARY = """
envoys: match: roles: configcrates: vars: environment: includes: case: when: exclude: configcrate: resources: defaults:
name: type: path: content: source: foreach: depends_on: before: notify: subscribes: timeout: state: environments:
vars_from: web a file exec service restarted changed "{{vars.a}}" "{{item}}" "{{traits.os.id}}" "{{os_family('x')}}"
'*' '~(' [ ] { } , - ? | > & * ! &x *x !!str 99999999999999999999 1.10 0644 ~ null yes /etc/x templates/t roles.vgo
"{%for" %}" "{{foo(" "{#" a/a
"""
WORDS = st.sampled_from(re.findall(r"\S+", VOCABULARY))
TEXTS = st.lists(
    st.one_of(WORDS, st.sampled_from(["\n", "\n  ", "\n- ", "\n  - ", " "]), st.text(max_size=3)), max_size=25
).map(" ".join)


def structured(depth: int) -> st.SearchStrategy[str]:
    leaf = st.one_of(WORDS.filter(lambda word: word[-1] not in ":[]{},-?|>&*!x(" or word == "'*'"), st.just("a"))
    if depth == 0:
        return leaf
    inner = structured(depth - 1)
    keys = WORDS.filter(lambda word: word.endswith(":"))
    maps = st.dictionaries(keys, inner, max_size=5).map(
        lambda found: "{" + ", ".join(f"{key} {value}" for key, value in found.items()) + "}"
    )
    return st.one_of(leaf, maps, st.lists(inner, max_size=3).map(lambda found: "[" + ", ".join(found) + "]"))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(FILES, TEXTS, max_size=4))
def test_any_text_compiles_or_has_diagnostics(files: dict[str, str]) -> None:
    check(files)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(FILES, structured(4), max_size=5))
def test_any_structure_compiles_or_has_diagnostics(files: dict[str, str]) -> None:
    check(files)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(FILES, st.binary(max_size=60), max_size=3))
def test_any_bytes_compile_or_have_diagnostics(files: dict[str, bytes]) -> None:
    check(files)


GOLDEN = [
    yaml.safe_load(path.read_text())["stacks"] for path in sorted((Path(__file__).parent / "golden").glob("*.yaml"))
]
CHANGES = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 10_000), st.one_of(WORDS, st.just(""), st.text(max_size=2))),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GOLDEN), CHANGES)
def test_good_stacks_with_any_words_changed_compile_or_have_diagnostics(
    stacks: dict[str, str], changes: list[tuple[int, int, str]]
) -> None:
    files = dict(stacks)
    for file, place, word in changes:
        name = sorted(files)[file % len(files)]
        words = re.split(r"(\s+|[\[\]{},:])", files[name])
        words[place % len(words)] = word
        files[name] = "".join(words)
    check(files)


def check(files: dict[str, str] | dict[str, bytes]) -> None:
    found = compiled(dict(files))
    assert (found.policy is None) == any(one.severity == "error" for one in found.diagnostics)
    assert not any(one.code == "internal" for one in found.diagnostics)
    as_text(found.diagnostics)
    for entry in found.policy.entries if found.policy is not None else ():
        assert found.policy is not None
        found.policy.plan(entry)


@pytest.mark.parametrize(
    "text",
    [
        "envoys: [{match: a, vars: {a: " + "9" * 100_000 + "}}]",
        "envoys: [" + "{match: a}," * 3_000 + "]",
        "{" + ",".join(f"k{index}: 1" for index in range(20_000)) + "}",
        "envoys: [{match: '" + "*a" * 100 + "'}, {match: '" + "*" * 200 + "'}]",
        "x: " + "{{" * 50_000,
        'envoys: [{match: a, vars: {x: "' + "{{ vars." * 20_000 + '"}}]',
    ],
)
def test_a_bomb_has_bounded_work(text: str) -> None:
    compiled({"envoys.vgo": text})
