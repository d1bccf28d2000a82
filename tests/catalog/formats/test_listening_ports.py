from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.listening_ports import parse_listening_ports

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0
   2: 0100007F:0050 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0
"""
TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


def test_only_listening_sockets_count_whatever_their_address() -> None:
    assert parse_listening_ports(TCP) == {22, 8080}
    assert parse_listening_ports(TCP6) == {443}
    assert parse_listening_ports("") == frozenset()


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    parse_listening_ports(text)


@given(st.text(max_size=10), st.text(max_size=10))
def test_a_broken_line_is_passed_over(slot: str, address: str) -> None:
    found = parse_listening_ports(f"{slot} {address} x 0A\n{TCP}")
    assert found >= {22, 8080}
    assert all(0 <= port <= 65_535 for port in found)
