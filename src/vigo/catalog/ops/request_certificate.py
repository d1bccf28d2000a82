"""The operation that has the service CA of Vigo's server sign a certificate."""

from vigo.catalog.formats.self_signed import KeyType
from vigo.catalog.ops.base import Op


class RequestCertificate(Op, frozen=True, kw_only=True):
    """Put a certificate for these names, and that of the CA behind it, in their place, signed by Vigo's service CA.

    The server signs names that the policy of this machine has in plain words, and the machine's own. `key_type` as for
    `IssueCertificate`.
    """

    path: str
    key_path: str
    names: tuple[str, ...]
    days: int
    key_type: KeyType | None = None
    key_mode: int = 0o600
    uid: int | None = None
    gid: int | None = None
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `request certificate PATH`, and whether that is with a new key."""
        return f"request certificate {self.path}" + (f" with a new key {self.key_path}" if self.key_type else "")

    def paths(self) -> tuple[str, ...]:
        """Return the path, and that of the key where it is replaced."""
        return (self.path, self.key_path) if self.key_type else (self.path,)

    def described(self) -> str:
        """Return the names and for how long."""
        return f"{self.path}: {', '.join(self.names)} for {self.days} days\n"
