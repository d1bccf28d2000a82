"""What stands for the present versions of the secrets of a bundle: one number, looked up at each check-in."""

import hashlib
from collections.abc import Iterable
from typing import Final, Protocol

from vigo.core.secret_marker import marker_named
from vigo.core.signing import framed

_MOST_KEPT: Final = 10_000
_BYTES: Final = 7  # so that it fits into every signed and unsigned integer of 64 bits


class Stamps(Protocol):
    """What stands for the present version of each secret; see `SecretReader.stamp`."""

    def stamp(self, path: str) -> str | None:
        """Return it from memory."""
        ...


class Epochs:
    """The epochs of sets of secrets. Each is computed once and forgotten when a secret has changed."""

    def __init__(self, stamps: Stamps) -> None:
        self._stamps = stamps
        self._known: dict[frozenset[str], int | None] = {}

    def of(self, names: frozenset[str]) -> int | None:
        """Return what stands for the versions of some secrets: never 0, None where one of them is not known now."""
        if names not in self._known:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[names] = self._computed(sorted({marker_named(name).path for name in names}))
        return self._known[names]

    def forget(self) -> None:
        """Compute all of them anew."""
        self._known.clear()

    def _computed(self, paths: Iterable[str]) -> int | None:
        parts: list[bytes] = []
        for path in paths:
            stamp = self._stamps.stamp(path)
            if stamp is None:
                return None
            parts += [path.encode(), stamp.encode()]
        return int.from_bytes(hashlib.sha256(framed(*parts)).digest()[:_BYTES]) or 1
