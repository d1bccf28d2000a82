"""The kind `firewall` where no other program keeps the packet filter: a table of nftables of Vigo's own."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.formats.nft_rules import NftRule, comments_of, live_comments, with_rule, without_rule
from vigo.catalog.ops import MakeDirectory, MakeSymlink, Op, Run, WriteFile
from vigo.catalog.resources.security.firewall_spec import IPV4, FirewallSpec, networks_of
from vigo.catalog.resources.security.firewall_tool import TOUCHES, changed_fields
from vigo.core.errors import BlockedError

NFT_FILE = "/etc/vigo/firewall.nft"

_FOLDER = "/etc/vigo"
_UNIT = "/etc/systemd/system/vigo-firewall.service"
_WANTS = "/etc/systemd/system/sysinit.target.wants"
_UNIT_TEXT = f"""# Written by Vigo: the firewall resources, before the network is up.
[Unit]
Description=Firewall rules of Vigo
DefaultDependencies=no
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
ConditionPathExists={NFT_FILE}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=%s -f {NFT_FILE}

[Install]
WantedBy=sysinit.target
"""
_PLACES = tuple(f"{folder}/nft" for folder in ("/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin"))
"""Where nft is, the usual place first: systemd before version 239 starts only what is named by its whole path."""
_LIST = ("nft", "-j", "list", "table", "inet", "vigo")
_MODE = 0o600
_LOAD = Run(argv=("nft", "-f", NFT_FILE), touches=TOUCHES)


class Nftables(msgspec.Struct, frozen=True, kw_only=True):
    """The file of rules, what the kernel has, and what loads the file at boot."""

    text: str | None
    has_folder: bool
    live: frozenset[str]
    is_image: bool
    has_nft: bool
    boots: bool
    unit: str | None
    unit_text: str
    wants: FileStat | None
    link: str | None

    def present(self, spec: FirewallSpec) -> Iterator[Op]:
        """Yield the file with the rule, what loads it at boot, and its load."""
        if not self.has_nft and not self.is_image:
            raise BlockedError("firewall: expected nft(8), found none; install the package nftables first")
        rule = _rule(spec)
        after = with_rule(self.text or "", rule)
        yield from self._written(after, changed_fields(self._former_order(spec.firewall), spec.order))
        if self.boots:
            yield from self._boot()
        if self.is_image:
            raise BlockedError("firewall: an image (--root) filters no packets; its boot will load the rules")
        if after != self.text or rule.comment not in self.live:
            yield _LOAD

    def absent(self, spec: FirewallSpec) -> Iterator[Op]:
        """Yield the file without the rule, and its load."""
        before = self.text or ""
        after = without_rule(before, spec.firewall)
        yield from self._written(after, ("state",))
        is_live = any(comment.split(" ")[1:2] == [spec.firewall] for comment in self.live)
        if not self.is_image and is_live:
            yield _LOAD

    def _written(self, after: str, changes: tuple[str, ...]) -> Iterator[Op]:
        if after == (self.text or ""):
            return
        if not self.has_folder:
            yield MakeDirectory(path=_FOLDER)
        yield WriteFile(path=NFT_FILE, content=after.encode(), mode=_MODE, changes=changes)

    def _boot(self) -> Iterator[Op]:
        if self.unit != self.unit_text:
            yield WriteFile(path=_UNIT, content=self.unit_text.encode(), mode=0o644, changes=("state",))
        if self.wants is None:
            yield MakeDirectory(path=_WANTS)
        if self.link != _UNIT:
            yield MakeSymlink(path=f"{_WANTS}/vigo-firewall.service", to=_UNIT, changes=("state",))

    def _former_order(self, name: str) -> int | None:
        words = (comment.split(" ") for comment in comments_of(self.text or ""))
        return next((int(order) for order, found, *_ in words if found == name), None)


def observe_nftables(host: ReadHost) -> Nftables:
    """Return the file, the kernel's rules and what loads the file at boot."""
    listing = host.query(_LIST) if host.has_program("nft") and not host.is_image() else None
    live = None if listing is None or listing.status else live_comments(listing.stdout)
    systemd = "/usr/lib/systemd/systemd" if host.is_image() else "/run/systemd/system"
    nft = next((path for path in _PLACES if host.has_program(path)), _PLACES[0])
    return Nftables(
        text=host.read_text(NFT_FILE),
        has_folder=host.stat(_FOLDER) is not None,
        live=live or frozenset(),
        is_image=host.is_image(),
        has_nft=host.has_program("nft"),
        boots=host.stat(systemd) is not None,
        unit=host.read_text(_UNIT),
        unit_text=_UNIT_TEXT % nft,
        wants=host.stat(_WANTS),
        link=host.read_link(f"{_WANTS}/vigo-firewall.service"),
    )


def _rule(spec: FirewallSpec) -> NftRule:
    networks = networks_of(spec)
    parts = []
    if networks:
        family = "ip" if networks[0].version == IPV4 else "ip6"
        parts.append(f"{family} saddr {{ {', '.join(map(str, networks))} }}")
    if spec.port is not None:
        parts.append(f"{spec.protocol} dport {{ {', '.join(spec.port.split(','))} }}")
    elif spec.protocol != "any":
        parts.append(f"meta l4proto {spec.protocol}")
    chain = "input" if spec.direction == "in" else "output"
    return NftRule(spec.order, spec.firewall, chain, " ".join([*parts, "counter", spec.action]))
