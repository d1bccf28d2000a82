"""The executor of `SetOwner`."""

from vigo.agent.host.entry import change_owner, entry_to_change
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops import SetOwner


def set_owner(op: SetOwner, host: RealHost) -> None:
    """Set the owner, the group, or both, of what is at the path itself, be it a symlink.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: nothing is there, or the agent may not give it away.
    """
    with host.root.place_to_change(op.path) as place, entry_to_change(place) as entry:
        change_owner(entry.handle, op.uid, op.gid)
