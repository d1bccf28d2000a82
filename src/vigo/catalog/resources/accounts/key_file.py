"""The file of keys that may log in as a user: `~/.ssh/authorized_keys`, see sshd(8).

The user owns it and its folder and may have put anything there: nothing is followed.
"""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.formats.accounts import PasswdEntry
from vigo.catalog.ops import MakeDirectory, Op, WriteFile
from vigo.catalog.resources.files.attributes import Attributes
from vigo.core.errors import InvalidError

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a home: the `.ssh` folder, and the file of keys with its text, None where there is none."""

    folder: FileStat | None = None
    stat: FileStat | None = None
    text: str | None = None


def read_key_file(host: ReadHost, home: str) -> KeyFile:
    """Return the file of keys in a home; bytes that are no UTF-8 stand in its text as surrogates."""
    place = home.rstrip("/")
    folder, path = host.stat(f"{place}/.ssh"), f"{place}/.ssh/authorized_keys"
    if folder is None or folder.kind != "directory":
        return KeyFile(folder=folder)
    stat = host.stat(path)
    content = host.read_bytes(path) if stat is not None and stat.kind == "file" else None
    return KeyFile(folder=folder, stat=stat, text=None if content is None else content.decode(errors="surrogateescape"))


def owners_are_kept(host: ReadHost) -> bool:
    """Return whether files may belong to others; in an image that an ordinary user keeps, all are that user's."""
    top = host.stat("/") if host.is_image() else None
    return top is None or top.uid == 0


def require_place(field: str, home: str, keys: KeyFile) -> None:
    """Accept a folder and a file, or nothing yet.

    Raises:
        InvalidError: something else is in the place of one of them.
    """
    folder = f"{home.rstrip('/')}/.ssh"
    for place, stat, kind in ((folder, keys.folder, "directory"), (f"{folder}/authorized_keys", keys.stat, "file")):
        if stat is not None and stat.kind != kind:
            raise InvalidError(
                f"{field}: expected a {kind} at {place}, found a {stat.kind}; it is not followed: remove it"
            )


def with_less(account: PasswdEntry, text: str, changes: tuple[str, ...]) -> WriteFile:
    """Return what takes keys out of the file and leaves its owner and mode as they are."""
    return WriteFile(path=_path(account), content=text.encode(errors="surrogateescape"), changes=changes)


def brought(
    account: PasswdEntry, keys: KeyFile, text: str, changes: tuple[str, ...], *, chown: bool = True
) -> Iterator[Op]:
    """Yield what gives the file this text, and makes it and its folder the user's alone, as far as `chown` allows."""
    uid, gid = (account.uid, account.gid) if chown else (None, None)
    if keys.folder is None:
        folder = _path(account).rpartition("/")[0]
        yield MakeDirectory(path=folder, mode=_FOLDER_MODE, uid=uid, gid=gid, changes=changes)
    if keys.stat is None or keys.text != text or Attributes(_FILE_MODE, uid, gid).drift(keys.stat):
        content = text.encode(errors="surrogateescape")
        yield WriteFile(path=_path(account), content=content, mode=_FILE_MODE, uid=uid, gid=gid, changes=changes)


def _path(account: PasswdEntry) -> str:
    return f"{account.home.rstrip('/')}/.ssh/authorized_keys"
