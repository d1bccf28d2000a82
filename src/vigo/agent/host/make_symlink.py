"""The executor of `MakeSymlink`."""

import os

from vigo.agent.host.entry import change_owner, entry_at
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import replacing, take_place
from vigo.agent.host.root import Place
from vigo.catalog.ops import MakeSymlink
from vigo.core.errors import UnavailableError


def make_symlink(op: MakeSymlink, host: RealHost) -> None:
    """Create a symlink, replacing at once what is no directory.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: a directory is there, or the symlink cannot be given its owner.
    """
    with host.root.place_to_change(op.path) as place:
        require_no_directory(place)
        with replacing(place) as temporary:
            os.symlink(op.to, temporary, dir_fd=place.directory)
            if op.uid is not None or op.gid is not None:
                _give_away(op, Place(place.directory, temporary))
            take_place(place, temporary)


def require_no_directory(place: Place) -> None:
    """Accept a place that a link may take.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: a directory is there.
    """
    with entry_at(place) as old:
        if old is not None and old.kind == "directory":
            raise UnavailableError("expected no directory, found one; it is never replaced")


def _give_away(op: MakeSymlink, place: Place) -> None:
    with entry_at(place) as link:
        if link is None or link.kind != "symlink":
            raise UnavailableError("expected the new symlink to be left alone, found that somebody replaced it")
        change_owner(link.handle, op.uid, op.gid)
