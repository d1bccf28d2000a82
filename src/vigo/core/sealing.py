"""Sealing to one reader: what travels inside TLS and must be readable to nobody who sees the inside of TLS.

Hybrid public key encryption in its base mode. Source: RFC 9180; the hybrid of ML-KEM-768 (FIPS 203) and X25519 is the
one that `cryptography` calls MLKEM768_X25519. Each reader makes its key for one request, which it signs or sends under
its name, and forgets it with the answer: what was recorded cannot be opened later with a key that was stolen.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.signing import framed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.hpke import Suite

X25519_BYTES: Final = 32
MLKEM768_BYTES: Final = 1184


class SealingKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The public keys of a reader. `mlkem768` is empty where it has no such key; then X25519 stands alone."""

    x25519: bytes
    mlkem768: bytes = b""

    @property
    def is_hybrid(self) -> bool:
        """Whether what is sealed to it holds against a quantum computer too."""
        return bool(self.mlkem768)


class Reader:
    """The private keys of one reader, for as long as it waits for an answer."""

    def __init__(self, *, hybrid: bool = True) -> None:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - only runs with secrets need it
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey  # noqa: PLC0415 - the same

        self._x25519 = X25519PrivateKey.generate()
        self._mlkem768 = _new_mlkem768() if hybrid else None
        raw = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.keys = SealingKeys(
            x25519=self._x25519.public_key().public_bytes(*raw),
            mlkem768=b"" if self._mlkem768 is None else self._mlkem768.public_key().public_bytes(*raw),
        )

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed to this reader in the same context.

        Raises:
            InvalidError: it was sealed to another reader or in another context, or is damaged.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only runs with secrets need it
        from cryptography.hazmat.primitives import hpke  # noqa: PLC0415 - the same

        key = self._x25519 if self._mlkem768 is None else hpke.MLKEM768X25519PrivateKey(self._mlkem768, self._x25519)
        try:
            return _suite(hybrid=self._mlkem768 is not None).decrypt(sealed, key, context)
        except (InvalidTag, ValueError) as error:
            raise InvalidError(
                "expected an answer sealed to the key of this request, found another one; nothing of it is used"
            ) from error


def seal(plain: bytes, keys: SealingKeys, context: bytes) -> bytes:
    """Return bytes that only the reader with these keys can open, and only in the same context.

    Raises:
        InvalidError: the keys are none.
    """
    from cryptography.hazmat.primitives import hpke  # noqa: PLC0415 - agents that have no secrets do without it
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey  # noqa: PLC0415 - the same

    try:
        x25519 = X25519PublicKey.from_public_bytes(keys.x25519)
        if not keys.is_hybrid:
            return _suite(hybrid=False).encrypt(plain, x25519, context)
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey  # noqa: PLC0415 - not everywhere

        both = hpke.MLKEM768X25519PublicKey(MLKEM768PublicKey.from_public_bytes(keys.mlkem768), x25519)
        return _suite(hybrid=True).encrypt(plain, both, context)
    except ValueError as error:
        raise InvalidError(
            f"expected a key of {X25519_BYTES} bytes for X25519, and one of {MLKEM768_BYTES} or none for ML-KEM-768,"
            f" found {len(keys.x25519)} and {len(keys.mlkem768)} bytes that are none"
        ) from error


def _suite(*, hybrid: bool) -> "Suite":
    from cryptography.hazmat.primitives import hpke  # noqa: PLC0415 - see above

    kem = hpke.KEM.MLKEM768_X25519 if hybrid else hpke.KEM.X25519
    return hpke.Suite(kem, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def _new_mlkem768() -> "MLKEM768PrivateKey | None":
    """Return a new key, or None where the library that `cryptography` is built with has no ML-KEM."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above

    try:
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey  # noqa: PLC0415 - see above

        return MLKEM768PrivateKey.generate()
    except (ImportError, UnsupportedAlgorithm):
        return None


def context_of_value(path: str) -> bytes:
    """Return what the value of a secret is bound to on its way between the server and a person's client."""
    return framed(b"vigo secret of a person v1", path.encode())
