"""How a call's end looks on the wire: status number, percent-encoded text and Vigo's own code."""

import logging
import re
import secrets
from datetime import timedelta
from typing import Final, NamedTuple

from vigo.core.errors import InvalidError, VigoError

_log = logging.getLogger(__name__)

ERROR_TRAILER: Final = b"vigo-error"
"""The trailer that carries a VigoError's code, since several codes share one gRPC status."""

_OK: Final = 0
# The two that have no row among Vigo's codes. Source: gRPC's statuscodes.md.
_UNIMPLEMENTED: Final = 12
_INTERNAL: Final = 13

# Some proxies and clients refuse a header block over 8 KB; three bytes a byte leave room for the rest.
_MAX_TEXT_BYTES: Final = 2000

_TIMEOUT: Final = re.compile(rb"([0-9]{1,8})([HMSmun])")
_UNIT_SECONDS: Final = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
# What a timer can hold; nobody waits longer for one call.
_LONGEST_SECONDS: Final = timedelta(days=365).total_seconds()


class UnimplementedError(Exception):
    """The peer asks for a method, or for a feature of gRPC, that this server does not have."""


class Status(NamedTuple):
    """The end of a call."""

    number: int
    text: str = ""
    error_code: str = ""

    def trailers(self) -> list[tuple[bytes, bytes]]:
        """Return the header pairs that carry it."""
        pairs = [(b"grpc-status", b"%d" % self.number)]
        if self.text:
            pairs.append((b"grpc-message", percent_encode(self.text)))
        if self.error_code:
            pairs.append((ERROR_TRAILER, self.error_code.encode()))
        return pairs


OK: Final = Status(_OK)


def status_of(error: Exception, path: str) -> Status:
    """Return how an error ends a call. What is no VigoError is logged in full and tells the peer only where to look."""
    if isinstance(error, VigoError):
        return Status(error.mapping.grpc_status, str(error), error.code)
    if isinstance(error, UnimplementedError):
        return Status(_UNIMPLEMENTED, str(error))
    reference = secrets.token_hex(4)
    _log.error("gRPC call %s failed, reference %s", path, reference, exc_info=error)
    return Status(_INTERNAL, f"a fault in Vigo; the server's log has it under reference {reference}", "internal")


def percent_encode(text: str) -> bytes:
    """Return text as a `grpc-message`: UTF-8, printable ASCII but `%` as it is, the rest %XX, cut at 2,000 bytes."""
    data = text.encode(errors="replace")[:_MAX_TEXT_BYTES].decode(errors="ignore").encode()
    return b"".join(bytes((byte,)) if 0x20 <= byte <= 0x7E and byte != 0x25 else b"%%%02X" % byte for byte in data)  # noqa: PLR2004 - the printable range, and the percent sign


def parse_timeout(value: bytes) -> float:
    """Return the seconds in a `grpc-timeout` header, at most a year.

    Raises:
        InvalidError: the header is not up to eight digits and one of H, M, S, m, u, n.
    """
    match = _TIMEOUT.fullmatch(value)
    if match is None:
        raise InvalidError(f"expected a grpc-timeout like 200m or 5S, found {value[:20].decode(errors='replace')!r}")
    return min(int(match[1]) * _UNIT_SECONDS[match[2]], _LONGEST_SECONDS)
