import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.gates.tree import text

PYPROJECT: dict[str, Any] = tomllib.loads(text("pyproject.toml"))
LOCKS = ("agent", "server", "dev")
PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_what_pyproject_asks_for(lock: str) -> None:
    pins = _pins(lock)
    for line in _asked(lock):
        requirement = Requirement(line)
        pinned = pins.get(canonicalize_name(requirement.name))
        assert pinned is not None, f"requirements/{lock}.txt lacks {line}: run `make lock`"
        assert requirement.specifier.contains(pinned), f"requirements/{lock}.txt has {pinned}: run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", text(f"requirements/{lock}.txt").strip())
    assert len(entries) == len(_pins(lock))
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry], "run `make lock`"


def test_all_locks_agree() -> None:
    dev = _pins("dev").items()
    assert _pins("agent").items() <= _pins("server").items() <= dev, "the same version everywhere: run `make lock`"


@pytest.mark.parametrize("lock", ["agent", "server"])
def test_the_licence_of_every_package_that_ships_is_named(lock: str) -> None:
    named = {canonicalize_name(name) for name in re.findall(r"^\| ([\w.-]+) \|", text("THIRD_PARTY.md"), re.MULTILINE)}
    assert not sorted(set(_pins(lock)) - named), "add a row with its licence to THIRD_PARTY.md"


def test_every_exception_from_a_lint_rule_has_a_reason() -> None:
    section = re.split(r"^\[tool\.(?!ruff)", text("pyproject.toml").split("[tool.ruff.lint]")[1], flags=re.MULTILINE)[0]
    rules = re.findall(r'^\s*"[A-Z]+[0-9]*",?.*$', section, re.MULTILINE)
    lint = PYPROJECT["tool"]["ruff"]["lint"]
    assert len(rules) == len(lint["ignore"]) + sum(map(len, lint["per-file-ignores"].values())), "one rule a line"
    assert not [rule.strip() for rule in rules if not re.search(r"# \w+", rule)], "say behind the rule why not"


def _asked(lock: str) -> list[str]:
    project = PYPROJECT["project"]
    asked: list[str] = list(project["dependencies"])
    if lock != "agent":
        asked += project["optional-dependencies"]["server"]
    if lock == "dev":
        asked += PYPROJECT["dependency-groups"]["dev"] + PYPROJECT["build-system"]["requires"]
    return asked


def _pins(lock: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall(text(f"requirements/{lock}.txt"))}
