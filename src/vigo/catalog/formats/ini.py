"""Options in sections of a text, edited one at a time: comments and layout stay byte for byte.

The many programs that read such files differ in details. What they differ in is read so that no line of another option
is ever taken for a part of this one. Source: configparser of Python, systemd.syntax(7), git-config(1), smb.conf(5).
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

_SECTION: Final = re.compile(r"\s*\[(?P<name>[^\n]*?)\]\s*([#;].*)?")
_COMMENT: Final = re.compile(r"\s*[#;]")
_TRAILING: Final = re.compile(r"(?<![ \t])[ \t]+[#;](?=[ \t]|$)")
_LIKE_A_NAME: Final = re.compile(r"\s*[\w.-]+( [\w.-]+){0,4}\s*=")
_BLANKS: Final = " \t"
_USUAL_MARK: Final = " = "


class _Option(msgspec.Struct, frozen=True):
    """An option and its lines. `section` is None in the part before the first one."""

    section: str | None
    name: str
    indent: str
    mark: str
    value: str
    first: int
    last: int

    @property
    def comment(self) -> str:
        """What stands behind the value in its line, with the blanks before it."""
        return "" if "\n" in self.value else _comment_behind(self.value)

    def says(self, value: str) -> bool:
        """Return whether the value is this one, with or without what looks like a comment behind it."""
        found = self.value.strip()
        return found == value or found.removesuffix(self.comment.strip()).rstrip() == value


def values_of(text: str, section: str | None, option: str) -> tuple[str, ...]:
    """Return what an option is set to, once for each time that it stands there, comments behind it included."""
    return tuple(one.value.strip() for one in _found(_options(_split(text)), section, option))


def has_value(text: str, section: str | None, option: str, value: str) -> bool:
    """Return whether an option is there and has this value wherever it stands."""
    found = _found(_options(_split(text)), section, option)
    return bool(found) and all(one.says(value) for one in found)


def with_option(text: str, section: str | None, option: str, value: str) -> str:
    """Return the text with the option once, set to the value: in the place of the last one, or behind its neighbours.

    Raises:
        InvalidError: it would be read as something else.
    """
    if has_value(text, section, option, value):
        return text
    lines = _split(text)
    found = _found(_options(lines), section, option)
    after = _joined(_changed(lines, found, value) if found else _inserted(lines, section, option, value), text)
    if not has_value(after, section, option, value):
        raise InvalidError(
            f"value: expected one that is read back from the file as it is written, found {shown(value)}, or"
            f" {shown(option)} as the option, which is not; does it end in a backslash?"
        )
    return after


def without_option(text: str, section: str | None, option: str) -> str:
    """Return the text without the option's lines; its section stays."""
    lines = _split(text)
    for one in reversed(_found(_options(lines), section, option)):
        del lines[one.first : one.last + 1]
    return _joined(lines, text)


def _changed(lines: list[str], found: Sequence[_Option], value: str) -> list[str]:
    last = found[-1]
    # A value that has what looks like a comment could not be told from it with a second one behind it.
    comment = "" if _comment_behind(value) else last.comment
    lines = [*lines]
    lines[last.first : last.last + 1] = [f"{last.indent}{last.name}{_spaced(last.mark, value)}{value}{comment}"]
    for former in reversed(found[:-1]):
        del lines[former.first : former.last + 1]
    return lines


def _inserted(lines: list[str], section: str | None, option: str, value: str) -> list[str]:
    options = _options(lines)
    mine = [one for one in options if one.section == section]
    like = (mine or options)[-1:]
    mark = like[0].mark if like else _USUAL_MARK
    new = f"{mine[-1].indent if mine else ''}{option}{_spaced(mark, value)}{value}"
    headers = [(index, name) for index, line in enumerate(lines) if (name := _section_of(line)) is not None]
    if mine:
        place = mine[-1].last + 1
    elif section is None:
        place = _place_at_the_top(lines, headers[0][0] if headers else len(lines))
        if headers and lines[place].strip():
            return [*lines[:place], new, "", *lines[place:]]
    elif any(name == section for _, name in headers):
        place = [index for index, name in headers if name == section][-1] + 1
    else:
        gap = [""] if lines and lines[-1].strip() else []
        return [*lines, *gap, f"[{section}]", new]
    return [*lines[:place], new, *lines[place:]]


def _place_at_the_top(lines: Sequence[str], header: int) -> int:
    """Return where a first option goes: before what is said about the first section, behind all else."""
    place = header
    while place and header < len(lines) and _COMMENT.match(lines[place - 1]):
        place -= 1
    while place and not lines[place - 1].strip():
        place -= 1
    return place


def _options(lines: Sequence[str]) -> list[_Option]:
    found: list[_Option] = []
    section, index = None, 0
    while index < len(lines):
        name = _section_of(lines[index])
        if name is not None:
            section = name
        option = None if name is not None else _matched(section, lines, index)
        index += 1
        if option is not None:
            found.append(option)
            index = option.last + 1
    return found


def _matched(section: str | None, lines: Sequence[str], first: int) -> _Option | None:
    """Return the option that begins in a line, with the lines that go on with it, or None where none does.

    A colon parts it where no equals sign follows, or a blank does.
    """
    bare = lines[first].lstrip(_BLANKS)
    indent = lines[first][: len(lines[first]) - len(bare)]
    equals, colon = bare.find("="), bare.find(":")
    parts_by_colon = colon > 0 and (equals < 0 or (colon < equals and bare[colon + 1] in _BLANKS))
    place = colon if parts_by_colon else equals
    if place < 1 or bare[0] in "#;[":
        return None
    name, value = bare[:place].rstrip(_BLANKS), bare[place + 1 :].lstrip(_BLANKS)
    last = first
    while last + 1 < len(lines) and _continues(lines, last, indent):
        last += 1
    mark = bare[len(name) : len(bare) - len(value)]
    return _Option(section, name, indent, mark, "\n".join([value, *lines[first + 1 : last + 1]]), first, last)


def _comment_behind(value: str) -> str:
    """Return what looks like a comment behind a value, which may be in quotes, with the blanks before it."""
    quoted = value.find(value[0], 1) + 1 if value[:1] in ("'", '"') else 0
    found = _TRAILING.search(value, quoted)
    return value[found.start() :] if found is not None else ""


def _continues(lines: Sequence[str], index: int, indent: str) -> bool:
    """Return whether the line behind one goes on with its value: behind a backslash, or deeper and like no option."""
    line, following = lines[index], lines[index + 1]
    if line.rstrip(" \t").endswith("\\"):
        return _section_of(following) is None
    bare = following.lstrip(" \t")
    is_deeper = len(following) - len(bare) > len(indent)
    return bool(bare) and is_deeper and not _COMMENT.match(following) and not _is_another(following)


def _is_another(line: str) -> bool:
    return _LIKE_A_NAME.match(line) is not None or _section_of(line) is not None


def _found(options: Sequence[_Option], section: str | None, option: str) -> list[_Option]:
    return [one for one in options if (one.section, one.name) == (section, option)]


def _section_of(line: str) -> str | None:
    found = _SECTION.fullmatch(line)
    return found["name"].strip() if found is not None else None


def _spaced(mark: str, value: str) -> str:
    """Return the sign between name and value without blanks at the line's end."""
    return mark if value else mark.rstrip(" \t")


def _split(text: str) -> list[str]:
    return text.split("\n")[: -1 if text.endswith("\n") or not text else None]


def _joined(lines: Sequence[str], former: str) -> str:
    """Return the lines as a text that ends as the former one did: with a line feed unless it had none."""
    text = "\n".join(lines)
    return text if not lines or (former and not former.endswith("\n")) else text + "\n"
