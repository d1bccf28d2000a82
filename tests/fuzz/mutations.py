"""Bytes that nobody would send: at random, and by changing what somebody did send."""

from collections.abc import Sequence

from hypothesis import strategies as st


def mutated(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Return bytes at random, samples, and samples with parts flipped, cut, doubled, inserted and crossed."""
    return st.one_of(st.binary(max_size=200), st.sampled_from(samples), _changed(samples))


@st.composite
def _changed(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    content = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        kind = draw(st.sampled_from(("flip", "cut", "insert", "double", "cross", "many")))
        if kind == "flip" and at < len(content):
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del content[at : at + draw(st.integers(1, 40))]
        elif kind == "insert":
            content[at:at] = draw(st.binary(min_size=1, max_size=20))
        elif kind == "double":
            content[at:at] = content[at : at + draw(st.integers(1, 60))]
        elif kind == "cross":
            content = content[:at] + draw(st.sampled_from(samples))[at:]
        else:
            content[at:at] = draw(st.sampled_from((b"\xff", b"\x00", b"\x80", b"\x93", b"[", b"{", b"\x0a"))) * draw(
                st.integers(1, 300)
            )
    return bytes(content)
