from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.routes import ByteOrder, Route, contains, parse_ipv4_routes, parse_ipv6_routes

ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address)
ORDERS: tuple[ByteOrder, ...] = ("little", "big")


def _word(address: IPv4Address, order: ByteOrder) -> str:
    return (address.packed[::-1] if order == "little" else address.packed).hex().upper()


@given(ADDRESSES, st.integers(0, 32), ADDRESSES, st.sampled_from(ORDERS))
def test_ipv4_routes_are_read_back(address: IPv4Address, bits: int, gateway: IPv4Address, order: ByteOrder) -> None:
    network = IPv4Network((address, bits), strict=False)
    words = (_word(one, order) for one in (network.network_address, gateway, network.netmask))
    destination, via, mask = words
    text = f"Iface Destination Gateway\neth0 {destination} {via} 0003 0 0 0 {mask} 0 0 0\n"
    assert parse_ipv4_routes(text, order) == (Route(str(network), str(gateway), "eth0"),)


@given(ADDRESSES, st.integers(1, 32), ADDRESSES)
def test_a_network_contains_what_python_says_it_does(address: IPv4Address, bits: int, other: IPv4Address) -> None:
    network = IPv4Network((address, bits), strict=False)
    assert contains(str(network), str(other)) == (other in network)
    assert contains(str(network), str(address))


def test_the_default_route_contains_nothing() -> None:
    assert not contains("0.0.0.0/0", "192.0.2.1")


@given(st.text() | st.text(st.sampled_from("0123456789ABCDEFabcdef eth\n"), max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_ipv4_routes(text, "little")
    parse_ipv6_routes(text)


@pytest.mark.parametrize("flags", ["0000", "0201", "zz"])
def test_a_route_that_is_down_or_rejects_leads_nowhere(flags: str) -> None:
    assert parse_ipv4_routes(f"eth0 00000000 010200C0 {flags} 0 0 0 00000000 0 0 0\n", "little") == ()


def test_ipv6_routes_through_a_gateway_are_told_once() -> None:
    none, gateway = "0" * 32, "fe800000000000000000000000000001"
    lines = [
        f"{none} 00 {none} 00 {gateway} 00000400 00000001 00000000 00000003 eth0",
        f"{none} 00 {none} 00 {gateway} 00000800 00000001 00000000 00000003 eth0",
        f"20010db8{'0' * 24} 40 {none} 00 {none} 00000100 00000001 00000000 00000001 eth0",
        f"{none} 00 {none} 00 {none} ffffffff 00000001 00000000 00200200 lo",
    ]
    assert parse_ipv6_routes("\n".join(lines)) == (Route("::/0", "fe80::1", "eth0"),)
