"""The trait set `network`."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.interfaces import Address, Link, parse_if_inet6, parse_ip_addresses, parse_local_ipv4
from vigo.catalog.formats.name_service import full_name, parse_resolv_conf
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.formats.routes import Route as KernelRoute
from vigo.catalog.formats.routes import contains, parse_ipv4_routes, parse_ipv6_routes

_INTERFACES = "/sys/class/net"
_NEVER_GLOBAL = ("127.", "169.254.")


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """One network interface."""

    mac: Annotated[str, field("Hardware address; empty for one without.", example="52:54:00:12:34:56")]
    mtu_bytes: Annotated[int, field("Largest packet, in bytes.", example=1500)]
    up: Annotated[bool, field("Whether it is switched on and has a carrier, as far as it can tell.")]
    addresses: Annotated[
        tuple[str, ...], field("Addresses with their prefix length, temporary ones left out.", example=["192.0.2.7/24"])
    ]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where packets to a network go."""

    destination: Annotated[str, field("Network with its prefix length; 0.0.0.0/0 or ::/0 is the default.")]
    gateway: Annotated[str, field("Address of the gateway; empty where the network is reached directly.")]
    interface: Annotated[str, field("Interface that the packets leave by.", example="eth0")]


class NetworkTraits(TraitSet, frozen=True, kw_only=True):
    """The host's names, interfaces and ways. In an image only the names and the name servers are known."""

    hostname: Annotated[
        str,
        field("Name that the host has; in an image what its /etc/hostname says, empty without one.", example="web-1"),
    ]
    fqdn: Annotated[
        str,
        field("Full name by /etc/hosts, without asking a name server; else the hostname.", example="web-1.example.com"),
    ]
    interfaces: Annotated[dict[str, Interface], field("Interfaces by name.")]
    addresses: Annotated[
        tuple[str, ...], field("Addresses by which other machines reach this one, sorted.", example=["192.0.2.7"])
    ]
    routes: Annotated[tuple[Route, ...], field("Routes: all of IPv4, those of IPv6 that lead through a gateway.")]
    dns: Annotated[tuple[str, ...], field("Addresses of the name servers, in their order.", example=["192.0.2.53"])]
    dns_search: Annotated[tuple[str, ...], field("Domains that are tried behind a short name.")]


@collector("network", every=timedelta(hours=1), timeout=timedelta(seconds=5))
def collect_network(host: ReadHost) -> NetworkTraits:
    """Report the network. Source: ip-address(8), hostname(5), hosts(5), resolv.conf(5).

    Nothing missing makes it fail: an image without /etc/hostname has the empty name.
    """
    hostname = _hostname(host)
    ipv4: tuple[KernelRoute, ...] = ()
    ipv6: tuple[KernelRoute, ...] = ()
    links: Mapping[str, Link] = {}
    if not host.is_image():
        ipv4 = parse_ipv4_routes(host.read_text("/proc/net/route") or "", sys.byteorder)
        ipv6 = parse_ipv6_routes(host.read_text("/proc/net/ipv6_route") or "")
        links = _links(host, ipv4)
    resolver = parse_resolv_conf(host.read_text("/etc/resolv.conf") or "")
    reachable = {address.text for link in links.values() for address in link.addresses if address.is_global}
    return NetworkTraits(
        hostname=hostname,
        fqdn=full_name(host.read_text("/etc/hosts") or "", hostname),
        interfaces={
            name: Interface(mac=link.mac, mtu_bytes=link.mtu_bytes, up=link.is_up, addresses=_texts(link))
            for name, link in sorted(links.items())
        },
        addresses=tuple(sorted(reachable)),
        routes=tuple(
            Route(destination=route.destination, gateway=route.gateway, interface=route.interface)
            for route in (*ipv4, *ipv6)
        ),
        dns=resolver.servers,
        dns_search=resolver.search,
    )


def _hostname(host: ReadHost) -> str:
    running = None if host.is_image() else host.read_text("/proc/sys/kernel/hostname")
    if running is not None:
        return running.strip()
    lines = (line.partition("#")[0].strip() for line in (host.read_text("/etc/hostname") or "").split("\n"))
    return next((line for line in lines if line), "")


def _texts(link: Link) -> tuple[str, ...]:
    return tuple(sorted(map(str, link.addresses)))


def _links(host: ReadHost, routes: tuple[KernelRoute, ...]) -> Mapping[str, Link]:
    answer = host.query(("ip", "-j", "addr"))
    links = parse_ip_addresses(answer.stdout) if answer is not None and answer.status == 0 else None
    return _links_of_kernel(host, routes) if links is None else links


def _links_of_kernel(host: ReadHost, routes: tuple[KernelRoute, ...]) -> Mapping[str, Link]:
    """Return the interfaces where there is no ip(8), or only BusyBox's, which has no JSON."""
    ipv6 = parse_if_inet6(host.read_text("/proc/net/if_inet6") or "")
    ipv4 = parse_local_ipv4(host.read_text("/proc/net/fib_trie") or "")
    links: dict[str, Link] = {}
    for name in host.list_directory(_INTERFACES) or ():
        if host.stat(f"{_INTERFACES}/{name}/mtu") is None and host.stat(f"{_INTERFACES}/{name}/address") is None:
            continue  # a file of the bonding driver, not an interface
        told = {key: (host.read_text(f"{_INTERFACES}/{name}/{key}") or "").strip() for key in ("address", "operstate")}
        mtu = whole_number(host.read_text(f"{_INTERFACES}/{name}/mtu") or "") or 0
        addresses = (*_ipv4_of(name, ipv4, routes), *ipv6.get(name, ()))
        is_loopback = name == "lo"
        links[name] = Link("" if is_loopback else told["address"], mtu, told["operstate"] != "down", addresses)
    return links


def _ipv4_of(name: str, addresses: tuple[str, ...], routes: tuple[KernelRoute, ...]) -> tuple[Address, ...]:
    """Return the addresses that lie in a network which the interface reaches directly."""
    if name == "lo":
        return tuple(Address(text, 8, is_global=False) for text in addresses if text.startswith("127."))
    networks = [route.destination for route in routes if route.interface == name and not route.gateway]
    found: list[Address] = []
    for text in addresses:
        bits = max((int(network.partition("/")[2]) for network in networks if contains(network, text)), default=None)
        if bits is not None:
            found.append(Address(text, bits, is_global=not text.startswith(_NEVER_GLOBAL)))
    return tuple(found)
