"""Bearer tokens: taken from a request, made, and compared only by their digests. Source: RFC 6750 section 2.1."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from typing import Final

from vigo.core.errors import UnauthenticatedError
from vigo.core.ids import Digest

_TOKEN: Final = re.compile(rb"[A-Za-z0-9._~+/-]{1,512}=*")
_BEGIN: Final = b"bearer "
_HINT: Final = (
    "send `Authorization: Bearer TOKEN`; on the server's host the token is in the data folder's admin.token, elsewhere"
    " `vigocli login` stores one"
)


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the token in a request's one Authorization header.

    Raises:
        UnauthenticatedError: there is none, more than one, or it has another form.
    """
    found = [value for name, value in headers if name.lower() == b"authorization"]
    if len(found) != 1:
        raise UnauthenticatedError(f"expected one Authorization header, found {len(found)}; {_HINT}")
    value = found[0]
    if value[: len(_BEGIN)].lower() != _BEGIN:
        raise UnauthenticatedError(f"expected the scheme Bearer in the Authorization header, found another; {_HINT}")
    token = value[len(_BEGIN) :].strip()
    if not _TOKEN.fullmatch(token):
        raise UnauthenticatedError(f"expected a token in the Authorization header, found something else; {_HINT}")
    return token.decode("ascii")


def refused_token() -> UnauthenticatedError:
    """Return the one answer to a token that is unknown, expired or withdrawn."""
    return UnauthenticatedError(f"this token is not in force: unknown, expired or withdrawn; {_HINT}")


def token_digest(token: str) -> Digest:
    """Return what is stored of a token. It has 256 random bits, so a plain SHA-256 cannot be guessed back."""
    return Digest(hashlib.sha256(token.encode()).hexdigest())


def is_same_digest(one: str, other: str) -> bool:
    """Return whether two digests are equal, in a time that tells nothing about where they differ."""
    return secrets.compare_digest(one, other)
