"""Which packages nobody asked for by name: apt's extended_states. Pure: text in, names out."""

from collections.abc import Iterator, Mapping


def parse_extended_states(text: str) -> frozenset[str]:
    """Return the names of the packages that came along with others. Source: apt-mark(8), `auto`."""
    return frozenset(
        stanza["Package"] for stanza in _stanzas(text) if stanza.get("Auto-Installed") == "1" and "Package" in stanza
    )


def _stanzas(text: str) -> Iterator[Mapping[str, str]]:
    for part in text.split("\n\n"):
        rows = (line.partition(":") for line in part.split("\n"))
        yield {name: value.strip() for name, colon, value in rows if colon}
