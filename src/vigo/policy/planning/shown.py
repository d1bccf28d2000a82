"""How a value is shown in a plan: every one that leaves it goes through here, bounded, and not where it is private.

What does not stand for itself, such as a marker of a secret, would be replaced here.
"""

import difflib
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

import msgspec

from vigo.policy.planning.answer import FieldChange
from vigo.policy.planning.changes import Change, Difference, Value
from vigo.policy.planning.declarations import Open
from vigo.policy.planning.inputs import exact
from vigo.policy.planning.privacy import CONTENTS, HIDDEN, PASSWORDS, is_private_mode

_LONGEST_VALUE: Final = 200
_LONGEST_LINE: Final = 400
# A longer text is not compared line by line: that takes quadratic time in the worst case.
_LONGEST_TEXT: Final = 64 * 1024
_MOST_LINES: Final = 4_000
_NOTES: Final = {"machine": "only the machine can tell", "traits": "unknown until it checks in", "failing": "it fails"}


class Limits(msgspec.Struct, frozen=True):
    """How much of it is shown. `characters` bounds all texts that are compared in one answer."""

    diff_lines: int
    characters: int


class Display:
    """Shows the values of one answer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.characters

    def fields(self, change: Change) -> tuple[FieldChange, ...]:
        """Return the fields and options that differ, as text."""
        is_private = _is_private(change)
        return tuple(
            self._hidden(one) if one.name in PASSWORDS or (is_private and one.name in CONTENTS) else self._field(one)
            for one in change.differences
        )

    def _field(self, difference: Difference) -> FieldChange:
        name, before, after = difference.name, difference.before, difference.after
        if name == "when":
            return FieldChange(name=name, before=_condition(before), after=_condition(after))
        note = _note(before, after)
        if before.open is not None and after.open is not None and before.open.source == after.open.source:
            sides = [f"the same template{_used(one)}" for one in _apart(before.open.used, after.open.used)]
            return FieldChange(name=name, before=sides[0], after=sides[1], note=note)
        texts = [_comparable(side) for side in (before, after)]
        if _are_lines(texts):
            return FieldChange(
                name=name,
                before=_size(before, texts[0]),
                after=_size(after, texts[1]),
                diff=self._diff(texts[0] or "", texts[1] or ""),
                note=note,
            )
        return FieldChange(name=name, before=_text(before), after=_text(after), note=note)

    def _hidden(self, difference: Difference) -> FieldChange:
        texts = [_comparable(side) or "" for side in (difference.before, difference.after)]
        note = "not shown: it is private"
        if difference.name in CONTENTS:
            note = f"not shown, since the file is not readable by all{self._in_lines(*texts)}"
        sides = [None if side == Value() else HIDDEN for side in (difference.before, difference.after)]
        return FieldChange(name=difference.name, before=sides[0], after=sides[1], note=note)

    def _in_lines(self, before: str, after: str) -> str:
        if not self._takes([before, after]):
            return ""
        lines = list(difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=0))[2:]
        gone, come = (sum(line.startswith(mark) for line in lines) for mark in "-+")
        return f": lines added {come}, removed {gone}"

    def _diff(self, before: str, after: str) -> tuple[str, ...]:
        if not self._takes([before, after]):
            return ("(not compared: too long, or the answer is full; ask for one host)",)
        lines = difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=2)
        most = self._limits.diff_lines
        shown = [_cut(line, _LONGEST_LINE) for line in islice(lines, 2, 2 + most + 1)]
        return tuple(shown if len(shown) <= most else [*shown[:most], "(cut here)"])

    def _takes(self, texts: list[str]) -> bool:
        size = sum(map(len, texts))
        is_long = any(len(text) > _LONGEST_TEXT or text.count("\n") > _MOST_LINES for text in texts)
        if is_long or size > self._left:
            return False
        self._left -= size
        return True


def _is_private(change: Change) -> bool:
    """Return whether content belongs to a file that not all may read, before or after; the agent's reports keep to it.

    A mode that is not known here counts as private.
    """
    modes = [side for one in change.differences if one.name == "mode" for side in (one.before, one.after)]
    declared = change.planned.fields.get("mode")
    known = [side.value for side in modes if side.open is None and side.is_set]
    known += [] if modes or declared is None else [declared]
    is_open = "mode" in change.planned.templates or any(side.open is not None for side in modes)
    return is_open or any(map(is_private_mode, known))


def _comparable(value: Value) -> str | None:
    if value.open is not None:
        return value.open.source if isinstance(value.open.source, str) else None
    return value.value if isinstance(value.value, str) else "" if not value.is_set else None


def _are_lines(texts: list[str | None]) -> bool:
    return all(text is not None for text in texts) and any("\n" in (text or "").rstrip("\n") for text in texts)


def _size(value: Value, text: str | None) -> str | None:
    if value == Value():
        return None
    count = len(_lines(text or ""))
    what = "template" if value.open is not None else "text"
    return f"({what} of {count} line{'' if count == 1 else 's'})"


def _text(value: Value) -> str | None:
    if value.open is not None:
        return _cut(_template(value.open), _LONGEST_VALUE)
    return None if not value.is_set else _cut(_written(value.value), _LONGEST_VALUE)


def _template(one: Open) -> str:
    return f"{_written(one.source)}{_used(one.used)}"


def _condition(value: Value) -> str | None:
    parts = [f"{expression}{_used(used)}" for expression, used in value.value or ()]
    return _cut(" and ".join(parts), _LONGEST_LINE) if parts else None


def _used(values: Mapping[str, Any]) -> str:
    told = ", ".join(f"{name} = {_written(value)}" for name, value in values.items())
    return f" ({told})" if told else ""


def _apart(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return those values of two maps that are not the same in both."""
    names = [name for name in {**before, **after} if exact(before.get(name)) != exact(after.get(name))]
    sides = [{name: one[name] for name in names if name in one} for one in (before, after)]
    return sides[0], sides[1]


def _note(before: Value, after: Value) -> str:
    found = [one.open for one in (after, before) if one.open is not None]
    if not found:
        return ""
    note = _NOTES[found[0].why]
    return f"{note}: {_cut(found[0].reason, _LONGEST_LINE)}" if found[0].why != "machine" else note


def _written(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if not lines[-1] else [*lines[:-1], f"{lines[-1]} (no line feed at the end)"]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]} (cut here)"
