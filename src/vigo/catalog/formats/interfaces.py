"""Network interfaces and their addresses: the answer of ip(8), and the kernel's own tables where there is no ip.

Pure: text in, values out; what has another form is passed over. Addresses are written as RFC 5952 has it.
"""

import re
from collections.abc import Mapping

import msgspec

from vigo.core.encoding import NOT_DECODED

_TEMPORARY = 0x01
_INET6_COLUMNS = 6


class Address(msgspec.Struct, frozen=True):
    """An address and the length of its network's prefix. `is_global` says that other machines can reach it."""

    text: str
    prefix_bits: int
    is_global: bool = True

    def __str__(self) -> str:
        return f"{self.text}/{self.prefix_bits}"


class Link(msgspec.Struct, frozen=True):
    """One interface."""

    mac: str = ""
    mtu_bytes: int = 0
    is_up: bool = False
    addresses: tuple[Address, ...] = ()


class _JsonAddress(msgspec.Struct):
    local: str = ""
    prefixlen: int = 0
    scope: str = ""
    temporary: bool = False


class _JsonLink(msgspec.Struct):
    ifname: str = ""
    flags: list[str] = []
    mtu: int = 0
    operstate: str = ""
    address: str = ""
    addr_info: list[_JsonAddress] = []


def parse_ip_addresses(text: str) -> Mapping[str, Link] | None:
    """Return the interfaces by name from `ip -j addr`, or None where the text is no such answer.

    Temporary addresses (RFC 8981) are left out: they change by themselves and nobody is named by them.
    """
    try:
        links = msgspec.json.decode(text.encode(errors="replace"), type=list[_JsonLink])
    except NOT_DECODED:
        return None
    return {link.ifname: _link(link) for link in links if link.ifname}


def parse_local_ipv4(text: str) -> tuple[str, ...]:
    """Return this machine's own IPv4 addresses from /proc/net/fib_trie, sorted, loopback included."""
    found = re.findall(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s*/32 host LOCAL", text)
    return tuple(sorted(set(found)))


def parse_if_inet6(text: str) -> Mapping[str, tuple[Address, ...]]:
    """Return the IPv6 addresses by interface from /proc/net/if_inet6, temporary ones left out.

    Source: the kernel's net/ipv6/addrconf.c, if6_seq_show.
    """
    from ipaddress import IPv6Address  # noqa: PLC0415 - most machines have ip(8) and need not pay for this

    found: dict[str, list[Address]] = {}
    for line in text.split("\n"):
        words = line.split()
        if len(words) != _INET6_COLUMNS or not re.fullmatch(r"[0-9a-f]{32}( [0-9a-f]{2}){4}", " ".join(words[:5])):
            continue
        if not int(words[4], 16) & _TEMPORARY:
            address = Address(str(IPv6Address(int(words[0], 16))), int(words[2], 16), is_global=words[3] == "00")
            found.setdefault(words[5], []).append(address)
    return {name: tuple(addresses) for name, addresses in found.items()}


def _link(link: _JsonLink) -> Link:
    addresses = (
        Address(address.local, address.prefixlen, is_global=address.scope == "global")
        for address in link.addr_info
        if address.local and not address.temporary
    )
    is_up = "UP" in link.flags and link.operstate != "DOWN"
    mac = "" if "LOOPBACK" in link.flags else link.address
    return Link(mac, link.mtu, is_up, tuple(addresses))
