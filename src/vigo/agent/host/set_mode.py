"""The executor of `SetMode`."""

from vigo.agent.host.entry import change_mode, entry_to_change
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops import SetMode
from vigo.core.errors import UnavailableError


def set_mode(op: SetMode, host: RealHost) -> None:
    """Set the permission bits of what is at the path itself.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: nothing or a symlink is there, or the bits do not stay.
    """
    with host.root.place_to_change(op.path) as place, entry_to_change(place) as entry:
        if entry.kind == "symlink":
            raise UnavailableError("a symlink has no mode of its own; name the path that it leads to")
        change_mode(entry.handle, op.mode)
