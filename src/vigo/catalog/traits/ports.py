"""The trait set `ports`."""

import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.socket_tables import OpenSocket, parse_tcp_listeners, parse_udp_receivers
from vigo.core.errors import UnavailableError

_TABLES = {
    "tcp": (parse_tcp_listeners, ("/proc/net/tcp", "/proc/net/tcp6")),
    "udp": (parse_udp_receivers, ("/proc/net/udp", "/proc/net/udp6")),
}
_MOST, _MOST_PORTS = 200, 1000
_MOST_DESCRIPTORS = 1024
"""Of each process: servers open what they listen on at their start, and a busy one has 100,000 connections after it."""
_MOST_LINKS = 20_000
_FIRST_PROCESS = "1"

_Place = tuple[str, str, int]


class ListeningPort(msgspec.Struct, frozen=True, kw_only=True):
    """An address and port on which a process waits for others."""

    protocol: Annotated[str, field("tcp or udp.", example="tcp")]
    port: Annotated[int, field("Port.", example=443)]
    address: Annotated[
        str, field("Address; 0.0.0.0 is every IPv4 address, `::` every one, mostly with IPv4.", example="127.0.0.1")
    ]
    process: Annotated[
        str,
        field(
            "Name of its process as the kernel has it, cut at 15 characters; of several the one that was first. Empty"
            " for the kernel's own, another container's, and one that the agent may not look into.",
            example="nginx",
        ),
    ]


class PortsTraits(TraitSet, frozen=True, kw_only=True):
    """What is listened on.

    A UDP socket without a peer counts: nothing tells a server's from a client's that waits for answers.
    """

    tcp: Annotated[tuple[int, ...], field("All TCP ports, sorted, at most 1,000.", example=[22, 443])]
    udp: Annotated[tuple[int, ...], field("All UDP ports, sorted, at most 1,000.", example=[123])]
    listening: Annotated[
        tuple[ListeningPort, ...], field("Each place once, sorted by protocol, port and address, at most 200.")
    ]
    count: Annotated[int, field("Number of all such places.", example=3)]


@collector("ports", every=timedelta(minutes=30), timeout=timedelta(seconds=10))
def collect_ports(host: ReadHost) -> PortsTraits:
    """Report the listening sockets with their processes. Source: proc_pid_net(5), proc_pid_fd(5).

    A kernel without networking, or without IPv6, has no table of it: then nothing listens there.

    Raises:
        UnavailableError: this is an image, or a table cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image listens on nothing; it shows on the machine that boots it")
    found: dict[_Place, set[int]] = {}
    for protocol, socket in _sockets(host):
        found.setdefault((protocol, socket.address, socket.port), set()).add(socket.inode)
    places = sorted(found, key=lambda place: (place[0], place[2], place[1]))
    told = places[:_MOST]
    owners = _owners(host, {f"socket:[{inode}]" for place in told for inode in found[place] if inode})
    return PortsTraits(
        tcp=_ports(found, "tcp"),
        udp=_ports(found, "udp"),
        listening=tuple(
            ListeningPort(
                protocol=protocol,
                port=port,
                address=address,
                process=_owner(found[protocol, address, port], owners),
            )
            for protocol, address, port in told
        ),
        count=len(places),
    )


def _sockets(host: ReadHost) -> Iterator[tuple[str, OpenSocket]]:
    for protocol, (parse, paths) in _TABLES.items():
        for path in paths:
            for socket in parse(host.read_text(path) or "", sys.byteorder):
                yield protocol, socket


def _ports(places: Mapping[_Place, set[int]], protocol: str) -> tuple[int, ...]:
    return tuple(sorted({place[2] for place in places if place[0] == protocol})[:_MOST_PORTS])


def _owner(inodes: set[int], owners: Mapping[str, str]) -> str:
    names = (owners.get(f"socket:[{inode}]", "") for inode in sorted(inodes))
    return next((name for name in names if name), "")


def _owners(host: ReadHost, wanted: set[str]) -> Mapping[str, str]:
    """Return the names of the processes that hold the wanted sockets, as their descriptors lead to them.

    This is the dear part, so it ends with the last one found.
    """
    found: dict[str, str] = {}
    links_left = _MOST_LINKS
    for pid in _processes(host) if wanted else ():
        if not wanted or links_left <= 0:
            break
        held: set[str] = set()
        try:
            # The kernel's own threads have no program, and no descriptors.
            if host.read_link(f"/proc/{pid}/exe") is None:
                continue
            folder = f"/proc/{pid}/fd"
            names = sorted(host.list_directory(folder) or (), key=lambda name: (len(name), name))[:_MOST_DESCRIPTORS]
            links_left -= len(names)
            held = wanted.intersection(host.read_link(f"{folder}/{name}") or "" for name in names)
            name = (host.read_text(f"/proc/{pid}/comm") or "").strip() if held else ""
        except UnavailableError:  # it ended meanwhile, or is not ours to look into: then nothing is told of it
            continue
        found.update(dict.fromkeys(held, name))
        wanted = wanted - held
    return found


def _processes(host: ReadHost) -> Iterator[str]:
    """Yield the numbers of processes, the oldest first, but the first of all last.

    systemd holds the sockets by which it starts services; a service that was started says more.
    """
    names = [name for name in host.list_directory("/proc") or () if name.isascii() and name.isdigit()]
    yield from sorted(names, key=lambda name: (name == _FIRST_PROCESS, len(name), name))
