"""The kernel's tables of sockets. Pure: text in, values out; a line of another form is passed over.

Source: proc_pid_net(5), and the kernel's net/ipv4/tcp_ipv4.c and net/ipv6/udp.c for the columns.
"""

import re
from typing import Final, Literal, NamedTuple

from vigo.catalog.formats.numbers import whole_number

ByteOrder = Literal["little", "big"]

_ROW: Final = (
    r"^[ ]*\d+: ([0-9A-Fa-f]{8}|[0-9A-Fa-f]{32}):([0-9A-Fa-f]{4}) \S+ %s \S+ +\S+ +\S+ +\d+ +\d+ +(\d{1,18})(?:[ ]|$)"
)
_LISTENING: Final = re.compile(_ROW % "0A", re.MULTILINE | re.ASCII)
_UNCONNECTED: Final = re.compile(_ROW % "07", re.MULTILINE | re.ASCII)
_WORD_BYTES: Final = 4
_IPV4_BYTES: Final = 4
_MAPPED: Final = bytes(10) + b"\xff\xff"
_SHORT: Final = {bytes(16): "::", bytes(15) + b"\x01": "::1"}


class OpenSocket(NamedTuple):
    """A socket that waits for others: its address as RFC 5952 writes it, its port and its inode."""

    address: str
    port: int
    inode: int


def parse_tcp_listeners(text: str, order: ByteOrder) -> tuple[OpenSocket, ...]:
    """Return the sockets of /proc/net/tcp or tcp6 that take connections. `order` is that of the host's processor."""
    return _sockets(_LISTENING, text, order)


def parse_udp_receivers(text: str, order: ByteOrder) -> tuple[OpenSocket, ...]:
    """Return the sockets of /proc/net/udp or udp6 that take datagrams from anybody: those without a peer."""
    return _sockets(_UNCONNECTED, text, order)


def _sockets(row: re.Pattern[str], text: str, order: ByteOrder) -> tuple[OpenSocket, ...]:
    return tuple(
        OpenSocket(_address(address, order), int(port, 16), whole_number(inode) or 0)
        for address, port, inode in row.findall(text)
    )


def _address(digits: str, order: ByteOrder) -> str:
    raw = bytes.fromhex(digits)
    if order == "little":
        # The kernel prints each word of four bytes as a number of its own processor.
        words = (raw[start : start + _WORD_BYTES] for start in range(0, len(raw), _WORD_BYTES))
        raw = b"".join(word[::-1] for word in words)
    if len(raw) == _IPV4_BYTES:
        return _dotted(raw)
    if raw.startswith(_MAPPED):
        return f"::ffff:{_dotted(raw[-_IPV4_BYTES:])}"
    if raw in _SHORT:
        return _SHORT[raw]
    from ipaddress import IPv6Address  # noqa: PLC0415 - most machines have only the short ones and need not pay for this

    return str(IPv6Address(raw))


def _dotted(raw: bytes) -> str:
    return ".".join(map(str, raw))
