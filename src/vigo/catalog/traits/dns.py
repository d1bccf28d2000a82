"""The trait set `dns`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.nsswitch import parse_sources
from vigo.catalog.formats.resolver import parse_resolved_conf, parse_resolver

_RESOLV_CONF = "/etc/resolv.conf"
_UPSTREAM = "/run/systemd/resolve/resolv.conf"
_STUBS = frozenset({"127.0.0.53", "127.0.0.54"})
_RESOLVED = "/run/systemd/resolve"
_NSSWITCH = ("/etc/nsswitch.conf", "/usr/etc/nsswitch.conf")
_LINKS = {
    "/systemd/resolve/": "systemd-resolved",
    "/systemd/resolv.conf": "systemd-resolved",
    "/NetworkManager/": "networkmanager",
    "/resolvconf/": "resolvconf",
    "/netconfig/": "netconfig",
    "/connman/": "connman",
}
_RESOLVED_MAIN = (
    "/etc/systemd/resolved.conf",
    "/run/systemd/resolved.conf",
    "/usr/local/lib/systemd/resolved.conf",
    "/usr/lib/systemd/resolved.conf",
)
_NOWHERE = "/dev/null"
_MOST_DROPINS = 50
_LONGEST = 500


class DnsTraits(TraitSet, frozen=True, kw_only=True):
    """How the host finds names. A host without /etc/resolv.conf asks the name server on itself."""

    manager: Annotated[
        str,
        field(
            "What writes /etc/resolv.conf: systemd-resolved, networkmanager, resolvconf, netconfig, dhcpcd or another"
            " that it names; static where nobody signed it, empty without the file.",
            example="systemd-resolved",
        ),
    ]
    resolvers: Annotated[
        tuple[str, ...], field("Name servers of /etc/resolv.conf in their order, at most 20.", example=["127.0.0.53"])
    ]
    upstream: Annotated[
        tuple[str, ...],
        field(
            "Name servers that are asked in the end: those of systemd-resolved where it stands between, else the same.",
            example=["192.0.2.53"],
        ),
    ]
    search: Annotated[tuple[str, ...], field("Domains that are tried behind a short name, at most 20.")]
    options: Annotated[tuple[str, ...], field("Options of the resolver, at most 20.", example=["edns0", "trust-ad"])]
    hosts_order: Annotated[
        tuple[str, ...],
        field(
            "Where names of hosts are looked up, in order (nsswitch.conf); empty where the C library has no such file.",
            example=["files", "dns"],
        ),
    ]
    dnssec: Annotated[str, field("`DNSSEC=` of systemd-resolved; empty where no file sets it or it does not run.")]
    dns_over_tls: Annotated[
        str, field("`DNSOverTLS=` of systemd-resolved; empty where no file sets it or it does not run.")
    ]


@collector("dns", every=timedelta(minutes=30), timeout=timedelta(seconds=5))
def collect_dns(host: ReadHost) -> DnsTraits:
    """Report the resolver. Source: resolv.conf(5), nsswitch.conf(5), systemd-resolved.service(8).

    Raises:
        UnavailableError: one of the files cannot be read.
    """
    text = host.read_text(_RESOLV_CONF)
    found = parse_resolver(text or "")
    is_behind_stub = bool(found.servers) and _STUBS.issuperset(found.servers)
    upstream = parse_resolver(host.read_text(_UPSTREAM) or "").servers if is_behind_stub else found.servers
    settings = parse_resolved_conf(_resolved_files(host)) if host.stat(_RESOLVED) is not None else {}
    link = host.read_link(_RESOLV_CONF) or ""
    manager = next((name for part, name in _LINKS.items() if part in link), found.author)
    nsswitch = next((one for path in _NSSWITCH if (one := host.read_text(path)) is not None), "")
    return DnsTraits(
        manager=manager or ("" if text is None else "static"),
        resolvers=found.servers,
        upstream=upstream,
        search=found.search,
        options=found.options,
        hosts_order=parse_sources(nsswitch, "hosts"),
        dnssec=settings.get("DNSSEC", "")[:_LONGEST],
        dns_over_tls=settings.get("DNSOverTLS", "")[:_LONGEST],
    )


def _resolved_files(host: ReadHost) -> tuple[str, ...]:
    """Return the texts that systemd reads: one main file, then the drop-ins by their name, each name's first place."""
    main = next((text for path in _RESOLVED_MAIN if (text := _unmasked(host, path)) is not None), "")
    dropins: dict[str, str] = {}
    for folder in (f"{path}.d" for path in _RESOLVED_MAIN):
        for name in host.list_directory(folder) or ():
            if name.endswith(".conf"):
                dropins.setdefault(name, f"{folder}/{name}")
    paths = [path for _, path in sorted(dropins.items())][:_MOST_DROPINS]
    return (main, *(_unmasked(host, path) or "" for path in paths))


def _unmasked(host: ReadHost, path: str) -> str | None:
    """Return a file's text. One that is masked, a link to nowhere, hides those of its name and says nothing."""
    return "" if host.read_link(path) == _NOWHERE else host.read_text(path)
