"""The executor of `CloneRepository`."""

import os
import stat

from vigo.agent.host.account import account_of
from vigo.agent.host.entry import Entry, change_mode, change_owner, entry_at
from vigo.agent.host.files import called
from vigo.agent.host.git_checkout import fetch, start, switch
from vigo.agent.host.git_program import GitProgram
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.remove_checkout import removal_of
from vigo.agent.host.replacement import sync_directory, temporary_name
from vigo.agent.host.root import Place
from vigo.agent.host.unpacked_tree import new_folder, remove_entry, sync_file_system
from vigo.catalog.ops.git_checkout import CloneRepository
from vigo.core.errors import UnavailableError

_FOLDER_MODE = 0o755


def clone_repository(op: CloneRepository, host: RealHost) -> None:
    """Clone beside the place, and give the whole checkout its place by one rename.

    An empty folder there hands its group and mode on. What a killed clone or removal left beside goes first.

    Raises:
        BlockedError: there is no git or no such user, or the remote cannot be reached or lets nobody in.
        InvalidError: the remote has no such revision.
        OSError: the kernel refuses a step, say since the disk is full.
        TimedOutError: it took too long.
        UnavailableError: something is at the path, or git failed for another reason.
    """
    account = account_of(op.user)
    with host.root.place_to_change(op.path) as place, entry_at(place) as old:
        _require_free(place, old)
        remove_entry(removal_of(place))
        beside = Place(place.directory, temporary_name(place.name))
        with new_folder(beside) as folder:
            if account.uid != os.geteuid():
                change_owner(folder, account.uid, account.gid)
            git = GitProgram(host, _path_of(folder), user=op.user, within=op.timeout, repo=op.repo)
            start(git, op.repo, op.revision)
            switch(git, fetch(git, op.repo, op.revision, op.depth), force=True)
            _settle(folder, old)
            sync_file_system(folder)
            os.rename(beside.name, place.name, src_dir_fd=place.directory, dst_dir_fd=place.directory)
            sync_directory(place)


def _require_free(place: Place, old: Entry | None) -> None:
    """Accept a place where nothing is, or an empty folder.

    Raises:
        UnavailableError: something is.
    """
    if place.name == ".":
        raise UnavailableError("expected a folder below the root, found the root itself; nothing is cloned there")
    if old is None:
        return
    found = called(old.kind)
    if old.kind == "directory":
        found = "a folder with files" if os.listdir(old.handle) else ""  # noqa: PTH208 - a handle
    if found:
        raise UnavailableError(f"expected nothing or an empty folder, found {found}; it is not replaced")


def _settle(folder: int, old: Entry | None) -> None:
    """Give the new folder the mode, and the group, of the empty one that it replaces."""
    if old is not None and os.fstat(folder).st_gid != old.stat.st_gid:
        change_owner(folder, None, old.stat.st_gid)
    change_mode(folder, _FOLDER_MODE if old is None else stat.S_IMODE(old.stat.st_mode))


def _path_of(folder: int) -> str:
    return os.readlink(f"/proc/self/fd/{folder}")  # noqa: PTH115 - of a descriptor
