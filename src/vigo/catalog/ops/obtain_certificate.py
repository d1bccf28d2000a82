"""The operation that has an authority sign a certificate by ACME."""

from vigo.catalog.ops.key_pair import KeyPairOp

CHALLENGES = ".well-known/acme-challenge"
"""Where below a web server's folder the authority looks. Source: RFC 8555 section 8.3."""


class ObtainCertificate(KeyPairOp, frozen=True, kw_only=True):
    """A certificate and its chain, signed by the authority behind an ACME directory.

    That the machine has the names is shown by a file that its web server gives from below `webroot` (http-01); it goes
    again. `account_path` is the key of the account there; it is made where it is missing, and its folder is there, as
    is that of the challenges. `ca_path` is a file with the authorities that the directory's own certificate is checked
    by.
    """

    directory_url: str
    webroot: str
    account_path: str
    ca_path: str | None = None

    def summary(self) -> str:
        """Return `obtain certificate PATH from HOST`, and whether that is with a new key."""
        host = self.directory_url.partition("://")[2].partition("/")[0]
        return f"obtain certificate {self.path} from {host}{self.with_key()}"

    def paths(self) -> tuple[str, ...]:
        """Return every path that something is written to."""
        return (*super().paths(), self.account_path, f"{self.webroot.rstrip('/')}/{CHALLENGES}")

    def described(self) -> str:
        """Return the names."""
        return f"{self.path}: {', '.join(self.names)}\n"
