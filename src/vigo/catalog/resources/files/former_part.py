"""The part of a file before a resource had a hand in it, and how it comes back while the rest stays as it is."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from vigo.catalog.api import Footprint, Past, ReadHost, Revertible, Spec, Trace
from vigo.catalog.ops import Op, RemoveFile, WriteFile
from vigo.catalog.resources.files.edited_text import MAX_EDITED_BYTES, decoded, encoded
from vigo.core.errors import BlockedError, InvalidError

SpecT = TypeVar("SpecT", bound=Spec)

MAX_WHOLE_BYTES = 64 * 1024
"""The largest file that is remembered as a whole, so that nothing at all of the change is left."""

_NOTHING = frozenset({"", "{}"})


class PartFootprint(Footprint, frozen=True, kw_only=True):
    """The file, and by which names the resource finds its part of it."""

    path: str
    names: tuple[str, ...]


class PartTrace(Trace, frozen=True, kw_only=True):
    """The part as the kind keeps it, or that it is not there.

    Only before the first change: whether there was no file, and all of its text where that is small. Only for the
    moment: the whole `text`.
    """

    is_there: bool | None = None
    part: bytes | None = None
    missing: bool | None = None
    whole: bytes | None = None
    text: str | None = None

    def kept(self) -> "PartTrace":
        """Return it without the file's text."""
        return msgspec.structs.replace(self, text=None)

    @property
    def value(self) -> str | None:
        """The part, or None where it was not there."""
        return decoded(self.part or b"") if self.is_there else None


PartPast = Past[PartFootprint, PartTrace]


class RevertiblePart(Revertible[SpecT, PartFootprint, PartTrace]):
    """Undoing for a kind whose resources own one part of a file each.

    Where nobody else changed the file since, it comes back byte for byte; else the part alone does.
    """

    footprint, trace = PartFootprint, PartTrace
    part_field: str
    """The field that holds the part."""

    @abstractmethod
    def part_in(self, text: str, names: tuple[str, ...]) -> str | None:
        """Return the part of a text, in a form that `with_part` takes; None where it is not there.

        Raises:
            InvalidError: the text cannot be read.
        """

    @abstractmethod
    def with_part(self, text: str, names: tuple[str, ...], part: str | None) -> str:
        """Return the text with another part, or without.

        Raises:
            InvalidError: the text cannot be read, or has no place for it.
        """

    def look(self, footprint: PartFootprint, host: ReadHost, *, keep: bool = False) -> PartTrace:
        """Return the part, and with `keep` the text around it."""
        stat = host.stat(footprint.path)
        if stat is None:
            return PartTrace(is_there=False, part=b"", missing=True if keep else None, whole=b"" if keep else None)
        if stat.kind != "file" or stat.size_bytes > MAX_EDITED_BYTES:
            raise BlockedError(
                f"expected a regular file of at most {MAX_EDITED_BYTES} bytes at {footprint.path}, found"
                f" {'a ' + stat.kind if stat.kind != 'file' else str(stat.size_bytes) + ' bytes'}"
            )
        content = host.read_bytes(footprint.path) or b""
        text = decoded(content)
        try:
            part = self.part_in(text, footprint.names)
        except InvalidError as error:
            raise BlockedError(f"{footprint.path}: {error}") from error
        return PartTrace(
            is_there=part is not None,
            part=encoded(part or ""),
            missing=False if keep else None,
            whole=content if keep and len(content) <= MAX_WHOLE_BYTES else None,
            text=text,
        )

    def undo(self, pasts: Sequence[PartPast]) -> Iterator[Op]:
        """Yield each file anew: as it was, or with its former part."""
        for past in pasts:
            footprint, before, now = past
            if now.text is None:
                if before.missing:
                    continue
                raise BlockedError(f"expected the file {footprint.path} to bring its former part back, found none")
            try:
                text = self._undone(past, now.text)
            except InvalidError as error:
                raise BlockedError(f"{footprint.path}: {error}") from error
            if before.missing and text.strip() in _NOTHING:
                yield RemoveFile(path=footprint.path)
            elif text != now.text:
                yield WriteFile(path=footprint.path, content=encoded(text), changes=(self.part_field,))

    def _undone(self, past: PartPast, text: str) -> str:
        footprint, before, now = past
        if before.whole is not None:
            former = decoded(before.whole)
            try:
                if self.with_part(former, footprint.names, now.value) == text:
                    return former
            except InvalidError:
                pass  # then somebody else changed the file too
        return self.with_part(text, footprint.names, before.value)
