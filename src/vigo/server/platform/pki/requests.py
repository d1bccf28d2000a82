"""Certificate signing requests: the proof that someone holds a key, and nothing else."""

from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from vigo.core.errors import InvalidError

EnvoyKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_MAX_REQUEST_CHARACTERS: Final = 16 * 1024
_LEAST_RSA_BITS: Final = 2048
# Verifying with a key of 16,384 bits takes long enough to be an attack.
_MOST_RSA_BITS: Final = 4096


def requested_key(csr_pem: str, *, is_service: bool = False) -> EnvoyKey:
    """Return the public key of a request that its private key signed. Names and extensions in it are ignored.

    A service may have a key on P-384 too.

    Source: RFC 2986.

    Raises:
        InvalidError: it is no such request, or its key is not accepted.
    """
    if len(csr_pem) > _MAX_REQUEST_CHARACTERS:
        raise InvalidError(
            f"expected a signing request of at most {_MAX_REQUEST_CHARACTERS} characters, found {len(csr_pem)}"
        )
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        key = request.public_key()
        is_proven = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise InvalidError(f"expected a PEM certificate signing request, found something else: {error}") from error
    if not is_proven:
        raise InvalidError("expected a signing request signed by its own key, found another signature")
    curves = (ec.SECP256R1, ec.SECP384R1) if is_service else (ec.SECP256R1,)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, curves):
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, rsa.RSAPublicKey) and _LEAST_RSA_BITS <= key.key_size <= _MOST_RSA_BITS:
        return key
    raise InvalidError(
        f"expected an EC P-256, ed25519 or RSA key of {_LEAST_RSA_BITS} to {_MOST_RSA_BITS} bits in the signing"
        f" request, found {type(key).__name__.lstrip('_')}"
    )
