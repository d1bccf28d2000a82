"""Who this machine is: its keys, its certificate, and whom it trusts, in a folder of private files."""

from datetime import datetime
from pathlib import Path

import msgspec

from vigo.agent.identity.files import make_private_folder, sync_folder, write_private
from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import DamagedError, NotEnrolledError, UnavailableError
from vigo.core.ids import EnvoyId, ServerId
from vigo.core.signing import SigningKey, VerifyKey
from vigo.core.trust import Trust

FOLDER = "identity"
PENDING = "identity.pending"
_RECORD, _SIGNING_KEY, _TLS_KEY, _TLS, _CA = "identity.json", "signing.key", "tls.key", "tls.pem", "ca.pem"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What enrolment yielded, less the keys. `root` is the folder that stands for the host's file system, if any."""

    envoy: EnvoyId
    hostname: str
    server_url: str
    server: ServerId
    ca_sha256: str
    grpc_addresses: tuple[str, ...]
    policy_keys: tuple[str, ...]
    interval_seconds: int
    enrolled_at: datetime
    certificate_expires_at: datetime
    certificate_renew_at: datetime
    root: str | None = None
    trust_version: int = 0
    """The document that says whom to trust; `policy_keys` and the CAs beside this record are those of it."""

    def verify_keys(self) -> tuple[VerifyKey, ...]:
        """Return the keys of which one signed every genuine bundle."""
        return tuple(VerifyKey(bytes.fromhex(key)) for key in self.policy_keys)


class IdentityFolder:
    """The identity in a state folder. It is there as a whole or not at all."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self._folder = state_dir / FOLDER
        self._pending = state_dir / PENDING

    @property
    def tls_path(self) -> Path:
        """Certificate and key in one file, so that both are always of one renewal."""
        return self._folder / _TLS

    @property
    def ca_path(self) -> Path:
        """The CAs that servers are trusted by: one, or two while one takes the place of the other."""
        return self._folder / _CA

    def load(self) -> Identity:
        """Return the identity.

        Raises:
            NotEnrolledError: there is none.
            DamagedError: its record cannot be read.
            UnavailableError: this user may not read it.
        """
        try:
            self._finish()
            content = (self._folder / _RECORD).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotEnrolledError(
                f"expected an enrolled machine, found no identity in {self.state_dir}; make a token with"
                " `vigocli tokens create` and run `vigo enroll --server URL --token TOKEN --ca-sha256 FINGERPRINT"
                f" --state-dir {self.state_dir}`"
            ) from error
        except OSError as error:
            raise UnavailableError(
                f"{self._folder}: cannot be read: {error.strerror}; run as the user that enrolled, usually root"
            ) from error
        try:
            return msgspec.json.decode(content, type=Identity)
        except NOT_DECODED as error:
            raise DamagedError(
                f"{self._folder / _RECORD}: expected the record of an enrolment, found something else ({error});"
                " enrol anew with --force"
            ) from error

    def ca_pem(self) -> str:
        """Return the certificates of the CAs.

        Raises:
            DamagedError: it cannot be read.
        """
        try:
            return self.ca_path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedError(f"{self.ca_path}: cannot be read: {error}; enrol anew with --force") from error

    def signing_key(self) -> SigningKey:
        """Return the key that signs requests.

        Raises:
            DamagedError: it cannot be used.
        """
        try:
            return SigningKey.load(self._folder / _SIGNING_KEY)
        except DamagedError as error:
            raise DamagedError(f"{error}; enrol anew with --force") from error
        except OSError as error:
            raise DamagedError(
                f"{self._folder / _SIGNING_KEY}: cannot be read: {error.strerror}; enrol anew with --force"
            ) from error

    def pending_keys(self) -> tuple[SigningKey, bytes]:
        """Return the keys of the enrolment under way; one that was interrupted goes on with the same keys."""
        make_private_folder(self.state_dir)
        make_private_folder(self._pending)
        signing_path, tls_path = self._pending / _SIGNING_KEY, self._pending / _TLS_KEY
        if not signing_path.exists():
            write_private(signing_path, SigningKey.generate().to_hex().encode() + b"\n")
        if not tls_path.exists():
            from vigo.agent.identity.tls import new_key  # noqa: PLC0415 - imports cryptography, for enrolment alone

            write_private(tls_path, new_key())
        return SigningKey.load(signing_path), tls_path.read_bytes()

    def complete(self, identity: Identity, certificate_pem: str, ca_pem: str) -> Path | None:
        """Make the pending enrolment the machine's identity; return where a former one was moved, if there was one."""
        write_private(self._pending / _TLS, certificate_pem.encode() + (self._pending / _TLS_KEY).read_bytes())
        write_private(self._pending / _CA, ca_pem.encode())
        write_private(self._pending / _RECORD, _encoded(identity))
        (self._pending / _TLS_KEY).unlink()
        former = None
        if self._folder.exists():
            former = self._former_path()
            self._folder.rename(former)
        self._finish()
        return former

    def replace_certificate(self, identity: Identity, certificate_pem: str, key_pem: bytes) -> None:
        """Store a renewed certificate with its key, then the record that says when to renew it."""
        write_private(self.tls_path, certificate_pem.encode() + key_pem)
        write_private(self._folder / _RECORD, _encoded(identity))

    def trust(self, identity: Identity) -> Trust:
        """Return whom this machine trusts now.

        Raises:
            DamagedError: the CA cannot be read.
        """
        return Trust(
            version=identity.trust_version,
            issued_at=identity.enrolled_at,
            ca_pem=self.ca_pem(),
            policy_keys=identity.policy_keys,
        )

    def keep_trust(self, identity: Identity, trust: Trust, now: datetime) -> Identity:
        """Store whom to trust from now on; return the identity that says so.

        Killed between the two files, it is told of the document again. A certificate of a CA that is not trusted any
        more is as good as one that has ended.
        """
        from vigo.agent.identity import tls  # noqa: PLC0415 - imports cryptography, for changes of trust alone

        write_private(self.ca_path, trust.ca_pem.encode())
        is_certified = tls.is_issued_by(self.tls_path.read_bytes(), trust.ca_pem)
        changed = msgspec.structs.replace(identity, policy_keys=trust.policy_keys, trust_version=trust.version)
        if not is_certified:
            changed = msgspec.structs.replace(changed, certificate_expires_at=min(now, identity.certificate_expires_at))
        write_private(self._folder / _RECORD, _encoded(changed))
        return changed

    def _finish(self) -> None:
        """Take the last step of an enrolment, also of one that was killed before it."""
        if not self._folder.exists() and (self._pending / _RECORD).exists():
            self._pending.rename(self._folder)
            sync_folder(self.state_dir)

    def _former_path(self) -> Path:
        number = 1
        while (path := self.state_dir / f"{FOLDER}.replaced-{number}").exists():
            number += 1
        return path


def _encoded(identity: Identity) -> bytes:
    return msgspec.json.format(msgspec.json.encode(identity), indent=2) + b"\n"
