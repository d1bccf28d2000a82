from ipaddress import IPv6Address

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.interfaces import (
    Address,
    Link,
    parse_if_inet6,
    parse_ip_addresses,
    parse_local_ipv4,
)

NAMES = st.from_regex(r"[a-z]{1,4}[0-9]", fullmatch=True)
TEXTS = st.text() | st.text(st.sampled_from('0123456789abcdef {}[]":,|-./\n'), max_size=80)


@given(TEXTS)
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_ip_addresses(text)
    parse_local_ipv4(text)
    parse_if_inet6(text)


@given(st.dictionaries(NAMES, st.tuples(st.integers(68, 9000), st.booleans())))
def test_interfaces_of_ip_are_read_back(links: dict[str, tuple[int, bool]]) -> None:
    answer = [
        {
            "ifname": name,
            "flags": ["UP"] if is_up else [],
            "mtu": mtu,
            "operstate": "UP" if is_up else "DOWN",
            "address": "02:00:00:00:00:01",
            "addr_info": [{"family": "inet", "local": "192.0.2.1", "prefixlen": 24, "scope": "global"}],
        }
        for name, (mtu, is_up) in links.items()
    ]
    assert parse_ip_addresses(msgspec.json.encode(answer).decode()) == {
        name: Link("02:00:00:00:00:01", mtu, is_up, (Address("192.0.2.1", 24),)) for name, (mtu, is_up) in links.items()
    }


def test_an_answer_of_another_shape_is_none() -> None:
    for text in ("", "[", "{}", "[1]", '[{"ifname": 3}]', "[" * 100_000, '[{"mtu": "x"}]'):
        assert parse_ip_addresses(text) is None
    assert parse_ip_addresses("[{}]") == {}


@given(st.dictionaries(NAMES, st.integers(0, 2**128 - 1)))
def test_addresses_of_the_kernel_are_read_back(addresses: dict[str, int]) -> None:
    text = "".join(f"{value:032x} 02 40 00 80 {name:>8}\n" for name, value in addresses.items())
    expected = {name: (Address(str(IPv6Address(value)), 64),) for name, value in addresses.items()}
    assert parse_if_inet6(text) == expected


def test_addresses_that_are_the_machines_own_are_told_from_networks_and_broadcasts() -> None:
    text = (
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 192.0.2.7\n"
        "        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n"
    )
    assert parse_local_ipv4(text + text) == ("192.0.2.7",)
