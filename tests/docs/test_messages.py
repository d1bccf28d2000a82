"""docs/guide/messages.md: each code of the compiler's has its row and its section, whose example gives it."""

import ast
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.docs.diagnostic_codes import codes_in, codes_in_source
from tests.docs.pages import CHANGED, Section, renewed, section, sections
from tests.policy.conftest import compiled
from vigo.policy.compiling import compile_stacks
from vigo.policy.compliance import lapsed_waivers
from vigo.policy.diagnostics import Diagnostic, as_text
from vigo.policy.sources import Sources, read_sources
from vigo.policy.yaml_tree import MOST_BYTES

PAGE = "messages.md"
ROWS = section(PAGE, "Every code").rows
CODES = [row[0].strip("[").partition("]")[0] for row in ROWS]
SECTIONS = {one.title: one for one in sections(f"docs/guide/{PAGE}")}
NO_EXAMPLE = {"internal"}
"""What only a fault of ours could show."""


def bytes_of_another_encoding(_: Path) -> tuple[Diagnostic, ...]:
    content = "configcrate: caf\u00e9\n".encode("latin-1")
    return compiled({"configcrates/cafe.vgo": content, "envoys.vgo": "envoys: []"}).diagnostics


def a_large_file(_: Path) -> tuple[Diagnostic, ...]:
    return compiled({"configcrates/dump.vgo": b"\n" * (MOST_BYTES + 1), "envoys.vgo": "envoys: []"}).diagnostics


def many_mistakes(_: Path) -> tuple[Diagnostic, ...]:
    entries = "".join(f"- {{match: web-{number}, roles: [web]}}\n" for number in range(1_200))
    return compiled({"envoys.vgo": f"envoys:\n{entries}"}).diagnostics[-1:]


def a_link(folder: Path) -> tuple[Diagnostic, ...]:
    (folder / "files").mkdir()
    (folder / "files" / "motd").symlink_to("/etc/motd")
    return compile_stacks(read_sources(folder)).diagnostics


def a_waiver_of_the_past(_: Path) -> tuple[Diagnostic, ...]:
    files = {name: content.encode() for name, content in SECTIONS["lapsed"].stacks.items()}
    return lapsed_waivers(Sources(files), date(2027, 1, 1))


MADE: dict[str, Callable[[Path], tuple[Diagnostic, ...]]] = {
    "lapsed": a_waiver_of_the_past,
    "not-utf-8": bytes_of_another_encoding,
    "too-large": a_large_file,
    "too-many": many_mistakes,
    "unreadable": a_link,
}
"""What compiling the example of a page cannot show: by code, what has it as its only diagnostic."""


def test_every_code_of_the_compiler_has_its_row_and_its_section() -> None:
    found = codes_in_source()
    assert found.unclear == (), "name the code where it is given, such that people can find it"
    assert set(CODES) == found.found, f"give each code a row and a section in docs/guide/{PAGE}"
    assert sorted(CODES) == CODES
    assert [one.title for one in SECTIONS.values() if one.level == 3] == CODES


@pytest.mark.parametrize("code", [code for code in CODES if code not in {*MADE, *NO_EXAMPLE}])
def test_the_example_of_a_code_gives_it(code: str) -> None:
    severities = {one.severity for one in compiled(SECTIONS[code].stacks).diagnostics if one.code == code}
    (told,) = (row[1].split(", ") for row in ROWS if row[0].startswith(f"[{code}]"))
    assert severities, f"no message of this example has the code {code}"
    assert severities <= set(told)


@pytest.mark.parametrize("code", [code for code in CODES if code not in NO_EXAMPLE])
def test_the_row_of_a_code_has_words_of_its_message(code: str) -> None:
    (words,) = (row[2] for row in ROWS if row[0].startswith(f"[{code}]"))
    patterns = [re.escape(part).replace(re.escape("..."), ".+") for part in words.split("; ")]
    assert any(re.search(pattern, _told(SECTIONS[code])) for pattern in patterns), words


@pytest.mark.parametrize("code", MADE)
def test_a_message_that_no_example_can_have_is_what_the_compiler_prints(code: str, tmp_path: Path) -> None:
    (found,) = MADE[code](tmp_path)
    assert found.code == code
    one = SECTIONS[code]
    if one.diagnostics:
        one = renewed(one, one.diagnostics[0], as_text([found]))
    assert as_text([found]) in _told(one), CHANGED


def test_codes_are_found_wherever_they_are_given() -> None:
    source = """
class Findings:
    def error(self, place, code, message): self._add("error", place, code, message)
    def _add(self, severity, place, code, message): ...
def unknown(name, message, code="by-default"): findings.error(name, code, message)
def check(what):
    findings.error(1, "direct", "x")
    unknown(1, "x")
    unknown(1, "x", "given")
    unknown(1, "x", f"no-{what}")
    findings.error(1, TABLE[what], "x")
    replace(found, code="as-keyword")
    NAMES = {"no-role": 1}
"""
    found = codes_in({"a.py": ast.parse(source)})
    assert found.found == {"direct", "by-default", "given", "no-role", "as-keyword"}
    assert found.unclear == ("a.py:11: TABLE[what]",)


def _told(one: Section) -> str:
    """Return what a section shows, of commands too."""
    return "".join(block.text for block in one.blocks if block.language == "text")
