"""Names that a server's certificate may carry: host names and addresses. Source: RFC 5280 4.2.1.6, RFC 9525."""

import re
from ipaddress import ip_address
from typing import Final

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

MAX_NAME: Final = 253
"""The longest host name, in characters. Source: RFC 1035 2.3.4, less the length octet and the root."""

_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST: Final = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


def server_name(field: str, text: str) -> str:
    """Return a host name in small letters, or an address in the one form that `ipaddress` prints.

    Raises:
        InvalidError: it is neither; a `*` stands for the first label alone.
    """
    address = address_of(text)
    if address is not None:
        return address
    name = text.lower()
    last = name.rpartition(".")[2]
    if len(name) > MAX_NAME or not _HOST.fullmatch(name) or _NUMBER.fullmatch(last) or name == "*":
        raise InvalidError(
            f"{field}: expected a host name such as www.example.com or *.example.com, or an address, found"
            f" {shown(text)}; write other scripts in their xn-- form, and no scheme, port or final dot"
        )
    return name


def address_of(text: str) -> str | None:
    """Return an IP address in its one form, or None for what is none; a zone (`%eth0`) makes it none."""
    try:
        return None if "%" in text else str(ip_address(text))
    except ValueError:
        return None
