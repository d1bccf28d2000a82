"""Secrets in files of the server's data folder, one each, with their versions, under a key of the server's own.

Each file has a data key of its own, which is encrypted by the vault's key; another key of the vault encrypts the data
keys anew and leaves the values alone. What a value is encrypted with names its path and version, so no file or version
can take the place of another. Source: NIST SP 800-38D (AES-GCM, keys of 256 bits, random nonces of 96 bits).
"""

import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vigo.core.clock import Clock
from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError, NotFoundError, UnavailableError
from vigo.core.signing import framed
from vigo.server.features.secrets.backends.vault_key import VaultKey, VaultKeys
from vigo.server.features.secrets.models import ListedSecret, SecretContent, SecretVersion
from vigo.server.platform.folder.files import make_private_folder, sync_folder, write_atomically

KEPT_VERSIONS: Final = 20
"""How many versions of a secret are kept, the newest ones."""

_SUFFIX: Final = ".sealed"
_SLASH: Final = "@"
_FORMAT: Final = 1
_CONTEXT: Final = b"vigo vault v1"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class _Version(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    stamp: str
    created_at: datetime
    created_by: str
    fields: tuple[str, ...]
    sealed: bytes


class _File(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    path: str
    key_id: str
    sealed_key: bytes
    versions: tuple[_Version, ...]

    @property
    def newest(self) -> _Version:
        return self.versions[-1]


class LocalVault:
    """The vault of one data folder. All of its methods may be called from several threads."""

    name = "the local vault"
    is_shared = False

    def __init__(self, folder: Path, keys: VaultKeys, clock: Clock) -> None:
        self._folder = folder
        self._keys = keys
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _File] = {}
        self._damaged: dict[str, str] = {}
        self._load()

    def read(self, path: str, version: int | None = None) -> SecretContent:
        """Return a secret; see `SecretReader.read`."""
        file = self._file(path)
        found = next((one for one in reversed(file.versions) if version in (None, one.number)), None)
        if found is None:
            kept = ", ".join(str(one.number) for one in file.versions)
            raise NotFoundError(f"{path}: expected a version that is kept, one of {kept}, found {version}")
        try:
            plain = _opened(self._data_key(file), found.sealed, _version_context(path, found))
            return SecretContent(decode(plain, dict[str, str]), found.number)
        except (InvalidTag, DamagedError) as error:
            raise DamagedError(
                f"{self._path(path)}: expected the secret as it was stored, found other bytes; restore the file from a"
                " backup, or set the secret anew"
            ) from error

    def stamp(self, path: str) -> str | None:
        """Return what stands for the present version; see `SecretReader.stamp`."""
        found = self._known.get(path)
        return "" if found is None else found.newest.stamp

    def refresh(self, paths: Iterable[str]) -> None:
        """Do nothing: nobody else writes into this folder."""

    def put(self, path: str, fields: Mapping[str, str], by: str) -> SecretVersion:
        """Store a new version; see `SecretStore.put`."""
        with self._lock:
            former = self._known.get(path)
            key = secrets.token_bytes(_KEY_BYTES) if former is None else self._data_key(former)
            number = 1 if former is None else former.newest.number + 1
            version = _Version(
                number=number,
                stamp=secrets.token_hex(8),
                created_at=self._clock.now(),
                created_by=by,
                fields=tuple(sorted(fields)),
                sealed=b"",
            )
            sealed = _sealed(key, encode(dict(fields)), _version_context(path, version))
            version = msgspec.structs.replace(version, sealed=sealed)
            kept = () if former is None else former.versions[-(KEPT_VERSIONS - 1) :]
            self._write(self._under(self._keys.current, path, key, (*kept, version)))
            return _listed_version(version)

    def remove(self, path: str) -> None:
        """Remove a secret; see `SecretStore.remove`. A damaged one can be removed too."""
        with self._lock:
            if path not in self._known and path not in self._damaged:
                raise _missing(path)
            try:
                self._path(path).unlink(missing_ok=True)
                sync_folder(self._folder)
            except OSError as error:
                raise UnavailableError(f"{self._path(path)}: cannot be removed: {error.strerror}") from error
            self._known.pop(path, None)
            self._damaged.pop(path, None)

    def listed(self) -> tuple[ListedSecret, ...]:
        """Return all secrets; see `SecretStore.listed`."""
        good = [
            ListedSecret(
                path=path,
                version=file.newest.number,
                changed_at=file.newest.created_at,
                changed_by=file.newest.created_by,
                fields=file.newest.fields,
            )
            for path, file in self._known.items()
        ]
        bad = [ListedSecret(path=path, version=0, problem=reason) for path, reason in self._damaged.items()]
        return tuple(sorted((*good, *bad), key=lambda one: one.path))

    def history(self, path: str) -> tuple[SecretVersion, ...]:
        """Return the versions of a secret; see `SecretStore.history`."""
        return tuple(map(_listed_version, reversed(self._file(path).versions)))

    def rekey(self) -> int:
        """Put every secret under a new key; see `SecretStore.rekey`.

        A crash on the way leaves some under the former key and some under the new one: both are kept until all are
        done, and the next start or call goes on.
        """
        with self._lock:
            if self._damaged:
                path, reason = next(iter(self._damaged.items()))
                raise DamagedError(f"{path}: {reason}; restore or remove it first: under a new key it would be lost")
            self._keys.begin_next()
            self._move_all()
            self._keys.finish_next()
            return len(self._known)

    def _move_all(self) -> None:
        for path, file in list(self._known.items()):
            if file.key_id != self._keys.current.id:
                self._write(self._under(self._keys.current, path, self._data_key(file), file.versions))

    def _load(self) -> None:
        make_private_folder(self._folder)
        for entry in sorted(self._folder.iterdir()):
            if not entry.name.endswith(_SUFFIX) or entry.name.startswith("."):
                continue
            path = entry.name.removesuffix(_SUFFIX).replace(_SLASH, "/")
            try:
                file = _file_of(entry.read_bytes(), path)
                self._data_key(file)
            except (DamagedError, OSError) as error:
                self._damaged[path] = str(error)
            else:
                self._known[path] = file
        if self._keys.is_moving:
            self._move_all()
            self._keys.finish_next()

    def _file(self, path: str) -> _File:
        if path in self._damaged:
            raise DamagedError(f"{self._path(path)}: {self._damaged[path]}; restore it from a backup, or set it anew")
        file = self._known.get(path)
        if file is None:
            raise _missing(path)
        return file

    def _data_key(self, file: _File) -> bytes:
        key = self._keys.find(file.key_id)
        if key is None:
            raise DamagedError(
                f"it is under the vault key {file.key_id}, and this server has {self._keys.current.id}; restore"
                " keys/vault.key from a backup"
            )
        try:
            return _opened(key.secret, file.sealed_key, framed(_CONTEXT, b"key", file.path.encode()))
        except InvalidTag as error:
            raise DamagedError("expected the file as it was written, found other bytes") from error

    def _under(self, key: VaultKey, path: str, data_key: bytes, versions: tuple[_Version, ...]) -> _File:
        sealed = _sealed(key.secret, data_key, framed(_CONTEXT, b"key", path.encode()))
        return _File(format=_FORMAT, path=path, key_id=key.id, sealed_key=sealed, versions=versions)

    def _write(self, file: _File) -> None:
        try:
            write_atomically(self._path(file.path), encode(file))
        except OSError as error:
            raise UnavailableError(
                f"{self._path(file.path)}: cannot be written: {error.strerror}; the former version stays"
            ) from error
        self._known[file.path] = file
        self._damaged.pop(file.path, None)

    def _path(self, path: str) -> Path:
        return self._folder / f"{path.replace('/', _SLASH)}{_SUFFIX}"


def _file_of(content: bytes, path: str) -> _File:
    file = decode(content, _File)
    if file.format != _FORMAT or file.path != path or not file.versions:
        raise DamagedError("expected the file as it was written, found one of another format or of another secret")
    return file


def _missing(path: str) -> NotFoundError:
    return NotFoundError(
        f"expected the secret {path} in the local vault, found none; `vigocli secrets list` shows those that there are"
    )


def _version_context(path: str, version: _Version) -> bytes:
    return framed(_CONTEXT, b"value", path.encode(), str(version.number).encode(), version.stamp.encode())


def _listed_version(version: _Version) -> SecretVersion:
    return SecretVersion(
        version=version.number,
        created_at=version.created_at,
        created_by=version.created_by,
        fields=version.fields,
    )


def _sealed(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def _opened(key: bytes, sealed: bytes, context: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except ValueError as error:  # too short for a nonce
        raise InvalidTag from error
