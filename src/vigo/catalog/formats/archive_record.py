"""The record of what an archive brought into a folder, kept in the folder itself. Pure: text in, values out."""

import re

import msgspec

from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import InvalidError

RECORD = ".vigo-archive"
"""Name of the record in the folder. Only the agent may write to it."""

_UNFINISHED = ""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class ArchiveRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was unpacked and how. Paths are relative to the folder; `directories` are those that it made.

    An empty `sha256` says that a change was begun and not ended: all that the paths name may be there or not. `made`
    says that the folder itself was made for the archive.
    """

    sha256: str
    strip: int = 0
    uid: int | None = None
    gid: int | None = None
    made: bool = False
    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the last change was ended."""
        return self.sha256 != _UNFINISHED

    def unfinished(self, former: "ArchiveRecord | None") -> "ArchiveRecord":
        """Return the record for the time in which this one takes the place of a former one."""
        files, directories = set(self.files), set(self.directories)
        if former is not None:
            files |= set(former.files)
            directories |= set(former.directories)
        return msgspec.structs.replace(
            self, sha256=_UNFINISHED, files=tuple(sorted(files)), directories=tuple(sorted(directories))
        )


def record_text(record: ArchiveRecord) -> bytes:
    """Return the record as its file holds it."""
    return msgspec.json.encode(record) + b"\n"


def parse_record(content: bytes) -> ArchiveRecord:
    """Return the record that a file holds.

    Raises:
        InvalidError: it holds none, or one with a path that leads out of the folder.
    """
    try:
        record = msgspec.json.decode(content, type=ArchiveRecord)
    except NOT_DECODED as error:
        raise InvalidError(f"expected Vigo's record of what was unpacked, found something else ({error})") from error
    if record.sha256 != _UNFINISHED and not _DIGEST.fullmatch(record.sha256):
        raise InvalidError("expected a SHA-256 in the record of what was unpacked, found something else")
    for path in (*record.files, *record.directories):
        if "\0" in path or any(part in ("", ".", "..", RECORD) for part in path.split("/")):
            raise InvalidError("expected paths inside of the folder in the record of what was unpacked, found others")
    return record
