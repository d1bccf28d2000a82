"""Addresses that checks connect to: `http://HOST/...` and `HOST:PORT`. Source: RFC 3986, RFC 9110 4.2."""

import re
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

PORTS: Final = {"http": 80, "https": 443}
HIGHEST_PORT: Final = 65_535
MAX_URL: Final = 2_000
MAX_NAME: Final = 253
"""The longest host name, in characters. Source: RFC 1035 2.3.4, less the length octet and the root."""

_URL: Final = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(r"[\\\"<>^`{|}]")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


class HostPort(NamedTuple):
    """A host name in small letters or an address without brackets, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class WebAddress(NamedTuple):
    """The parts of a URL; `target` is what is asked for there, the path with its query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """Scheme, host and port: what may be shown of it, since what stands behind them may be secret."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host, and port where it is not the usual one, as the header `Host` has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def web_address(field: str, text: str) -> WebAddress:
    """Return the parts of a URL.

    Raises:
        InvalidError: it is no http or https URL, or has a user and password, or a fragment. A query is never shown.
    """
    if len(text) > MAX_URL or not _URL.fullmatch(text) or _FORBIDDEN.search(text):
        raise InvalidError(
            f"{field}: expected a URL such as https://www.example.com/health of at most {MAX_URL} ASCII characters"
            " without spaces, found another text; encode what is not plain as %XX"
        )
    if "@" in text.partition("://")[2].partition("/")[0].partition("?")[0]:
        raise InvalidError(
            f"{field}: expected no user and password in it, found some; send them in headers, such as Authorization"
        )
    if "#" in text:
        raise InvalidError(f"{field}: expected no `#`, which no server is sent, found one; leave it out")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidError(
            f"{field}: expected a host and a port from 1 to {HIGHEST_PORT} in it, found others"
        ) from error
    if port == 0 or parts.netloc.endswith(":"):
        raise InvalidError(f"{field}: expected a port from 1 to {HIGHEST_PORT} in it, found 0 or none")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebAddress(parts.scheme, host_name(field, host), port or PORTS[parts.scheme], target)


def host_port(field: str, text: str) -> HostPort:
    """Return the host and the port of `HOST:PORT` or `[ADDRESS]:PORT`.

    Raises:
        InvalidError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]") and ":" in host
    if not colon or not _PORT.fullmatch(port) or not 1 <= int(port) <= HIGHEST_PORT or (":" in host) != is_bracketed:
        raise InvalidError(
            f"{field}: expected HOST:PORT or [IPV6-ADDRESS]:PORT with a port from 1 to {HIGHEST_PORT}, found"
            f" {shown(text)}"
        )
    return HostPort(host_name(field, host[1:-1] if is_bracketed else host), int(port))


def host_name(field: str, text: str) -> str:
    """Return the name of a host in small letters, or an address in the one form that `ipaddress` prints.

    Raises:
        InvalidError: it is neither.
    """
    address = address_of(text)
    if address is not None:
        return address
    name = text.lower()
    # A name that ends with a number is an address in an old form to some resolvers. Source: inet_aton(3).
    if len(name) > MAX_NAME or not _HOST.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise InvalidError(
            f"{field}: expected the name of a host such as www.example.com, or an address, found {shown(text)}; write"
            " other scripts in their xn-- form, and no final dot"
        )
    return name


def address_of(text: str) -> str | None:
    """Return an IP address in its one form, or None for what is none; a zone (`%eth0`) makes it none."""
    try:
        return None if "%" in text else str(ip_address(text))
    except ValueError:
        return None


def is_near(text: str) -> bool:
    """Return whether an IP address is this machine's own, or on its link, where clouds have their metadata."""
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    address = mapped or address
    return address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
