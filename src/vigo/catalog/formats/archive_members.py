"""Which members of an archive may be unpacked, and where each goes: no name leads out of the folder. Pure.

A member is looked at by its name and its target alone, so that what an archive may do does not depend on what
happens to be in the folder. Nothing lies beneath a symlink, and a symlink's target has `..` only in front: so each
target is resolved from a real directory of the archive, one step after the other, and never leaves it.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError, TooLargeError

MemberKind = Literal["file", "directory", "symlink", "hard link"]

MAX_MEMBERS = 100_000
MAX_NAMES_BYTES = 16 * 1024 * 1024
"""All names together; they are kept in the record."""

MAX_PATH_BYTES = 2048
MAX_DEPTH = 100
RESERVED = ".vigo-"
"""How no name directly in the folder may begin: Vigo's own files there do."""

_MAX_NAME_BYTES = 255
_MAX_TARGET_BYTES = 4095
_FILE_MODE, _DIRECTORY_MODE = 0o644, 0o755


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One entry to unpack. `path` and a hard link's `to` are relative to the folder; a symlink's `to` is its target.

    `parents` are the directories on its way that no earlier member had; they come first.
    """

    path: str
    kind: MemberKind
    mode: int
    to: str = ""
    parents: tuple[str, ...] = ()


class Members:
    """The members of one archive, accepted one after the other. `strip` leading names of each are left out."""

    def __init__(self, strip: int = 0) -> None:
        self._strip = strip
        self._names_bytes = 0
        self._kinds: dict[str, MemberKind] = {}

    @property
    def files(self) -> tuple[str, ...]:
        """All that is no directory."""
        return tuple(path for path, kind in self._kinds.items() if kind != "directory")

    @property
    def directories(self) -> tuple[str, ...]:
        """The directories, each behind the one that it is in."""
        return tuple(path for path, kind in self._kinds.items() if kind == "directory")

    def accept(self, name: str, kind: MemberKind, mode: int | None = None, to: str = "") -> Member | None:
        """Return where a member goes; None where `strip` leaves nothing of it, or it is there already.

        Its mode has no set-user-id, set-group-id and sticky bit, and lets neither the group nor others write.

        Raises:
            InvalidError: it may not be unpacked.
            TooLargeError: there are too many.
        """
        parts = _parts(name)[self._strip :]
        if not parts:
            return None
        path = "/".join(parts)
        if parts[0].startswith(RESERVED):
            raise _refused(name, f"expected no name that begins with {RESERVED}, which is kept for Vigo itself")
        parents = self._make_parents(name, parts)
        known = self._kinds.get(path)
        if known == kind == "directory":
            return None
        if known is not None:
            raise _refused(name, f"expected each name once, found a second one beside a {known}")
        if kind == "symlink":
            _check_target(name, to, depth=len(parts) - 1)
        elif kind == "hard link":
            to = "/".join(_parts(to)[self._strip :])
            if self._kinds.get(to) not in ("file", "hard link"):
                raise _refused(
                    name, "expected a hard link to an earlier file of the archive, found one to something else"
                )
        self._add(path, kind)
        return Member(path=path, kind=kind, mode=_safe_mode(kind, mode), to=to, parents=parents)

    def _make_parents(self, name: str, parts: Sequence[str]) -> tuple[str, ...]:
        made = []
        for count in range(1, len(parts)):
            parent = "/".join(parts[:count])
            known = self._kinds.get(parent)
            if known is None:
                self._add(parent, "directory")
                made.append(parent)
            elif known != "directory":
                raise _refused(name, f"expected a directory on its way, found that the archive has a {known} there")
        return tuple(made)

    def _add(self, path: str, kind: MemberKind) -> None:
        self._kinds[path] = kind
        self._names_bytes += len(path.encode())
        if len(self._kinds) > MAX_MEMBERS or self._names_bytes > MAX_NAMES_BYTES:
            raise TooLargeError(
                f"expected an archive of at most {MAX_MEMBERS} members with {MAX_NAMES_BYTES} bytes of names, found"
                " more; split it"
            )


def _parts(name: str) -> list[str]:
    if name.startswith("/"):
        raise _refused(name, "expected a name relative to the folder, found an absolute one")
    if any(ord(one) < ord(" ") or "\x7f" <= one <= "\x9f" or "\ud800" <= one <= "\udfff" for one in name):
        raise _refused(name, "expected a name in UTF-8 without control characters")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise _refused(name, "expected a name that stays in the folder, found `..` in it")
    is_long = len(name.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > _MAX_NAME_BYTES for part in parts)
    if is_long or len(parts) > MAX_DEPTH:
        raise _refused(
            name, f"expected at most {MAX_PATH_BYTES} bytes and {MAX_DEPTH} names of {_MAX_NAME_BYTES} bytes each"
        )
    return parts


def _check_target(name: str, to: str, *, depth: int) -> None:
    if not to or to.startswith("/") or "\0" in to or "\ud800" <= max(to) <= "\udfff":
        raise _refused(name, f"expected a symlink relative to where it is, found one to {shown(to)}")
    if len(to.encode(errors="replace")) > _MAX_TARGET_BYTES:
        raise _refused(name, f"expected a symlink's target of at most {_MAX_TARGET_BYTES} bytes")
    parts = [part for part in to.split("/") if part not in ("", ".")]
    ups = next((count for count, part in enumerate(parts) if part != ".."), len(parts))
    if ups > depth or ".." in parts[ups:]:
        raise _refused(name, f"expected a symlink that stays in the folder, found one to {shown(to)}")


def _safe_mode(kind: MemberKind, mode: int | None) -> int:
    if kind == "directory":
        return _DIRECTORY_MODE if mode is None else mode & 0o755 | 0o700
    if mode is None:
        return _FILE_MODE
    return (mode & 0o755 if mode & 0o100 else mode & 0o644) | 0o600


def _refused(name: str, reason: str) -> InvalidError:
    return InvalidError(
        f"the archive's member {shown(name)} is refused: {reason}; nothing was unpacked: use another archive"
    )
