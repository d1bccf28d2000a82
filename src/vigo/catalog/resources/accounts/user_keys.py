"""The keys that may log in as a user: `~/.ssh/authorized_keys`, see sshd(8)."""

from collections.abc import Iterator

from vigo.catalog.formats.accounts import PasswdEntry
from vigo.catalog.ops import MakeDirectory, Op, WriteFile
from vigo.catalog.resources.accounts.user_spec import UserSpec
from vigo.catalog.resources.accounts.user_state import UserState
from vigo.catalog.resources.files.attributes import Attributes
from vigo.core.errors import BlockedError, InvalidError

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_CHANGES = ("authorized_keys",)


def key_changes(spec: UserSpec, state: UserState, entry: PasswdEntry) -> Iterator[Op]:
    """Yield what brings the user's key file, its owner and mode into state.

    Raises:
        BlockedError: there is no home directory to hold it.
        InvalidError: something else than a directory and a file is in its place.
    """
    if spec.authorized_keys is None or state.keys is None:
        return
    if state.home is None and not spec.manage_home:
        raise BlockedError(
            f"authorized_keys: expected the home {entry.home}, found none; set manage_home: true or add a directory"
            " resource for it"
        )
    folder, path = f"{entry.home}/.ssh", f"{entry.home}/.ssh/authorized_keys"
    for place, stat, kind in ((folder, state.keys.folder, "directory"), (path, state.keys.stat, "file")):
        if stat is not None and stat.kind != kind:
            raise InvalidError(
                f"authorized_keys: expected a {kind} at {place}, found a {stat.kind}; it is not followed: remove it"
            )
    uid, gid = (entry.uid, entry.gid) if state.can_chown else (None, None)
    if state.keys.folder is None:
        yield MakeDirectory(path=folder, mode=_FOLDER_MODE, uid=uid, gid=gid, changes=_CHANGES)
    text = "".join(f"{line}\n" for line in spec.authorized_keys)
    if state.keys.stat is None or state.keys.text != text:
        yield WriteFile(path=path, content=text.encode(), mode=_FILE_MODE, uid=uid, gid=gid, changes=_CHANGES)
        return
    if Attributes(_FILE_MODE, uid, gid).drift(state.keys.stat):
        yield WriteFile(path=path, content=text.encode(), mode=_FILE_MODE, uid=uid, gid=gid, changes=_CHANGES)
