"""The table of host names: hosts(5). Pure: text in, text out; comments, blanks and other entries stay as they are."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import NamedTuple

_WORD = re.compile(r"\S+")


class HostEntry(NamedTuple):
    """One line of the table: an address and its names, the canonical one first."""

    ip: str
    names: tuple[str, ...]


def family_of(ip: str) -> int:
    """Return 4 or 6, or 0 for what is no address."""
    try:
        return ip_address(ip.partition("%")[0]).version
    except ValueError:
        return 0


def entries_of(text: str, host: str, family: int) -> tuple[HostEntry, ...]:
    """Return the entries of an address family that name a host, in their order."""
    parsed = (_parsed(line) for line in text.split("\n"))
    return tuple(entry for entry in parsed if entry is not None and _names(entry, host, family))


def with_host(text: str, host: str, ip: str, aliases: Sequence[str]) -> str:
    """Return the text with exactly one entry that names the host in the family of its address.

    The entry that begins with the host is corrected where it stands; elsewhere the host's name is taken away.
    A text that has just that already is returned as it is.
    """
    wanted = HostEntry(ip, (host, *aliases))
    family, is_placed = family_of(ip), False
    before = _lines(text)
    lines: list[str] = []
    for line in before:
        entry = _parsed(line)
        if entry is None or not _names(entry, host, family):
            lines.append(line)
        elif entry.names[0] == host and not is_placed:
            is_placed = True
            lines.append(line if entry == wanted else _written(wanted, line))
        else:
            lines += _less(line, entry, host)
    if not is_placed:
        lines.append(_written(wanted, ""))
    if lines == before:
        return text
    return "".join(f"{line}\n" for line in lines)


def without_host(text: str, host: str, family: int | None) -> str:
    """Return the text without a host: its own entries go, from those of others its name goes.

    `family` is 4 or 6, or None for both. A text without the host is returned as it is.
    """
    families = (4, 6) if family is None else (family,)
    lines: list[str] = []
    is_changed = False
    for line in _lines(text):
        entry = _parsed(line)
        if entry is None or not any(_names(entry, host, one) for one in families):
            lines.append(line)
            continue
        is_changed = True
        if entry.names[0] != host:
            lines += _less(line, entry, host)
    return "".join(f"{line}\n" for line in lines) if is_changed else text


def _names(entry: HostEntry, host: str, family: int) -> bool:
    return host.lower() in (name.lower() for name in entry.names) and family_of(entry.ip) == family


def _parsed(line: str) -> HostEntry | None:
    words = line.partition("#")[0].split()
    return HostEntry(words[0], tuple(words[1:])) if len(words) > 1 else None


def _less(line: str, entry: HostEntry, host: str) -> Iterator[str]:
    """Yield the line without the host's name, or nothing where it had no other."""
    if all(name.lower() == host.lower() for name in entry.names):
        return
    body, mark, comment = line.partition("#")
    for found in reversed(list(_WORD.finditer(body))[1:]):
        if found[0].lower() == host.lower():
            start = len(body[: found.start()].rstrip())
            body = body[:start] + body[found.end() :]
    yield f"{body}{mark}{comment}"


def _written(entry: HostEntry, line: str) -> str:
    """Return an entry as a line, with the comment that the former line had."""
    _, mark, comment = line.partition("#")
    text = f"{entry.ip}\t{' '.join(entry.names)}"
    return f"{text} {mark}{comment}" if mark else text


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []
