"""The operation that has the service CA of Vigo's server sign a certificate."""

from vigo.catalog.ops.key_pair import KeyPairOp


class RequestCertificate(KeyPairOp, frozen=True, kw_only=True):
    """The certificate and that of the CA behind it, signed by Vigo's service CA for so many days.

    The server signs names that the policy of this machine has in plain words, and the machine's own.
    """

    days: int

    def summary(self) -> str:
        """Return `request certificate PATH`, and whether that is with a new key."""
        return f"request certificate {self.path}{self.with_key()}"

    def described(self) -> str:
        """Return the names and for how long."""
        return f"{self.path}: {', '.join(self.names)} for {self.days} days\n"
