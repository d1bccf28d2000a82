"""Keys of package repositories in the forms that the tools want, and whether a file holds the ones that are known."""

import hashlib
from collections.abc import Sequence

from vigo.catalog.formats.openpgp import armoured_key, binary_key, fingerprints_of
from vigo.catalog.ops.fetch_key import KeyForm
from vigo.core.errors import InvalidError


def in_form(key: bytes, form: KeyForm) -> bytes:
    """Return a key as its tool wants it.

    Raises:
        InvalidError: it is none of that sort.
    """
    if form == "as it is":
        return key
    binary = binary_key(key)
    return binary if form == "binary" else armoured_key(binary).encode()


def prints_of(key: bytes, form: KeyForm) -> tuple[str, ...]:
    """Return the fingerprints of a file's keys: of OpenPGP keys their own, else the SHA-256 of the file.

    Raises:
        InvalidError: it is no such key.
    """
    return (hashlib.sha256(key).hexdigest().upper(),) if form == "as it is" else fingerprints_of(key)


def require_known(key: bytes, known: Sequence[str], form: KeyForm) -> None:
    """Accept a key whose fingerprints are all known: a second key beside the known one would be trusted as well.

    Raises:
        InvalidError: one is not, or there is no key.
    """
    unknown = [found for found in prints_of(key, form) if found not in known]
    if unknown:
        raise InvalidError(
            f"key_fingerprint: expected {' or '.join(known)}, found a key of {', '.join(unknown[:5])}; nothing was"
            " written: find out from its owner which one is right"
        )


def is_known(key: bytes, known: Sequence[str], form: KeyForm) -> bool:
    """Return whether a file holds known keys, and no other one."""
    try:
        require_known(key, known, form)
    except InvalidError:
        return False
    return True
