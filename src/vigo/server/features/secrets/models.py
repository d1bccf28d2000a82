"""Secrets as they are kept, asked for and listed. Only `SecretContent` holds values, and it prints none."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec


class SecretContent(msgspec.Struct, frozen=True):
    """One version of a secret: its fields with their values."""

    fields: Mapping[str, str]
    version: int

    def __repr__(self) -> str:
        """Return which fields there are, and never a value."""
        return f"SecretContent(fields={sorted(self.fields)}, version={self.version})"


class SecretVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a secret as it is listed. `created_by` is empty where the backend does not tell."""

    version: int
    created_at: datetime
    created_by: str = ""
    fields: tuple[str, ...] = ()


class ListedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret as it is listed. `problem` says why its value cannot be had, where that is known."""

    path: str
    version: int
    changed_at: datetime | None = None
    changed_by: str = ""
    fields: tuple[str, ...] = ()
    problem: str = ""


class SecretReader(Protocol):
    """Where the values of secrets come from. It may wait for a disk or a network, so it belongs into a thread."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether others may change secrets in it, so that it has to be looked at now and then."""
        ...

    def read(self, path: str, version: int | None = None) -> SecretContent:
        """Return a secret in its newest version, or in one that is named.

        Raises:
            NotFoundError: there is none.
            DamagedError: it is there and cannot be read.
            UnavailableError: the backend does not answer.
        """
        ...

    def stamp(self, path: str) -> str | None:
        """Return what stands for the present version of a secret: empty where there is none, None where nobody knows.

        It is asked for at each check-in, so it answers from memory.
        """
        ...

    def refresh(self, paths: Iterable[str]) -> None:
        """Find out whether somebody else gave these secrets other versions; it is asked for now and then.

        Raises:
            UnavailableError: the backend does not answer; what is known stays.
        """
        ...


class SecretStore(SecretReader, Protocol):
    """Where secrets can be kept too."""

    def put(self, path: str, fields: Mapping[str, str], by: str) -> SecretVersion:
        """Return the new version of a secret, which is durable then.

        Raises:
            UnavailableError: it cannot be stored; the former version stays.
        """
        ...

    def remove(self, path: str) -> None:
        """Remove a secret with all of its versions.

        Raises:
            NotFoundError: there is none.
        """
        ...

    def listed(self) -> tuple[ListedSecret, ...]:
        """Return all secrets by path, without values."""
        ...

    def history(self, path: str) -> tuple[SecretVersion, ...]:
        """Return the versions that are kept of a secret, the newest first, without values.

        Raises:
            NotFoundError: there is none.
        """
        ...

    def rekey(self) -> int:
        """Put every secret under a new key of this server, and return how many there are.

        Raises:
            UsageError: the key is none of this server's to change.
            DamagedError: a secret cannot be read any more.
            UnavailableError: something cannot be written; what is done stays done, and the next call goes on.
        """
        ...


class NewSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for: a new version of a secret.

    `sealed` are its fields, a MessagePack map, sealed in base64 to the key of `GET /api/v1/secrets-key`. With
    `generate` the server makes a value of so many random characters instead. `base` is the version that the author
    knows, 0 where there is none: where another one is there, nothing is stored.
    """

    sealed: str | None = None
    key: str = ""
    generate: int | None = None
    base: int | None = None


class StoredSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret of which a new version was stored, and the hostnames of the envoys that are made of it."""

    path: str
    version: int
    created_at: datetime
    envoys: tuple[str, ...] = ()


class AskedSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks for a value: the public keys, in base64, that the answer is sealed to."""

    x25519: str
    mlkem768: str = ""
    version: int | None = None


class SealedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a secret, sealed to whoever asked: in base64, a MessagePack map of its fields."""

    path: str
    version: int
    sealed: str


class SealingKey(msgspec.Struct, frozen=True, kw_only=True):
    """The keys that a new value is to be sealed to, in base64, and their name. They are good for some minutes."""

    key: str
    x25519: str
    mlkem768: str


class SecretList(msgspec.Struct, frozen=True, kw_only=True):
    """All secrets, by path."""

    items: tuple[ListedSecret, ...]
    backend: str


class SecretHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The versions that are kept of a secret, the newest first."""

    path: str
    items: tuple[SecretVersion, ...]


class NewExport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for: all secrets, for those alone who hold the keys of these age recipients."""

    recipients: tuple[str, ...]


class Rekeyed(msgspec.Struct, frozen=True, kw_only=True):
    """How many secrets are under the new key."""

    secrets: int
