"""One-time codes of an authenticator app. Source: RFC 6238, with the values that all such apps know."""

import base64
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from vigo.core.errors import DamagedError

_KEY_BYTES: Final = 20
_NONCE_BYTES: Final = 12
_DIGITS: Final = 6
_STEP_SECONDS: Final = 30


class OneTimeCodes:
    """Makes keys, and tells whether a code is one of theirs now. Keys are sealed with the server's master key."""

    def __init__(self, master_key: bytes) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"vigo one-time codes").derive(master_key)
        self._sealing = AESGCM(derived)

    def new_key(self) -> bytes:
        """Return a new key, sealed."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._sealing.encrypt(nonce, secrets.token_bytes(_KEY_BYTES), None)

    def text(self, sealed: bytes) -> str:
        """Return a key as it is typed into an app."""
        return base64.b32encode(self._opened(sealed)).decode()

    def address(self, sealed: bytes, name: str) -> str:
        """Return the address that an app takes a key from."""
        return f"otpauth://totp/Vigo:{quote(name)}?secret={self.text(sealed)}&issuer=Vigo"

    def step_of(self, sealed: bytes, code: str, now: datetime, used: int | None) -> int | None:
        """Return which step a code is of, None where it is of none that may still be used.

        The one before and the one after count too, since clocks differ; one that was used does not.
        """
        if not (len(code) == _DIGITS and code.isascii() and code.isdecimal()):
            return None
        made = TOTP(self._opened(sealed), _DIGITS, SHA1(), _STEP_SECONDS, enforce_key_length=False)  # noqa: S303 - RFC 6238's default, all that apps know
        present = int(now.timestamp()) // _STEP_SECONDS
        for step in (present, present - 1, present + 1):
            fits = secrets.compare_digest(made.generate(step * _STEP_SECONDS), code.encode())
            if fits and (used is None or step > used):
                return step
        return None

    def _opened(self, sealed: bytes) -> bytes:
        try:
            return self._sealing.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except InvalidTag:
            raise DamagedError(
                "the key of these one-time codes cannot be opened with this server's master key; have an"
                " administrator run `vigocli users change NAME --without-one-time-codes`"
            ) from None
