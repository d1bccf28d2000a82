"""The executor of `RemoveFile`."""

import os

from vigo.agent.host.entry import entry_at
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops import RemoveFile
from vigo.core.errors import UnavailableError


def remove_file(op: RemoveFile, host: RealHost) -> None:
    """Remove a file, symlink or socket; no directory.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: nothing or a directory is there.
    """
    with host.root.place_to_change(op.path) as place:
        with entry_at(place) as entry:
            if entry is None or entry.kind == "directory":
                found = "nothing" if entry is None else "a directory"
                raise UnavailableError(f"expected a file to remove, found {found}")
        os.unlink(place.name, dir_fd=place.directory)
