"""The executor of `MakeHardLink`."""

import os

from vigo.agent.host.entry import entry_at
from vigo.agent.host.files import called
from vigo.agent.host.make_symlink import require_no_directory
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import replacing, take_place
from vigo.catalog.ops import MakeHardLink
from vigo.core.errors import UnavailableError


def make_hard_link(op: MakeHardLink, host: RealHost) -> None:
    """Create a second name of a regular file, replacing at once what is no directory.

    Raises:
        OSError: the kernel refuses, say since the other path is on another file system.
        UnavailableError: there is no regular file at the other path, or a directory at this one.
    """
    with (
        host.root.place_to_change(op.path) as place,
        host.root.place_to_change(op.to) as source,
        entry_at(source) as file,
    ):
        if file is None or file.kind != "file":
            found = "nothing" if file is None else called(file.kind)
            raise UnavailableError(f"{op.to}: expected a regular file, found {found}; make it first")
        require_no_directory(place)
        with replacing(place) as temporary:
            os.link(file.handle, temporary, dst_dir_fd=place.directory, follow_symlinks=True)
            take_place(place, temporary)
