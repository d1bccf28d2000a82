"""Where a server is, as people write it."""

import re
from typing import NamedTuple

from vigo.core.errors import UsageError

DEFAULT_API_PORT = 8443
DEFAULT_GRPC_PORT = 1530

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s:/\[\]@?#]+))(?::(?P<port>\d{1,5}))?")
_HIGHEST_PORT = 65_535


class Address(NamedTuple):
    """A host name or IP address, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, default_port: int) -> Address:
    """Return the address behind `HOST`, `HOST:PORT` or `[IPV6]:PORT`.

    Raises:
        UsageError: it is none.
    """
    found = _ADDRESS.fullmatch(text)
    port = int(found["port"] or default_port) if found else 0
    if found is None or not 0 < port <= _HIGHEST_PORT:
        raise UsageError(f"expected HOST:PORT (an IPv6 address in brackets), found {text[:100]!r}")
    return Address(found["six"] or found["host"], port)


def parse_server_url(text: str) -> Address:
    """Return the address behind `https://HOST:PORT`; the scheme and the port may be left out.

    Raises:
        UsageError: it is none, or not https.
    """
    scheme, separator, rest = text.strip().partition("://")
    if separator and scheme.lower() != "https":
        raise UsageError(f"--server: expected https://HOST:PORT, found {scheme}://; Vigo only speaks TLS")
    return parse_address((rest if separator else scheme).rstrip("/"), DEFAULT_API_PORT)
