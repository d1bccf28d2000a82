"""What firewalls do with packets that no rule decides. Pure: the texts of tools in, policies by hook out.

Source: libnftables-json(5), iptables-save(8), ufw(8), firewalld.conf(5), firewalld.zone(5).
"""

import re
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from vigo.catalog.formats.shell_assignments import assigned_value
from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import InvalidError

HOOKS: Final = ("input", "forward", "output")
_STRICTNESS: Final = {"accept": 0, "reject": 1, "drop": 2}
_FAMILIES: Final = {"ip": ("ipv4",), "ip6": ("ipv6",), "inet": ("ipv4", "ipv6")}
_CHAIN: Final = re.compile(r":(?P<name>INPUT|FORWARD|OUTPUT) (?P<policy>ACCEPT|DROP)\b")
_UFW_POLICIES: Final = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "reject"}
_ZONE: Final = re.compile(r"<zone\b[^>]{0,500}?\btarget\s*=\s*[\"'](?P<target>[^\"']{1,50})[\"']")
_ZONE_TARGETS: Final = {"ACCEPT": "accept", "DROP": "drop", "%%REJECT%%": "reject"}
_ZONE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_/-]{0,40}")


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to packets that no rule decides; empty where nothing looks at them."""

    input: str = ""
    forward: str = ""
    output: str = ""


class Ruleset(msgspec.Struct, frozen=True, kw_only=True):
    """The kernel's filters: policies by `ipv4` and `ipv6`, and the tables that hold them, such as `inet filter`."""

    policies: dict[str, Policies] = {}
    tables: tuple[str, ...] = ()


class _Chain(msgspec.Struct):
    family: Annotated[str, msgspec.Meta(max_length=20)]
    table: str
    name: str
    type: str = ""
    hook: str = ""
    policy: str = ""


class _Entry(msgspec.Struct):
    chain: _Chain | None = None


class _Listing(msgspec.Struct):
    nftables: list[_Entry]


def parse_nft_chains(text: str) -> Ruleset:
    """Return what `nft -j list chains` prints: of several chains at a hook the strictest decides, as in the kernel.

    Raises:
        InvalidError: it is no such answer.
    """
    try:
        listing = msgspec.json.decode(text.encode(errors="replace"), type=_Listing)
    except NOT_DECODED as error:
        raise InvalidError(f"expected the chains of nftables as JSON, found none: {error}") from error
    chains = [entry.chain for entry in listing.nftables if entry.chain is not None]
    filters = [one for one in chains if one.type == "filter" and one.hook in HOOKS and one.family in _FAMILIES]
    return Ruleset(
        policies={
            version: _strictest((one.hook, one.policy) for one in filters if version in _FAMILIES[one.family])
            for version in ("ipv4", "ipv6")
            if any(version in _FAMILIES[one.family] for one in filters)
        },
        tables=tuple(sorted({f"{one.family} {one.table}" for one in filters})),
    )


def parse_iptables_save(text: str) -> Policies:
    """Return the policies of a table as `iptables-save -t filter` prints it, or as a file of rules keeps it."""
    table, found = "", dict[str, str]()
    for line in text.split("\n"):
        if line.startswith("*"):
            table = line[1:].strip()
        chain = _CHAIN.match(line) if table == "filter" else None
        if chain is not None:
            found[chain["name"].lower()] = chain["policy"].lower()
    return Policies(**found)


def parse_ufw(settings: str, defaults: str) -> tuple[bool, Policies]:
    """Return whether ufw.conf switches ufw on, and the policies of /etc/default/ufw."""
    found = {hook: assigned_value(defaults, f"DEFAULT_{hook.upper()}_POLICY") or "" for hook in HOOKS}
    policies = Policies(**{hook: _UFW_POLICIES.get(value.upper(), "") for hook, value in found.items()})
    return (assigned_value(settings, "ENABLED") or "").lower() == "yes", policies


def parse_default_zone(settings: str) -> str:
    """Return the zone for interfaces without one of their own, by firewalld.conf; `public` where it says none."""
    value = assigned_value(settings, "DefaultZone") or ""
    return value if _ZONE_NAME.fullmatch(value) else "public"


def zone_policy(zone: str) -> str:
    """Return what a zone's XML does with packets that none of its rules takes: `default` turns them away too."""
    found = _ZONE.search(zone)
    return "reject" if found is None else _ZONE_TARGETS.get(found["target"], "reject")


def both(one: Policies, other: Policies) -> Policies:
    """Return what holds where a packet must pass two filters."""
    return _strictest((hook, policy) for part in (one, other) for hook in HOOKS if (policy := getattr(part, hook)))


def _strictest(policies: Iterable[tuple[str, str]]) -> Policies:
    found: dict[str, str] = {}
    for hook, policy in policies:
        # A base chain that names none accepts.
        named = policy if policy in _STRICTNESS else "accept"
        found[hook] = max(found.get(hook, "accept"), named, key=_STRICTNESS.__getitem__)
    return Policies(**found)
