"""`/etc/pacman.conf`: its sections, and one of them written or taken away with all others left as they are.

Source: pacman.conf(5).
"""

import re
from collections.abc import Sequence

_SECTION = re.compile(r"[ \t]*\[(?P<name>[^\]\n]*)\][ \t\r]*")
_IGNORED = re.compile(r"[ \t]*IgnorePkg[ \t]*=(?P<names>[^\n]*)")


def section_names(text: str) -> tuple[str, ...]:
    """Return the names of all sections but `options`, which are the repositories, in their order."""
    found = (_SECTION.fullmatch(line) for line in text.split("\n"))
    return tuple(match["name"] for match in found if match and match["name"] != "options")


def section_of(text: str, name: str) -> tuple[str, ...] | None:
    """Return the settings of a section, without comments, blank lines and needless blanks; None where it is not."""
    span = _span(text.split("\n"), name)
    if span is None:
        return None
    lines = (line.strip() for line in text.split("\n")[span[0] + 1 : span[1]])
    return tuple(re.sub(r"[ \t]*=[ \t]*", " = ", line, count=1) for line in lines if line and not line.startswith("#"))


def with_section(text: str, name: str, settings: Sequence[str]) -> str:
    """Return the text with a section of exactly these settings, where it was, else at the end."""
    lines = text.split("\n")
    section = [f"[{name}]", *settings]
    span = _span(lines, name)
    if span is None:
        gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}" + "\n".join(section) + "\n"
    return "\n".join([*lines[: span[0]], *section, *_tail(lines, span), *lines[span[1] :]])


def without_section(text: str, name: str) -> str:
    """Return the text without a section and what stands in it."""
    lines = text.split("\n")
    span = _span(lines, name)
    if span is None:
        return text
    before = lines[: span[0]]
    while before and not before[-1].strip() and span[1] >= len(lines):
        before.pop()
    after = lines[span[1] :]
    return "\n".join([*before, *after]) if after or not before else "\n".join([*before, ""])


def ignored_packages(text: str) -> frozenset[str]:
    """Return the packages that `IgnorePkg` names."""
    found = (_IGNORED.fullmatch(line) for line in text.split("\n"))
    return frozenset(name for match in found if match for name in match["names"].split())


def _span(lines: Sequence[str], name: str) -> tuple[int, int] | None:
    """Return where a section begins, and the line behind its end."""
    begin = None
    for number, line in enumerate(lines):
        match = _SECTION.fullmatch(line)
        if match and begin is not None:
            return begin, number
        if match and match["name"] == name:
            begin = number
    return None if begin is None else (begin, len(lines))


def _tail(lines: Sequence[str], span: tuple[int, int]) -> list[str]:
    """Return the blank lines at a section's end: they part it from the next one."""
    end = span[1]
    while end > span[0] + 1 and not lines[end - 1].strip():
        end -= 1
    return list(lines[end : span[1]])
