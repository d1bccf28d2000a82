"""The operation that fetches the key of a package repository."""

from typing import Literal

from vigo.catalog.ops.base import Op

KeyForm = Literal["binary", "armour", "as it is"]


class FetchKey(Op, frozen=True, kw_only=True):
    """Fetch a public key and write it to `path`, readable for all, if it is the one whose fingerprint is known.

    Each of the keys in it must have one of the `fingerprints`: OpenPGP keys their own, or what is kept `as it is` the
    SHA-256 of the whole file. Otherwise nothing is written.
    """

    url: str
    path: str
    fingerprints: tuple[str, ...]
    form: KeyForm = "binary"
    changes: tuple[str, ...] = ("key_url",)

    def summary(self) -> str:
        """Return `fetch the key PATH from HOST`; what stands behind the host in a URL may be secret."""
        host = self.url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        return f"fetch the key {self.path} from {host}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)
