"""Passwords: what one must be, and what is kept of it. Source: RFC 9106 (Argon2id), NIST SP 800-63B section 5.1.1.2."""

import asyncio
from typing import Final

import argon2

from vigo.core.errors import InvalidError

LEAST_CHARACTERS: Final = 12
_MOST_CHARACTERS: Final = 256
_AT_ONCE: Final = 2
"""Each takes 64 MiB for a moment, so a flood of attempts waits."""


class Passwords:
    """Makes and compares what is kept of passwords, in threads and never more than a few at once."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = argon2.PasswordHasher() if hasher is None else hasher
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._nobodys: str | None = None

    async def kept(self, name: str, password: str) -> str:
        """Return what is kept of a password.

        Raises:
            InvalidError: it is too short, too long or somebody's name.
        """
        check_password(name, password)
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, kept: str | None, password: str) -> bool:
        """Return whether a password is the one that something was kept of. Where nothing was, that takes as long."""
        if len(password) > _MOST_CHARACTERS:
            return False
        async with self._turns:
            return await asyncio.to_thread(self._compared, kept, password)

    def _compared(self, kept: str | None, password: str) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("nobody has this one")
        try:
            self._hasher.verify(self._nobodys if kept is None else kept, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return kept is not None


def check_password(name: str, password: str) -> None:
    """Return when a password may be used.

    Raises:
        InvalidError: it is too short, too long or somebody's name.
    """
    if not LEAST_CHARACTERS <= len(password) <= _MOST_CHARACTERS:
        raise InvalidError(
            f"expected a password of {LEAST_CHARACTERS} to {_MOST_CHARACTERS} characters, found {len(password)}; a few"
            " words do well"
        )
    if password.strip().lower() == name.lower() or len(set(password)) < _LEAST_DIFFERENT:
        raise InvalidError("expected a password that is not the name, nor a few letters repeated; a few words do well")


_LEAST_DIFFERENT: Final = 5
