"""Bytes that outlive connections: none is lost, doubled or kept without a bound."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigo.core.errors import InvalidError
from vigo.core.flow import PART_BYTES, WINDOW_BYTES, Incoming, Outgoing, Part


@settings(max_examples=50)
@given(st.integers(0, 2**32))
def test_whatever_breaks_each_byte_arrives_once(seed: int) -> None:
    """Parts are lost, acknowledgements are lost, connections are opened anew: what arrives is what was sent."""
    chance = random.Random(seed)  # noqa: S311 - it shall be the same each time
    data = chance.randbytes(3 * WINDOW_BYTES)
    outgoing, incoming, arrived, given_bytes = Outgoing(), Incoming(), bytearray(), 0
    while not incoming.is_complete:
        step = min(outgoing.room_bytes, chance.randrange(200_000), len(data) - given_bytes)
        outgoing.add(data[given_bytes : given_bytes + step])
        given_bytes += step
        if given_bytes == len(data):
            outgoing.close()
        for _ in range(chance.randrange(8)):
            part = outgoing.next_part()
            if part is None:
                break
            if chance.random() < 0.1:
                outgoing.resume(incoming.received_bytes)
                break
            arrived += incoming.receive(part)
            if chance.random() < 0.1:
                assert incoming.receive(part) == b""
        if chance.random() < 0.7:
            incoming.take(incoming.received_bytes)
            outgoing.take(incoming.taken_bytes)
    assert bytes(arrived) == data
    assert outgoing.is_told


def test_no_more_than_a_window_is_kept_or_accepted() -> None:
    outgoing, incoming = Outgoing(), Incoming()
    outgoing.add(bytes(WINDOW_BYTES))
    assert outgoing.room_bytes == 0
    while (part := outgoing.next_part()) is not None:
        assert len(part.data) <= PART_BYTES
        incoming.receive(part)
    with pytest.raises(InvalidError, match="not taken"):
        incoming.receive(Part(WINDOW_BYTES, b"x"))
    outgoing.take(10)
    assert outgoing.room_bytes == 10
    outgoing.take(5)  # an older acknowledgement that came late
    assert (outgoing.taken_bytes, outgoing.total_bytes) == (10, WINDOW_BYTES)


def test_the_end_is_told_once_on_each_connection_also_without_bytes() -> None:
    outgoing, incoming = Outgoing(), Incoming()
    outgoing.add(b"all")
    assert outgoing.next_part() == Part(0, b"all")
    outgoing.close()
    assert outgoing.room_bytes == 0
    assert outgoing.next_part() == Part(3, b"", is_last=True)
    assert outgoing.next_part() is None
    outgoing.resume(0)
    assert not outgoing.is_told
    last = outgoing.next_part()
    assert last == Part(0, b"all", is_last=True)
    incoming.receive(Part(0, b"all", is_last=True))
    assert incoming.is_complete
    with pytest.raises(InvalidError, match="behind the last"):
        incoming.receive(Part(3, b"x"))


def test_gaps_and_what_was_never_sent_are_refused() -> None:
    outgoing, incoming = Outgoing(), Incoming()
    outgoing.add(b"abc")
    for taken in (1, -1):
        with pytest.raises(InvalidError):
            outgoing.take(taken)
    outgoing.next_part()
    outgoing.take(2)
    for start in (1, 4):
        with pytest.raises(InvalidError, match="go on"):
            outgoing.resume(start)
    with pytest.raises(InvalidError, match="from 0 on"):
        incoming.receive(Part(1, b"b"))


def test_what_is_out_of_the_way_is_said_now_and_then() -> None:
    incoming = Incoming()
    said = [taken for taken in range(0, WINDOW_BYTES + 1, 1024) if incoming.take(taken)]
    assert said == list(range(WINDOW_BYTES // 8, WINDOW_BYTES + 1, WINDOW_BYTES // 8))
    assert not incoming.take(5)
    assert incoming.taken_bytes == WINDOW_BYTES
