"""The executor of `MakeDirectory`."""

import os
from contextlib import suppress

from vigo.agent.host.entry import change_mode, change_owner, entry_at
from vigo.agent.host.files import called
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import sync_directory
from vigo.agent.host.root import Place
from vigo.catalog.ops import MakeDirectory
from vigo.core.errors import UnavailableError

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_directory(op: MakeDirectory, host: RealHost) -> None:
    """Create one directory, for the agent alone until it has its owner and mode.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: something is there, or the directory cannot be given its owner or mode.
    """
    with host.root.place_to_change(op.path) as place:
        with entry_at(place) as old:
            if old is not None:
                raise UnavailableError(f"expected nothing, found {called(old.kind)}; it is not replaced")
        os.mkdir(place.name, 0o700, dir_fd=place.directory)
        try:
            _give_away(op, place)
        except BaseException:
            with suppress(OSError):
                os.rmdir(place.name, dir_fd=place.directory)
            raise
        sync_directory(place)


def _give_away(op: MakeDirectory, place: Place) -> None:
    descriptor = os.open(place.name, _OPEN, dir_fd=place.directory)
    try:
        # Whoever owns the directory above can put another one here meanwhile; theirs would not be empty or not ours.
        is_ours = os.fstat(descriptor).st_uid == os.geteuid()
        if not is_ours or os.listdir(descriptor):  # noqa: PTH208 - of a descriptor
            raise UnavailableError("expected the new directory to be left alone, found that somebody replaced it")
        if op.uid is not None or op.gid is not None:
            change_owner(descriptor, op.uid, op.gid)
        change_mode(descriptor, op.mode)
    finally:
        os.close(descriptor)
