from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.socket_tables import ByteOrder, OpenSocket, parse_tcp_listeners, parse_udp_receivers

TCP_HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ORDERS = st.sampled_from(["little", "big"])


def kernel_word(raw: bytes, order: ByteOrder) -> str:
    words = [raw[start : start + 4] for start in range(0, len(raw), 4)]
    return "".join(f"{int.from_bytes(word, order):08X}" for word in words)


def row(number: int, raw: bytes, port: int, inode: int, state: str, order: ByteOrder) -> str:
    peer = "00" * len(raw)
    place = f"{kernel_word(raw, order)}:{port:04X} {peer}:0000"
    return f"{number:4}: {place} {state} 00000000:00000000 00:00000000 00000000   101        0 {inode} 1 00000000ce 0\n"


SOCKETS = st.tuples(
    st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16),
    st.integers(1, 65_535),
    st.integers(0, 2**32),
)


@given(st.lists(SOCKETS), ORDERS)
def test_the_kernels_tables_are_read_back_on_every_processor(
    sockets: list[tuple[bytes, int, int]], order: ByteOrder
) -> None:
    for state, other, parse in (("0A", "01", parse_tcp_listeners), ("07", "01", parse_udp_receivers)):
        text = TCP_HEADER + "".join(
            row(number, *socket, state, order) + row(number, *socket, other, order)
            for number, socket in enumerate(sockets)
        )
        found = parse(text, order)
        assert [(one.port, one.inode) for one in found] == [socket[1:] for socket in sockets]
        for one, (raw, _, _) in zip(found, sockets, strict=True):
            assert (IPv4Address(one.address) if len(raw) == 4 else IPv6Address(one.address)).packed == raw


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("::", "::"),
        ("::1", "::1"),
        ("fe80::1", "fe80::1"),
        ("2001:db8:0:0:1::1", "2001:db8::1:0:0:1"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
    ],
)
def test_addresses_are_written_in_their_short_form(text: str, address: str) -> None:
    raw = IPv6Address(text).packed
    assert parse_tcp_listeners(row(0, raw, 80, 5, "0A", "little"), "little") == (OpenSocket(address, 80, 5),)


def test_a_row_of_debian_is_read() -> None:
    line = (
        "   3: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1066 1"
        " 00000000330d20a3 100 0 0 10 0                     \n"
    )
    assert parse_tcp_listeners(line, "little") == (OpenSocket("0.0.0.0", 2024, 1066),)  # noqa: S104 - what it tells


@given(st.text() | st.text("0123456789ABCDEF: \n", max_size=200), ORDERS)
def test_any_text_is_read_without_an_error(text: str, order: ByteOrder) -> None:
    for parse in (parse_tcp_listeners, parse_udp_receivers):
        assert len(parse(text, order)) <= text.count("\n") + 1


@given(st.text(max_size=20))
def test_a_broken_row_is_passed_over(text: str) -> None:
    good = row(0, bytes([127, 0, 0, 1]), 80, 5, "0A", "little")
    assert OpenSocket("127.0.0.1", 80, 5) in parse_tcp_listeners(f"{text}\n{good}", "little")
