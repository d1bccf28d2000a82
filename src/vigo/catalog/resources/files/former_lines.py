"""The lines of a file before a resource had a hand in them, and how they come back while the rest stays as it is."""

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from vigo.catalog.api import Footprint, Past, ReadHost, Revertible, Spec, Trace
from vigo.catalog.formats.lines import (
    Region,
    Stretch,
    found_lines,
    open_end_of,
    stretches,
    with_instead,
    with_stretches,
)
from vigo.catalog.ops import Op, RemoveFile, WriteFile
from vigo.core.errors import BlockedError, InvalidError

SpecT = TypeVar("SpecT", bound=Spec)


class LineFootprint(Footprint, frozen=True, kw_only=True):
    """How the resource finds its line; the expressions are those that its declaration was accepted with."""

    path: str
    line: str | None = None
    match: str | None = None
    region_start: str | None = None
    region_end: str | None = None

    @property
    def region(self) -> Region:
        """The lines that count."""
        return Region(_compiled(self.region_start), _compiled(self.region_end))

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """What finds the line when it has another text."""
        return _compiled(self.match)


class FormerStretch(msgspec.Struct, frozen=True):
    """A stretch of lines as bytes, since files hold more than text."""

    index: int
    lines: tuple[bytes, ...]
    previous: bytes | None
    following: bytes | None


class LineTrace(Trace, frozen=True, kw_only=True):
    """The lines that are the resource's, with their ends.

    Only before the first change: whether there was no file, where the lines stood, and the last line where it had no
    line feed. Only for the moment: the whole `text`.
    """

    lines: tuple[bytes, ...] | None = None
    missing: bool | None = None
    places: tuple[FormerStretch, ...] | None = None
    open_end: bytes | None = None
    text: str | None = None

    def kept(self) -> "LineTrace":
        """Return it without the file's text."""
        return msgspec.structs.replace(self, text=None)


LinePast = Past[LineFootprint, LineTrace]


class RevertibleLine(Revertible[SpecT, LineFootprint, LineTrace]):
    """Undoing for a kind whose resources own one line each."""

    footprint, trace = LineFootprint, LineTrace

    def look(self, footprint: LineFootprint, host: ReadHost, *, keep: bool = False) -> LineTrace:
        """Return the lines that are the resource's, and with `keep` where they stand."""
        text = _text(footprint.path, host)
        if text is None:
            return LineTrace(lines=(), missing=True if keep else None)
        finding = (footprint.line, footprint.pattern, footprint.region)
        try:
            lines = found_lines(text, *finding)
            places = stretches(text, *finding) if keep else ()
        except InvalidError as error:
            raise BlockedError(f"{footprint.path}: {error}") from error
        trace = LineTrace(lines=_as_bytes(lines), text=text)
        if not keep:
            return trace
        return msgspec.structs.replace(
            trace, missing=False, places=tuple(map(_stored, places)), open_end=_encoded(open_end_of(text))
        )

    def follows(self, seen: LineTrace, former: LineFootprint) -> bool:
        """Return whether the lines that are found are the one that another declaration put there."""
        lines = _as_text(seen.lines or ())
        return bool(lines) and all(line.rstrip("\r\n") == former.line for line in lines)

    def undo(self, pasts: Sequence[LinePast]) -> Iterator[Op]:
        """Yield each file anew: with the former lines, or without the one that was added."""
        for footprint, before, now in pasts:
            if now.text is None:
                raise BlockedError(f"expected the file {footprint.path} to put lines back into, found none")
            try:
                text = _undone(footprint, before, now.text, has_lines=bool(now.lines))
            except InvalidError as error:
                raise BlockedError(f"{footprint.path}: {error}") from error
            if before.missing and not text:
                yield RemoveFile(path=footprint.path)
            elif text != now.text:
                yield WriteFile(path=footprint.path, content=_encoded(text), changes=("line",))


def _undone(footprint: LineFootprint, before: LineTrace, text: str, *, has_lines: bool) -> str:
    if has_lines:
        former = _as_text(before.lines or ())
        finding = (footprint.line, footprint.pattern, footprint.region)
        return with_instead(text, *finding, former, _decoded(before.open_end or b""))
    return with_stretches(text, [_found(one) for one in before.places or ()])


def _text(path: str, host: ReadHost) -> str | None:
    stat = host.stat(path)
    if stat is None:
        return None
    if stat.kind != "file":
        raise BlockedError(f"expected a regular file at {path}, found a {stat.kind}")
    return _decoded(host.read_bytes(path) or b"")


def _compiled(expression: str | None) -> re.Pattern[str] | None:
    return None if expression is None else re.compile(expression)


def _stored(stretch: Stretch) -> FormerStretch:
    around = [None if line is None else _encoded(line) for line in (stretch.previous, stretch.following)]
    return FormerStretch(stretch.index, _as_bytes(stretch.lines), *around)


def _found(stretch: FormerStretch) -> Stretch:
    around = [None if line is None else _decoded(line) for line in (stretch.previous, stretch.following)]
    return Stretch(stretch.index, _as_text(stretch.lines), *around)


def _as_bytes(lines: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(map(_encoded, lines))


def _as_text(lines: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(map(_decoded, lines))


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _decoded(content: bytes) -> str:
    return content.decode(errors="surrogateescape")
