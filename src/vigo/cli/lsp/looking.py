"""Looking at a folder of stacks as it stands on the disk, with what is being edited laid over it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from vigo.policy.compiling import Compiler
from vigo.policy.diagnostics import Severity
from vigo.policy.editing.known import Known, Reader, nothing_known
from vigo.policy.editing.marks import mark
from vigo.policy.editing.texts import Position, Text, Units
from vigo.policy.sources import Sources, read_sources
from vigo.policy.study import Study


class Finding(msgspec.Struct, frozen=True):
    """A finding at its place in an editor."""

    start: Position
    end: Position
    severity: Severity
    code: str
    message: str


class Seen(msgspec.Struct, frozen=True):
    """What a look at the stacks gave: their files, what they declare, and by file what was found."""

    files: Mapping[str, bytes]
    known: Known
    findings: Mapping[str, tuple[Finding, ...]]


NOTHING: Final = Seen({}, nothing_known(), {})
"""What is seen where nothing could be."""


class Looker:
    """Looks at the same folder again and again; one look at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._compiler = Compiler()
        self._reader = Reader()

    def look(self, edited: Mapping[str, str], units: Units) -> Seen:
        """Return what the stacks are like with these texts in place of the files on the disk."""
        sources = overlaid(read_sources(self._root), edited)
        compiled = self._compiler.compile(sources)
        study = None if compiled.policy is None else Study(compiled.policy)
        texts: dict[str, Text] = {}
        found: dict[str, list[Finding]] = {}
        for one in compiled.diagnostics:
            if one.file not in texts:
                texts[one.file] = Text.of(sources.files.get(one.file, b""))
            text, shown = texts[one.file], mark(texts[one.file], one)
            start, end = (text.position(place, units) for place in shown.span)
            found.setdefault(one.file, []).append(Finding(start, end, shown.severity, shown.code, shown.message))
        findings = {file: tuple(ones) for file, ones in found.items()}
        return Seen(sources.files, self._reader.read(sources, study), findings)


def overlaid(sources: Sources, edited: Mapping[str, str]) -> Sources:
    """Return sources with texts that are being edited in place of their files; what could not be read stays so."""
    refused = {problem.file for problem in sources.problems}
    texts = {name: encoded(text) for name, text in edited.items() if name not in refused}
    return Sources({**sources.files, **texts}, sources.problems)


def encoded(text: str) -> bytes:
    """Return a text as it would be saved; half of a character, which an editor may send, becomes a question mark."""
    return text.encode("utf-8", errors="replace")
