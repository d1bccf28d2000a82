"""The kind `firewall`."""

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import shown
from vigo.catalog.formats.nft_rules import NftRule, comments_of, live_comments, with_rule, without_rule
from vigo.catalog.formats.shell_assignments import assigned_value
from vigo.catalog.ops import MakeDirectory, MakeSymlink, Op, Run, WriteFile
from vigo.core.errors import BlockedError, InvalidError

_FOLDER, _FILE = "/etc/vigo", "/etc/vigo/firewall.nft"
_UNIT = "/etc/systemd/system/vigo-firewall.service"
_WANTS = "/etc/systemd/system/sysinit.target.wants"
_UNIT_TEXT = f"""# Written by Vigo: the firewall resources, before the network is up.
[Unit]
Description=Firewall rules of Vigo
DefaultDependencies=no
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
ConditionPathExists={_FILE}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {_FILE}

[Install]
WantedBy=sysinit.target
"""
_LIST = ("nft", "-j", "list", "table", "inet", "vigo")
_MODE = 0o600
_HIGHEST_PORT = 65535
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
_PORTS = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*")
_LOAD = Run(argv=("nft", "-f", _FILE), touches=("firewall",))


class FirewallSpec(Spec, frozen=True, kw_only=True):
    """One rule of the packet filter."""

    firewall: Annotated[str, field("Name of the rule.", example="ssh-from-office")]
    port: Annotated[
        str | None, field("Port, range or several with commas, at this machine.", example="80,443,8000-8100")
    ] = None
    protocol: Annotated[Literal["tcp", "udp", "any"], field("With any there is no port.")] = "tcp"
    action: Annotated[Literal["accept", "drop", "reject"], field("What happens to the packets.")] = "accept"
    sources: Annotated[
        tuple[str, ...], field("Senders, as addresses or networks of one family; all where left out.")
    ] = msgspec.field(default=(), name="from")
    direction: Annotated[Literal["in", "out"], field("Packets to this machine, or from it to a port elsewhere.")] = "in"
    order: Annotated[
        int,
        field("Rules are tried from the lowest to the highest, then by name; the first one decides.", ge=0, le=999),
    ] = 500
    state: Annotated[Literal["present", "absent"], field("Whether the rule shall be there.")] = "present"


class FirewallState(msgspec.Struct, frozen=True, kw_only=True):
    """The file of rules, what the kernel has, and what loads the file at boot."""

    text: str | None
    has_folder: bool
    live: frozenset[str] | None
    is_image: bool
    has_nft: bool
    other: str
    boots: bool
    unit: str | None
    wants: FileStat | None
    link: str | None


class Firewall(Resource[FirewallSpec, FirewallState]):
    """All rules stand in one table of Vigo's own, `inet vigo`, which is replaced at once; others' tables stay.

    What belongs to a connection that is let through already, and what the machine sends to itself, is always
    accepted: no rule cuts the agent off in the middle. Other tables see the packets too: what one of them drops stays
    dropped. Where ufw or firewalld runs, the rule is blocked, since that would drop what this accepts.
    """

    kind, since, spec = "firewall", "0.1", FirewallSpec
    name_field = "firewall"

    def validate(self, spec: FirewallSpec) -> None:
        """Accept a name, ports and networks as nft(8) takes them."""
        if not _NAME.fullmatch(spec.firewall):
            raise InvalidError(
                f"firewall: expected a name of letters, digits, `_`, `-` and dots, found {shown(spec.firewall)}"
            )
        if spec.port is not None:
            _check_ports(spec.port)
            if spec.protocol == "any":
                raise InvalidError("port: expected protocol tcp or udp beside it, found any; choose one")
        _families(spec)
        if spec.direction == "out" and spec.sources:
            raise InvalidError("from: expected direction: in beside it, found out; the sender is this machine")
        if spec.direction == "out" and spec.port is None and spec.action != "accept":
            raise InvalidError(
                "port: expected one beside direction: out: without it the agent could dial no server any more"
            )

    def observe(self, spec: FirewallSpec, host: ReadHost) -> FirewallState:
        """Return the file, the kernel's rules and what loads the file at boot."""
        del spec
        listing = host.query(_LIST) if host.has_program("nft") and not host.is_image() else None
        systemd = "/usr/lib/systemd/systemd" if host.is_image() else "/run/systemd/system"
        return FirewallState(
            text=host.read_text(_FILE),
            has_folder=host.stat(_FOLDER) is not None,
            live=None if listing is None or listing.status else live_comments(listing.stdout),
            is_image=host.is_image(),
            has_nft=host.has_program("nft"),
            other=_other_firewall(host),
            boots=host.stat(systemd) is not None,
            unit=host.read_text(_UNIT),
            wants=host.stat(_WANTS),
            link=host.read_link(f"{_WANTS}/vigo-firewall.service"),
        )

    def plan(self, spec: FirewallSpec, state: FirewallState) -> Iterator[Op]:
        """Yield the file, what loads it at boot, and its load."""
        if spec.state == "present" and state.other:
            raise BlockedError(
                f"firewall: expected no other program to keep the packet filter, found {state.other}; make the rule"
                f" there, or stop {state.other}"
            )
        if spec.state == "present" and not state.has_nft and not state.is_image:
            raise BlockedError("firewall: expected nft(8), found none; install the package nftables first")
        before = state.text or ""
        rule = _rule(spec)
        after = with_rule(before, rule) if spec.state == "present" else without_rule(before, spec.firewall)
        if after != before:
            if not state.has_folder:
                yield MakeDirectory(path=_FOLDER)
            changes = _changes(spec, before, rule)
            yield WriteFile(path=_FILE, content=after.encode(), mode=_MODE, changes=changes)
        if spec.state == "present" and state.boots:
            yield from _boot(state)
        if state.is_image:
            if spec.state == "present":
                raise BlockedError("firewall: an image (--root) filters no packets; its boot will load the rules")
            return
        if _is_to_load(spec, state, rule, changed=after != before):
            yield _LOAD

    def owns(self, spec: FirewallSpec) -> tuple[str, ...]:
        """Return the rule."""
        return (f"firewall:{spec.firewall}",)

    def watches(self, spec: FirewallSpec) -> tuple[str, ...]:
        """Return the file of rules."""
        del spec
        return (_FILE,)


def _is_to_load(spec: FirewallSpec, state: FirewallState, rule: NftRule, *, changed: bool) -> bool:
    live = state.live or frozenset()
    if spec.state == "absent":
        return any(comment.split(" ")[1:2] == [spec.firewall] for comment in live)
    return changed or rule.comment not in live


def _boot(state: FirewallState) -> Iterator[Op]:
    if state.unit != _UNIT_TEXT:
        yield WriteFile(path=_UNIT, content=_UNIT_TEXT.encode(), mode=0o644, changes=("state",))
    if state.wants is None:
        yield MakeDirectory(path=_WANTS)
    if state.link != _UNIT:
        yield MakeSymlink(path=f"{_WANTS}/vigo-firewall.service", to=_UNIT, changes=("state",))


def _rule(spec: FirewallSpec) -> NftRule:
    families = _families(spec)
    parts = []
    if families:
        (family,) = families
        addresses = ", ".join(str(ip_network(one)) for one in spec.sources)
        parts.append(f"{'ip' if family == 4 else 'ip6'} saddr {{ {addresses} }}")  # noqa: PLR2004 - the version of IP
    if spec.port is not None:
        parts.append(f"{spec.protocol} dport {{ {', '.join(spec.port.split(','))} }}")
    elif spec.protocol != "any":
        parts.append(f"meta l4proto {spec.protocol}")
    chain = "input" if spec.direction == "in" else "output"
    return NftRule(spec.order, spec.firewall, chain, " ".join([*parts, "counter", spec.action]))


def _families(spec: FirewallSpec) -> frozenset[int]:
    try:
        found = frozenset(ip_network(one).version for one in spec.sources)
    except ValueError as error:
        raise InvalidError(
            f"from: expected addresses or networks such as 192.0.2.0/24, found another: {error}"
        ) from error
    if len(found) > 1:
        raise InvalidError("from: expected addresses of one family, found IPv4 and IPv6; make two rules of it")
    return found


def _check_ports(text: str) -> None:
    if not _PORTS.fullmatch(text):
        raise InvalidError(f"port: expected ports such as 80,443,8000-8100, found {shown(text)}; correct it")
    for part in text.split(","):
        low, _, high = part.partition("-")
        if not 1 <= int(low) <= int(high or low) <= _HIGHEST_PORT:
            raise InvalidError(f"port: expected ports from 1 to 65535, the lower one first, found {part}; correct it")


def _changes(spec: FirewallSpec, before: str, rule: NftRule) -> tuple[str, ...]:
    former = next((one for one in comments_of(before) if one.split(" ")[1] == spec.firewall), None)
    if spec.state == "absent" or former is None:
        return ("state",)
    return ("order",) if former.split(" ")[2] == rule.comment.split(" ")[2] else ("action",)


def _other_firewall(host: ReadHost) -> str:
    if assigned_value(host.read_text("/etc/ufw/ufw.conf") or "", "ENABLED") == "yes":
        return "ufw"
    marks = ("/run/firewalld", "/run/firewalld.pid")
    return "firewalld" if any(host.stat(mark) is not None for mark in marks) else ""
