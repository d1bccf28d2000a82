"""The executor of `RemoveCheckout`."""

import os

from vigo.agent.host.entry import entry_at
from vigo.agent.host.git_checkout import require_nothing_to_lose
from vigo.agent.host.git_program import GitProgram
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.remove_directory import require_no_mounts
from vigo.agent.host.replacement import sync_directory
from vigo.agent.host.root import Place
from vigo.agent.host.unpacked_tree import remove_entry
from vigo.catalog.ops.git_checkout import RemoveCheckout, name_of_removal
from vigo.core.errors import UnavailableError


def remove_checkout(op: RemoveCheckout, host: RealHost) -> None:
    """Move the checkout aside, so that it is gone at once, and then remove it; after a kill the next run goes on.

    Raises:
        BlockedError: there is no git or no such user.
        InvalidError: it has local changes, files that git does not know, or commits that the remote has not.
        OSError: the kernel refuses.
        TimedOutError: git took too long.
        UnavailableError: another file system is mounted in it, or something else is at the path.
    """
    with host.root.place_to_change(op.path) as place:
        aside = removal_of(place)
        with entry_at(place) as entry:
            if entry is None:
                remove_entry(aside)
                return
            if entry.kind != "directory" or place.name == ".":
                raise UnavailableError("expected a checkout to remove, found something else; nothing was removed")
            require_no_mounts(entry)
            if not op.force:
                path = os.readlink(entry.handle)  # noqa: PTH115 - a handle
                require_nothing_to_lose(GitProgram(host, path, user=op.user, within=op.timeout))
        remove_entry(aside)
        os.rename(place.name, aside.name, src_dir_fd=place.directory, dst_dir_fd=place.directory)
        sync_directory(place)
        remove_entry(aside)


def removal_of(place: Place) -> Place:
    """Return where a checkout is while it is being removed."""
    return Place(place.directory, name_of_removal(f"/{place.name}").rpartition("/")[2])
