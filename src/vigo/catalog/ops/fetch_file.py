"""The operation that downloads a file."""

from datetime import timedelta

from vigo.catalog.formats.download_urls import host_of
from vigo.catalog.ops.base import Op

LONGEST_FETCH = timedelta(minutes=30)


class FetchFile(Op, frozen=True, kw_only=True):
    """Download a file and give it the place of `path` if its SHA-256 is the known one; else nothing is written.

    Until then only the agent can read it. `mode`, `uid`, `gid` of None keep what is there, or 0o644 and the agent's own
    for a new file.
    """

    url: str
    path: str
    sha256: str
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    timeout: timedelta = LONGEST_FETCH
    changes: tuple[str, ...] = ("sha256",)

    def summary(self) -> str:
        """Return `download PATH from HOST`; what stands behind the host in a URL may be secret."""
        return f"download {self.path} from {host_of(self.url)}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)
