"""What was found in the stacks: errors and warnings with their place, and how they are shown to a person."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Generic, Literal, TypeVar

import msgspec

from vigo.core.nearest import nearest_name
from vigo.core.plan import Origin

Severity = Literal["error", "warning"]

T = TypeVar("T")

MOST_DIAGNOSTICS: Final = 1_000
"""What one compilation tells at most; nobody corrects more at once, and a crafted file must not fill the memory."""

_MOST_NAMES_COMPARED: Final = 300_000
"""To look for the nearest of so many names takes some seconds; who has more wrong ones needs no help with each."""

_LONGEST_SOURCE_LINE: Final = 240
_LONGEST_MESSAGE: Final = 2_000
LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""The line breaks of YAML 1.1, by which libyaml counts lines."""

_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. Line and column count from 1; `code` is stable and machine-readable."""

    severity: Severity
    code: str
    message: str
    file: str
    line: int
    column: int
    source_line: str | None = None
    hint: str | None = None


class SourceLines:
    """The lines of the files in the stacks, for messages that show them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._lines: dict[str, list[str]] = {}

    def of(self, file: str) -> list[str]:
        """Return a file's lines without their ends; none for a file that is not there."""
        if file not in self._lines:
            text = self._files.get(file, b"").decode("utf-8", errors="replace").removeprefix("\ufeff")
            self._lines[file] = LINE_BREAK.split(text)
        return self._lines[file]

    def line(self, place: Origin) -> str | None:
        """Return the line that a place is in, or None where there is none."""
        lines = self.of(place.file)
        return lines[place.line - 1] if 0 < place.line <= len(lines) and lines != [""] else None


class Remark(msgspec.Struct, frozen=True):
    """What was found once and may be said again, for another match entry or by a later compilation.

    `is_of_entry` says that the words hold for the entry in hand only.
    """

    severity: Severity
    place: Origin
    code: str
    message: str
    hint: str | None
    is_of_entry: bool


def has_errors(remarks: Sequence[Remark]) -> bool:
    """Return whether errors are among what was found, or may be, since not all was written down."""
    return len(remarks) > MOST_DIAGNOSTICS or any(one.severity == "error" for one in remarks)


class Stacked(Generic[T]):
    """Has something on a stack for a while. A compilation does this so often that a generator would be felt."""

    __slots__ = ("_one", "_stack")

    def __init__(self, stack: list[T], one: T) -> None:
        self._stack = stack
        self._one = one

    def __enter__(self) -> T:
        self._stack.append(self._one)
        return self._one

    def __exit__(self, *_error: object) -> None:
        self._stack.pop()


class _Found(msgspec.Struct):
    severity: Severity
    code: str
    message: str
    place: Origin
    hint: str | None
    entries: list[Origin]


class Findings:
    """Collects what is found. What is found again for another match entry is told once, with the entries."""

    def __init__(self, lines: SourceLines) -> None:
        self.lines = lines
        self._found: dict[tuple[str, int, int, str, str], _Found] = {}
        self._dropped = 0
        self._names_compared = 0
        self._is_mild = False
        self._tapes: list[list[Remark]] = []
        self.has_errors = False

    def taped(self) -> "Stacked[list[Remark]]":
        """Put what is found meanwhile on a list too, as far as anyone would be told of it; `say` records it again."""
        return Stacked(self._tapes, [])

    def say(self, remarks: Iterable[Remark], entry: Origin | None = None) -> None:
        """Record what was found before, for an entry where it holds for one only."""
        for one in remarks:
            of_entry = entry if one.is_of_entry else None
            record = self.error if one.severity == "error" else self.warning
            record(one.place, one.code, one.message, hint=one.hint, entry=of_entry)

    @contextmanager
    def as_warnings(self) -> Iterator[None]:
        """Record what is found meanwhile as warnings without an entry: it is about what no machine gets."""
        self._is_mild = True
        try:
            yield
        finally:
            self._is_mild = False

    def error(
        self, place: Origin, code: str, message: str, *, hint: str | None = None, entry: Origin | None = None
    ) -> None:
        """Record what keeps the stacks from being published."""
        self._note("error", place, code, message, hint, entry)
        if self._is_mild:
            self._add("warning", place, code, message, hint, None)
            return
        self.has_errors = True
        self._add("error", place, code, message, hint, entry)

    def warning(
        self, place: Origin, code: str, message: str, *, hint: str | None = None, entry: Origin | None = None
    ) -> None:
        """Record what is probably a mistake."""
        self._note("warning", place, code, message, hint, entry)
        self._add("warning", place, code, message, hint, None if self._is_mild else entry)

    def nearest(self, found: str, valid: Collection[str]) -> str | None:
        """Return the valid name that was probably meant, or None; of very many mistakes only the first get one."""
        self._names_compared += len(valid)
        if self.is_full or self._names_compared > _MOST_NAMES_COMPARED:
            return None
        return nearest_name(found, valid)

    def did_you_mean(self, found: str, valid: Collection[str]) -> str:
        """Return `; did you mean 'NAME'?`, or an empty text where `nearest` finds nothing."""
        name = self.nearest(found, valid)
        return f"; did you mean {name!r}?" if name is not None else ""

    @property
    def is_full(self) -> bool:
        """Whether what is found from now on is only counted."""
        return len(self._found) >= MOST_DIAGNOSTICS

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return everything that was found, sorted by file, line and column."""
        found = sorted(
            (self._diagnostic(one) for one in self._found.values()),
            key=lambda one: (one.file, one.line, one.column, one.severity, one.code, one.message),
        )
        if self._dropped:
            last = found[-1]
            message = f"{self._dropped} more were found and are not shown; correct these first"
            severity: Severity = "error" if self.has_errors else "warning"
            found.append(msgspec.structs.replace(last, severity=severity, code="too-many", message=message, hint=None))
        return tuple(found)

    def _note(
        self, severity: Severity, place: Origin, code: str, message: str, hint: str | None, entry: Origin | None
    ) -> None:
        for tape in self._tapes:
            if len(tape) <= MOST_DIAGNOSTICS:
                tape.append(Remark(severity, place, code, message, hint, entry is not None))

    def _add(
        self, severity: Severity, place: Origin, code: str, message: str, hint: str | None, entry: Origin | None
    ) -> None:
        key = (place.file, place.line, place.column, code, message)
        found = self._found.get(key)
        if found is None:
            # An error must not be lost behind a thousand warnings, so these have half the room.
            room = MOST_DIAGNOSTICS if severity == "error" else MOST_DIAGNOSTICS // 2
            if len(self._found) >= room:
                self._dropped += 1
                return
            found = self._found[key] = _Found(severity, code, message, place, hint, [])
        if entry is not None and entry not in found.entries:
            found.entries.append(entry)

    def _diagnostic(self, found: _Found) -> Diagnostic:
        message = found.message[:_LONGEST_MESSAGE]
        if found.entries:
            message += f" (for the entry {_short(found.entries[0])}{_others(len(found.entries) - 1)})"
        source = self.lines.line(found.place)
        return Diagnostic(
            severity=found.severity,
            code=found.code,
            message=message,
            file=found.place.file,
            line=found.place.line,
            column=found.place.column,
            source_line=None if source is None else source[:_LONGEST_SOURCE_LINE],
            hint=found.hint,
        )


def as_lines(diagnostic: Diagnostic) -> list[str]:
    """Return a finding as a person reads it: place and message, the line of the file, a caret below, the hint.

    Control characters and those that change the direction of writing are replaced, so that a file cannot write to
    the terminal.
    """
    place = f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}"
    lines = [f"{place}: {diagnostic.severity}: {diagnostic.message}"]
    if diagnostic.source_line is not None and diagnostic.source_line.strip():
        lines.append(f"    {diagnostic.source_line}")
        if diagnostic.column <= len(diagnostic.source_line) + 1:
            lines.append("    " + " " * (diagnostic.column - 1) + "^")
    if diagnostic.hint:
        lines.append(f"    hint: {diagnostic.hint}")
    return [_UNPRINTABLE.sub(_visible, line) for line in lines]


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Return all findings as one text, one below the other."""
    return "".join(f"{line}\n" for diagnostic in diagnostics for line in as_lines(diagnostic))


def _short(place: Origin) -> str:
    return f"{place.file}:{place.line}"


def _others(count: int) -> str:
    return "" if count == 0 else f" and {count} more"


def _visible(match: re.Match[str]) -> str:
    return " " if match[0] == "\t" else "\ufffd"
