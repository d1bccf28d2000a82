"""The key of the local vault: from a file, from a credential that systemd hands over, or made of a passphrase."""

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from vigo.core.errors import DamagedError, InvalidError, UsageError
from vigo.server.platform.folder.files import sync_folder, write_atomically

KEY_BYTES: Final = 32
CREDENTIAL: Final = "vigo-vault-key"
"""The name of the credential. Source: systemd.exec(5), `LoadCredentialEncrypted=`."""

_CREDENTIALS_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"
_SALT_BYTES: Final = 16
# Source: RFC 9106, section 4, the second recommended option would need argon2; scrypt(RFC 7914) is in the standard
# library. These take about half a second and 128 MiB.
_COST, _BLOCK, _PARALLEL = 2**17, 8, 1
_MOST_MEMORY: Final = 256 * 1024 * 1024


class VaultKey(msgspec.Struct, frozen=True):
    """A key and its name, which says nothing of it."""

    secret: bytes

    def __repr__(self) -> str:
        """Return the name alone."""
        return f"VaultKey({self.id})"

    @property
    def id(self) -> str:
        """The name of the key: of a digest the first 16 hexadecimal digits."""
        return hashlib.sha256(b"vigo vault key v1" + self.secret).hexdigest()[:16]


class VaultKeys(Protocol):
    """The key of a vault, and while another one takes its place both."""

    @property
    def current(self) -> VaultKey:
        """The key under which what is stored now is put."""
        ...

    @property
    def is_moving(self) -> bool:
        """Whether secrets are being put under another key."""
        ...

    def find(self, id_: str) -> VaultKey | None:
        """Return the key with a name, or None."""
        ...

    def begin_next(self) -> None:
        """Make the next key, durable, unless that was begun before; it is the current one from now on."""
        ...

    def finish_next(self) -> None:
        """Forget the former key."""
        ...


class FileKeys:
    """A key in a file. The next one stands beside it until nothing is under the former one any more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next_path = path.with_name(f"{path.name}.next")
        self._former = _read(path)
        self._next = _read(self._next_path) if self._next_path.exists() else None

    @property
    def current(self) -> VaultKey:
        """The key for what is stored now."""
        return self._next or self._former

    @property
    def is_moving(self) -> bool:
        """Whether there is a next key already."""
        return self._next is not None

    def find(self, id_: str) -> VaultKey | None:
        """Return the key with a name."""
        return next((key for key in (self._next, self._former) if key is not None and key.id == id_), None)

    def begin_next(self) -> None:
        """Make the next key."""
        if self._next is None:
            write_atomically(self._next_path, secrets.token_bytes(KEY_BYTES))
            self._next = _read(self._next_path)

    def finish_next(self) -> None:
        """Let the next key take the place of the former one."""
        if self._next is not None:
            self._next_path.replace(self._path)
            sync_folder(self._path.parent)
            self._former, self._next = self._next, None


class FixedKey:
    """A key that comes from outside, such as a credential; another one has to come from there too."""

    def __init__(self, key: VaultKey, source: str) -> None:
        self._key = key
        self._source = source

    @property
    def current(self) -> VaultKey:
        """The key."""
        return self._key

    @property
    def is_moving(self) -> bool:
        """Never."""
        return False

    def find(self, id_: str) -> VaultKey | None:
        """Return the key, if that is its name."""
        return self._key if self._key.id == id_ else None

    def begin_next(self) -> None:
        """Refuse: this server cannot make another one."""
        raise UsageError(
            f"the vault's key comes from {self._source}, so this server cannot make another one: export the secrets,"
            " change the key there, start vigosrv with an empty vault and import them"
        )

    def finish_next(self) -> None:
        """Do nothing: there is no former one."""


def credential_key(environment: Callable[[str], str | None] = os.environ.get) -> FixedKey:
    """Return the key that systemd hands over.

    Raises:
        UsageError: there is no such credential.
        DamagedError: it is no key.
    """
    folder = environment(_CREDENTIALS_DIRECTORY)
    path = Path(folder or "/nonexistent") / CREDENTIAL
    if not path.exists():
        raise UsageError(
            f"vault_key: expected the credential {CREDENTIAL} of systemd, found none; add"
            f" `LoadCredentialEncrypted={CREDENTIAL}:PATH` to the unit, made by `systemd-creds encrypt`"
        )
    return FixedKey(_read(path), f"the credential {CREDENTIAL}")


def passphrase_key(passphrase: str, salt_path: Path) -> FixedKey:
    """Return the key that a passphrase makes with the salt in a file, which is made where it is missing.

    Source: RFC 7914 (scrypt).

    Raises:
        InvalidError: the passphrase is too short.
    """
    least = 12
    if len(passphrase) < least:
        raise InvalidError(f"expected a passphrase of at least {least} characters, found {len(passphrase)}")
    if not salt_path.exists():
        write_atomically(salt_path, secrets.token_bytes(_SALT_BYTES))
    secret = hashlib.scrypt(
        passphrase.encode(),
        salt=salt_path.read_bytes(),
        n=_COST,
        r=_BLOCK,
        p=_PARALLEL,
        maxmem=_MOST_MEMORY,
        dklen=KEY_BYTES,
    )
    return FixedKey(VaultKey(secret), "a passphrase")


def _read(path: Path) -> VaultKey:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedError(
            f"{path}: expected the vault's key, found that it cannot be read: {error.strerror}; restore it from a"
            " backup: without it no secret can be read"
        ) from error
    if len(content) != KEY_BYTES:
        raise DamagedError(
            f"{path}: expected the vault's key of {KEY_BYTES} bytes, found {len(content)}; restore it from a backup:"
            " without it no secret can be read"
        )
    return VaultKey(content)
