"""Every rule of the language has a golden case for and one against it; every code of a finding has a case."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.gates.tree import ROOT
from tests.policy.golden_cases import GOLDEN, Golden, outcome_of, read_golden
from vigo.core.conditions import PREDICATES
from vigo.policy.documents.tests import EXPECT_KEYS
from vigo.policy.options import OPTIONS

POLICY = ROOT / "src" / "vigo" / "policy"
KINDS = ("positive", "negative")
ROW = re.compile(r"^\| \[(?P<rule>[a-z0-9-]+)\]\((?P<folder>[^)]+)\) \| (?P<says>.+) \|$", re.MULTILINE)
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NO_CASE = {
    "internal": "a fault in Vigo itself: stacks that lead to it are a reason to repair the compiler",
    "lapsed": "about the day on which stacks are looked at, so `config validate` says it: tests/policy/broken has it",
}


@cache
def rules() -> dict[str, str]:
    """Return what each rule says, by its name, as the list has them."""
    return {row["rule"]: row["says"] for row in ROW.finditer((GOLDEN / "README.md").read_text(encoding="utf-8"))}


def case(rule: str, kind: str) -> Golden:
    return read_golden(GOLDEN / rule / f"{kind}.yaml")


def test_the_list_and_the_folders_are_the_same() -> None:
    rows = ROW.findall((GOLDEN / "README.md").read_text(encoding="utf-8"))
    assert [name for name, folder, _ in rows if folder != f"{name}/"] == []
    assert sorted(rules()) == sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
    assert len(rows) == len(rules()), "a rule stands twice in the list"


@pytest.mark.parametrize("rule", rules())
def test_a_rule_has_a_case_for_and_a_case_against_it(rule: str) -> None:
    found = sorted(path.name for path in (GOLDEN / rule).iterdir())
    assert found == sorted(f"{kind}.yaml" for kind in KINDS)
    positive, negative = case(rule, "positive"), case(rule, "negative")
    assert (positive.stacks, positive.hosts) != (negative.stacks, negative.hosts)


@pytest.mark.parametrize("rule", rules())
def test_what_keeps_a_rule_compiles_without_a_finding_and_as_its_tests_say(rule: str) -> None:
    positive = case(rule, "positive")
    assert not positive.diagnostics
    assert positive.plans is not None
    assert not any(positive.verdicts.values())


@pytest.mark.parametrize("rule", rules())
def test_what_breaks_a_rule_ends_otherwise(rule: str) -> None:
    assert case(rule, "negative").outputs != case(rule, "positive").outputs


@pytest.mark.parametrize(
    ("prefix", "names"), [("option", OPTIONS), ("predicate", tuple(PREDICATES)), ("expect", EXPECT_KEYS)]
)
def test_every_option_predicate_and_expectation_is_a_rule_of_its_own(prefix: str, names: tuple[str, ...]) -> None:
    missing = {f"{prefix}-{name.replace('_', '-')}" for name in names} - rules().keys()
    assert not missing, f"add a row to {GOLDEN.relative_to(ROOT)}/README.md, and two cases, for {sorted(missing)}"


def test_every_code_of_a_finding_stands_in_a_case_against_a_rule(tmp_path: Path) -> None:
    shown = set()
    for number, rule in enumerate(rules()):
        folder = tmp_path / str(number)
        folder.mkdir()
        shown |= {one.code for one in outcome_of(case(rule, "negative"), folder).diagnostics}
    known = codes()
    assert shown, "no case against a rule finds anything"
    unknown = {code for code in shown if not any(re.fullmatch(pattern, code) for pattern in known)}
    assert not unknown, (
        f"this test does not see where {sorted(unknown)} comes from; hand a code over as a parameter `code`"
    )
    missing = {pattern for pattern in known if not any(re.fullmatch(pattern, code) for code in shown)}
    assert missing == NO_CASE.keys(), f"each code of a finding needs a case against a rule that shows it: {missing}"


def codes() -> set[str]:
    """Return each code that the compiler may give a finding, as a pattern: what is handed over as `code`."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(POLICY.rglob("*.py"))}
    places = _places_of_code(trees.values())
    found: set[str] = set()
    for path, tree in trees.items():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            found |= {pattern for value in _handed_over(call, places) for pattern in _patterns(value, path)}
        found |= {pattern for value in _defaults(tree) for pattern in _patterns(value, path)}
    return found


def _places_of_code(trees: Iterable[ast.Module]) -> dict[str, set[int]]:
    """Return by the name of a function at which places its callers write the parameter `code`; methods have a self.

    A function with a `code` and no `message` is about the code of a template.
    """
    places: dict[str, set[int]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = [one.arg for one in node.args.args]
                if {"code", "message"} <= set(names):
                    places.setdefault(node.name, set()).add(names.index("code") - (names[0] == "self"))
    return places


def _handed_over(call: ast.Call, places: dict[str, set[int]]) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    for place in places.get(name, ()):
        if place < len(call.args):
            yield call.args[place]
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "code")


def _defaults(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            optional = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
            named = [*optional, *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
            yield from (value for argument, value in named if argument.arg == "code" and value is not None)


def _patterns(value: ast.expr, path: Path) -> set[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        assert CODE.fullmatch(value.value), f"{path}:{value.lineno}: {value.value!r} is no code"
        return {value.value}
    if isinstance(value, ast.JoinedStr):
        return {"".join(str(one.value) if isinstance(one, ast.Constant) else CODE.pattern for one in value.values)}
    # A name or a field is handed on; where it comes from it is a text. A number is another function's argument.
    assert isinstance(value, ast.Name | ast.Attribute | ast.Constant), (
        f"{path}:{value.lineno}: write the code as a text"
    )
    return set()
