from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.conftest import compiled, policy_of
from vigo.core.hostnames import matches
from vigo.policy.matching import Matcher

ENTRIES = [
    ["db1.example.com"],
    ["web-*.example.com", "~^edge[0-9]+$"],
    ["web-1.example.com", "db?.example.com"],
    ["[ab]x"],
    ["*.example.com"],
]


@pytest.mark.parametrize(
    ("hostname", "index"),
    [
        ("db1.example.com", 0),
        ("DB1.Example.Com.", 0),
        ("db2.example.com", 2),
        ("web-1.example.com", 1),
        ("web-.example.com", 1),
        ("edge7", 1),
        ("EDGE7", 1),
        ("edge7.example.com", 4),
        ("ax", 3),
        ("cx", None),
        ("example.com", None),
        ("", None),
        ("x" * 300, None),
    ],
)
def test_the_first_entry_that_matches_counts(hostname: str, index: int | None) -> None:
    assert Matcher(ENTRIES).first(hostname) == index


def test_an_entry_is_the_same_object_every_time() -> None:
    policy = policy_of(compiled({"envoys.vgo": 'envoys: [{match: a}, {match: "b*"}]'}))
    assert policy.match("a") is policy.match("A.")
    assert policy.match("b1") is policy.match("b2") is policy.entries[1]
    assert policy.match("c") is None


def test_files_are_tried_in_the_order_of_their_paths() -> None:
    files = {
        "b.vgo": 'envoys: [{match: "*"}]',
        "a/z.vgo": "envoys: [{match: one}, {match: two}]",
        "a.vgo": "envoys: [{match: three}]",
    }
    policy = policy_of(compiled(files))
    assert [f"{one.origin.file} {one.patterns[0].text}" for one in policy.entries] == [
        "a/z.vgo one",
        "a/z.vgo two",
        "a.vgo three",
        "b.vgo *",
    ]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (["a"], ["a"]),
        (["a."], ["A"]),
        (["*"], ["a", "b*", "~x"]),
        (["web-*"], ["web-1"]),
        (["web-*"], ["web-*.example.com"]),
        (["~^web[0-9]+$"], ["web7"]),
        (["~^web[0-9]+$"], ["~^web[0-9]+$"]),
        (["w*-?"], ["web-*-?"]),
        (["a", "b"], ["b", "a"]),
        (["~.*"], ["x[ab]"]),
    ],
)
def test_an_entry_that_can_never_match_is_a_warning_that_names_the_other(earlier: list[str], later: list[str]) -> None:
    found = compiled({"envoys.vgo": f"envoys:\n  - match: {earlier!r}\n  - match: {later!r}\n"})
    (warning,) = found.diagnostics
    assert (warning.severity, warning.code, warning.line) == ("warning", "shadowed", 3)
    assert "envoys.vgo:2" in warning.message
    policy_of(found)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (["web-?"], ["web-*"]),
        (["web-?*"], ["web-*"]),
        (["web-*"], ["web-1", "db"]),
        (["*.example.com"], ["example.com"]),
        (["[!a]*"], ["b*"]),
        (["~^web"], ["~^web.*"]),
        (["a"], ["a*"]),
    ],
)
def test_an_entry_that_may_match_is_none(earlier: list[str], later: list[str]) -> None:
    assert not compiled({"envoys.vgo": f"envoys:\n  - match: {earlier!r}\n  - match: {later!r}\n"}).diagnostics


GLOBS = st.text(alphabet="ab*?", min_size=1, max_size=5)


@given(st.lists(st.lists(GLOBS, max_size=3), max_size=6), st.text(alphabet="ab", min_size=1, max_size=6))
def test_the_index_finds_what_trying_one_after_the_other_finds(patterns: list[list[str]], hostname: str) -> None:
    naive = next((i for i, texts in enumerate(patterns) if any(matches(one, hostname) for one in texts)), None)
    assert Matcher(patterns).first(hostname) == naive


@given(GLOBS, GLOBS, st.text(alphabet="abc", max_size=7))
def test_what_is_called_covered_is_covered(earlier: str, later: str, hostname: str) -> None:
    if Matcher([[earlier], [later]]).first_that_covers(later, 1) == 0 and fnmatchcase(hostname, later):
        assert fnmatchcase(hostname, earlier)
