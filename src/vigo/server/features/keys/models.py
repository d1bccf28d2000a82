"""The CA and the policy key, and how far each is replaced."""

from datetime import datetime

import msgspec

from vigo.server.platform.pki.keyring import Phase, Subject


class KeyItem(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two as it is listed.

    `fingerprint` is the SHA-256 of the CA's certificate, or the public key. `behind` are the active envoys that the
    next step waits for, of `envoys` in all; the first few are named in `behind_hostnames`.
    """

    subject: Subject
    fingerprint: str
    ends_at: datetime | None
    next_fingerprint: str | None
    next_ends_at: datetime | None
    phase: Phase | None
    begun_at: datetime | None
    envoys: int
    behind: int
    behind_hostnames: tuple[str, ...]
    advice: str


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """Both."""

    items: tuple[KeyItem, ...]
    next_cursor: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said with a step. With `force` it does not wait for envoys that are behind."""

    force: bool = False
