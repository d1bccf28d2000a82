"""What the operations have in common that put a certificate, and where it is due its key, in their places."""

from vigo.catalog.formats.self_signed import KeyType
from vigo.catalog.ops.base import Op


class KeyPairOp(Op, frozen=True, kw_only=True):
    """Put a certificate for these names in its place, the first of them the common name.

    With `key_type` a new private key is made and takes its place right before the certificate does; else the one at
    `key_path` is used and left as it is. No key is ever part of the operation.
    """

    path: str
    key_path: str
    names: tuple[str, ...]
    key_type: KeyType | None = None
    key_mode: int = 0o600
    uid: int | None = None
    gid: int | None = None
    changes: tuple[str, ...] = ("state",)

    def with_key(self) -> str:
        """Return what a summary says of a new key, an empty text where there is none."""
        return f" with a new key {self.key_path}" if self.key_type else ""

    def paths(self) -> tuple[str, ...]:
        """Return the path, and that of the key where it is replaced."""
        return (self.path, self.key_path) if self.key_type else (self.path,)
