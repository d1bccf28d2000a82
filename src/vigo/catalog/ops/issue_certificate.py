"""The operation that makes a certificate, and a private key for it where one is due."""

from datetime import datetime

from vigo.catalog.formats.self_signed import KeyType
from vigo.catalog.ops.base import Op


class IssueCertificate(Op, frozen=True, kw_only=True):
    """Put a self-signed certificate for these names in its place, the first of them the common name.

    With `key_type` a new private key is made and takes its place right before the certificate does; else the one at
    `key_path` is used and left as it is. No key is ever part of the operation.
    """

    path: str
    key_path: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime
    key_type: KeyType | None = None
    key_mode: int = 0o600
    uid: int | None = None
    gid: int | None = None
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `issue certificate PATH`, and whether that is with a new key."""
        return f"issue certificate {self.path}" + (f" with a new key {self.key_path}" if self.key_type else "")

    def paths(self) -> tuple[str, ...]:
        """Return the path, and that of the key where it is replaced."""
        return (self.path, self.key_path) if self.key_type else (self.path,)

    def described(self) -> str:
        """Return the names and the last day."""
        return f"{self.path}: {', '.join(self.names)} until {self.ends.date()}\n"
