"""Operations that mount and unmount.

They run mount(8) and umount(8), and tell which path they change, so that nothing is mounted over what is Vigo's own.
"""

from vigo.catalog.ops.programs import Run


class MountPath(Run, frozen=True, kw_only=True):
    """Mount what /etc/fstab has for a path, or give what is mounted there other options."""

    path: str
    is_remount: bool = False

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)

    def takes_away(self) -> bool:
        """Return that what was at the path is hidden, unless it is there already."""
        return not self.is_remount


class UnmountPath(Run, frozen=True, kw_only=True):
    """Unmount what is mounted last at a path; what is in use stays."""

    path: str

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)

    def takes_away(self) -> bool:
        """Return that what is at the path goes."""
        return True
