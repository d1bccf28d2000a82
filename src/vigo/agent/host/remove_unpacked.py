"""The executor of `RemoveUnpacked`."""

import errno
import os

from vigo.agent.host.entry import entry_at
from vigo.agent.host.faults import ABSENT
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.remove_directory import require_no_mounts
from vigo.agent.host.root import Place
from vigo.agent.host.unpack_archive import TREE
from vigo.agent.host.unpacked_tree import opened_folder, read_record, remove_entry, remove_recorded
from vigo.catalog.formats.archive_record import RECORD
from vigo.catalog.ops.unpack_archive import RemoveUnpacked
from vigo.core.errors import UnavailableError


def remove_unpacked(op: RemoveUnpacked, host: RealHost) -> None:
    """Remove what the folder's record names, then the record: a run that was killed is ended by the next.

    Raises:
        InvalidError: the record is damaged.
        OSError: the kernel refuses; what was removed before that is gone.
        UnavailableError: there is no folder with a record, others may have written it, or something is mounted there.
    """
    with host.root.place_to_change(op.path) as place:
        with entry_at(place) as entry:
            if entry is None or entry.kind != "directory" or place.name == ".":
                raise UnavailableError("expected a folder into which an archive was unpacked, found none")
            require_no_mounts(entry)
        with opened_folder(place) as folder:
            record = read_record(folder)
            if record is None:
                raise UnavailableError(f"expected {RECORD} in the folder, found none; nothing is known to remove")
            remove_entry(Place(folder, TREE))
            remove_recorded(folder, record.files, record.directories)
            os.unlink(RECORD, dir_fd=folder)
        if record.made:
            try:
                os.rmdir(place.name, dir_fd=place.directory)
            except OSError as error:
                if error.errno not in (*ABSENT, errno.ENOTEMPTY, errno.EEXIST):
                    raise
