"""The operation that makes a certificate, and a private key for it where one is due."""

from datetime import datetime

from vigo.catalog.ops.key_pair import KeyPairOp


class IssueCertificate(KeyPairOp, frozen=True, kw_only=True):
    """A self-signed certificate."""

    begins: datetime
    ends: datetime

    def summary(self) -> str:
        """Return `issue certificate PATH`, and whether that is with a new key."""
        return f"issue certificate {self.path}{self.with_key()}"

    def described(self) -> str:
        """Return the names and the last day."""
        return f"{self.path}: {', '.join(self.names)} until {self.ends.date()}\n"
