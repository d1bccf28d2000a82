"""The operations that unpack an archive, and take away what one brought."""

from datetime import timedelta

from vigo.catalog.formats.download_urls import host_of, is_url
from vigo.catalog.ops.base import Op

LONGEST_UNPACKING = timedelta(minutes=30)


class UnpackArchive(Op, frozen=True, kw_only=True):
    """Bring what is in an archive into the folder `path`, if the archive's SHA-256 is the known one.

    `source` is a path on the host or a URL. The folder is made where it is missing, and then appears with all that is
    in it at once. What an earlier archive brought and this one has not goes; files that no archive brought are never
    replaced. `strip` leading names of each member are left out. Everything belongs to `uid` and `gid`, or to the agent.
    """

    path: str
    source: str
    sha256: str
    strip: int = 0
    uid: int | None = None
    gid: int | None = None
    timeout: timedelta = LONGEST_UNPACKING
    changes: tuple[str, ...] = ("sha256",)

    def summary(self) -> str:
        """Return `unpack SOURCE into PATH`, of a URL its host: what stands behind that may be secret."""
        source = f"an archive from {host_of(self.source)}" if is_url(self.source) else self.source
        return f"unpack {source} into {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the folder."""
        return (self.path,)

    def takes_away(self) -> bool:
        """Return that what is beneath the folder may go or be replaced."""
        return True


class RemoveUnpacked(Op, frozen=True, kw_only=True):
    """Remove what archives brought into the folder `path`, and it itself where it was made for them and is empty."""

    path: str
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `remove what was unpacked into PATH`."""
        return f"remove what was unpacked into {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the folder."""
        return (self.path,)

    def takes_away(self) -> bool:
        """Return that what is beneath the folder goes."""
        return True
