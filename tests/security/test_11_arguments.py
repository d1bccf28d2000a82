"""Texts of a policy as arguments of programs: each stays one argument, none becomes an option, no shell sees any."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.catalog.test_cases import PATHS, host_of
from tests.contracts.host.test_cases import loaded
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import VigoError

KINDS = resource_kinds()
COMMANDS = frozenset({"exec", "script", "custom", "cron", "timer", "systemd_unit"})
"""What is declared there is a command, or a file of commands: that is what they are for."""

_MEANT = re.compile(r"(^|_)(command|commands|flags|options|arguments)$|^validate$")
"""Fields that are commands, or options of one."""

HOSTILE = ("-rf", "--root=/", "a b", "a;touch /x", "$(touch /x)", "`touch /x`", "a\nb", "a'b\"c", "*", "~root", "&& x")
_SHELLS = re.compile(r"(^|/)(sh|bash|dash|ash|ksh|zsh)$")


def _arguments(op: Any) -> Iterator[Sequence[str]]:
    """Yield each list of arguments in an operation."""
    for name in op.__struct_fields__:
        value = getattr(op, name)
        if name == "argv" and isinstance(value, tuple | list):
            yield [str(word) for word in value]
        elif isinstance(value, msgspec.Struct):
            yield from _arguments(value)


def _hostile_specs(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the fields of a case with one text after the other replaced."""
    for name, value in spec.items():
        if _MEANT.search(name):
            continue
        for text in HOSTILE:
            if isinstance(value, str):
                yield text, {**spec, name: text}
            elif isinstance(value, list) and value and all(isinstance(one, str) for one in value):
                yield text, {**spec, name: [text, *value[1:]]}


def _problem(argv: Sequence[str], text: str) -> str | None:
    """Return what is wrong with how a text stands in a list of arguments."""
    if _SHELLS.search(argv[0]) and any(text in word for word in argv[1:]):
        return "a shell sees it"
    for place, word in enumerate(argv):
        if text not in word:
            continue
        if word == text and text.startswith("-") and "--" not in argv[:place] and not argv[place - 1].startswith("-"):
            return "it is taken for an option"
    return None


@pytest.mark.parametrize(
    "path", [path for path in PATHS if path.parent.name not in COMMANDS], ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_11_no_text_becomes_an_option_or_reaches_a_shell(path: Path) -> None:
    kind, case = KINDS[path.parent.name], loaded(path)
    for text, values in _hostile_specs(dict(case.spec)):
        try:
            spec = msgspec.convert(values, kind.spec)
            kind.validate(spec)
            ops = list(kind.plan(spec, kind.observe(spec, host_of(case))))
        except (VigoError, msgspec.ValidationError, ValueError, TypeError):
            continue  # refused: that is as good
        for op in ops:
            for argv in _arguments(op):
                assert _problem(argv, text) is None, (_problem(argv, text), argv, text)


def test_11_what_is_wrong_would_be_seen() -> None:
    assert _problem(["sh", "-c", "install $(touch /x)"], "$(touch /x)")
    assert _problem(["apt-get", "install", "-rf"], "-rf")
    assert _problem(["apt-get", "install", "--", "-rf"], "-rf") is None
    assert _problem(["useradd", "--comment", "-rf", "--", "web"], "-rf") is None
    assert _problem(["useradd", "--comment=$(touch /x)"], "$(touch /x)") is None


def test_11_no_program_is_started_by_a_shell() -> None:
    source = Path("src/vigo")
    found = [
        f"{path}:{number}"
        for path in sorted(source.rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r"shell\s*=\s*True|os\.system\(|os\.popen\(|subprocess\.getoutput", line)
    ]
    assert found == []
