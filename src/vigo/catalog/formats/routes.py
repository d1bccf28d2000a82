"""The kernel's route tables. Pure: text in, values out; a line of another form is passed over."""

import re
from typing import Literal

import msgspec

ByteOrder = Literal["little", "big"]

_IPV4_COLUMNS, _IPV6_COLUMNS = 8, 10
_UP, _GATEWAY, _REJECT = 0x0001, 0x0002, 0x0200
_ALL_BITS = 32
_HEX = re.compile(r"[0-9A-Fa-f]{1,32}")


class Route(msgspec.Struct, frozen=True, order=True):
    """Where packets to a network go. `gateway` is empty where the network is reached directly."""

    destination: str
    gateway: str
    interface: str


def parse_ipv4_routes(text: str, order: ByteOrder) -> tuple[Route, ...]:
    """Return the routes of /proc/net/route, whose numbers stand in the machine's byte order. Source: route(8)."""
    found: list[Route] = []
    for line in text.split("\n"):
        words = line.split()
        if len(words) < _IPV4_COLUMNS or not all(map(_is_hex8, (words[1], words[2], words[7]))):
            continue
        flags = _number(words[3])
        if flags & _UP and not flags & _REJECT:
            mask = int.from_bytes(bytes.fromhex(words[7]), "big").bit_count()
            gateway = _ipv4(words[2], order) if flags & _GATEWAY else ""
            found.append(Route(f"{_ipv4(words[1], order)}/{mask}", gateway, words[0]))
    return tuple(sorted(set(found)))


def parse_ipv6_routes(text: str) -> tuple[Route, ...]:
    """Return the routes of /proc/net/ipv6_route that lead through a gateway: the others follow from the addresses."""
    from ipaddress import IPv6Address  # noqa: PLC0415 - a machine without IPv6 need not pay for this

    found: list[Route] = []
    for line in text.split("\n"):
        words = line.split()
        if len(words) != _IPV6_COLUMNS or not all(re.fullmatch("[0-9a-f]{32}", word) for word in (words[0], words[4])):
            continue
        flags = _number(words[8])
        if flags & _GATEWAY and not flags & _REJECT:
            network, gateway = IPv6Address(int(words[0], 16)), IPv6Address(int(words[4], 16))
            found.append(Route(f"{network}/{_number(words[1])}", str(gateway), words[9]))
    return tuple(sorted(set(found)))


def contains(destination: str, address: str) -> bool:
    """Return whether an IPv4 network `A.B.C.D/BITS` contains an address; the default route contains none."""
    network, _, bits = destination.partition("/")
    shift = _ALL_BITS - int(bits)
    return shift < _ALL_BITS and _value(network) >> shift == _value(address) >> shift


def _is_hex8(word: str) -> bool:
    return re.fullmatch("[0-9A-F]{8}", word) is not None


def _number(word: str) -> int:
    return int(word, 16) if _HEX.fullmatch(word) else 0


def _ipv4(word: str, order: ByteOrder) -> str:
    octets = bytes.fromhex(word)
    return ".".join(map(str, reversed(octets) if order == "little" else octets))


def _value(address: str) -> int:
    return int.from_bytes(bytes(int(part) & 0xFF for part in address.split(".")), "big")
