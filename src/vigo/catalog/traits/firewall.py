"""The trait set `firewall`."""

from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import CommandResult, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.firewall_rules import (
    Policies,
    Ruleset,
    both,
    parse_default_zone,
    parse_iptables_save,
    parse_nft_chains,
    parse_ufw,
    zone_policy,
)
from vigo.core.errors import InvalidError, UnavailableError

_UFW_CONF, _UFW_DEFAULTS = "/etc/ufw/ufw.conf", "/etc/default/ufw"
_FIREWALLD_CONF = "/etc/firewalld/firewalld.conf"
_ZONE_FOLDERS = ("/etc/firewalld/zones", "/usr/lib/firewalld/zones")
_UNITS = {
    "firewalld": ("firewalld",),
    "nftables": ("nftables",),
    "iptables": ("iptables", "ip6tables", "netfilter-persistent"),
}
_RULE_FILES = {
    "ipv4": (
        "/etc/iptables/rules.v4",
        "/etc/sysconfig/iptables",
        "/etc/iptables/rules-save",
        "/etc/iptables/iptables.rules",
    ),
    "ipv6": (
        "/etc/iptables/rules.v6",
        "/etc/sysconfig/ip6tables",
        "/etc/iptables/rules6-save",
        "/etc/iptables/ip6tables.rules",
    ),
}
"""Where iptables and ip6tables keep what a boot loads: Debian, Red Hat, Alpine, Arch."""
_RUNNING_FIREWALLD = (
    "/sys/fs/cgroup/system.slice/firewalld.service",
    "/sys/fs/cgroup/systemd/system.slice/firewalld.service",
    "/run/openrc/started/firewalld",
)
_LIST_CHAINS = ("nft", "-j", "list", "chains")
_WITHOUT_JSON = "json support not compiled"
_LEGACY = {"ipv4": ("iptables", "/proc/net/ip_tables_names"), "ipv6": ("ip6tables", "/proc/net/ip6_tables_names")}
"""The programs of the former tables by version, and the kernel's lists of those that it has loaded."""
_MOST_TABLES = 100


class DefaultPolicies(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to packets that no rule decides: accept, reject or drop; empty where nothing looks at them."""

    input: Annotated[str, field("Packets to the host.", example="drop")]
    forward: Annotated[str, field("Packets through the host.", example="drop")]
    output: Annotated[str, field("Packets from the host.", example="accept")]


class FirewallTraits(TraitSet, frozen=True, kw_only=True):
    """What filters the host's packets, and what it does with those that no rule decides."""

    installed: Annotated[
        tuple[str, ...], field("Which of firewalld, iptables, nftables and ufw are installed.", example=["nftables"])
    ]
    enabled: Annotated[tuple[str, ...], field("Which of them a boot starts.", example=["nftables"])]
    tool: Annotated[
        str,
        field("Which of them is in charge: firewalld and ufw come before what they themselves drive; empty for none."),
    ]
    active: Annotated[
        bool | None, field("Whether packets are filtered now; none in an image, or where nobody can be asked.")
    ]
    policies: Annotated[
        dict[str, DefaultPolicies],
        field(
            "Policies by `ipv4` and `ipv6`: of the kernel's chains, the strictest of those at one hook; with firewalld"
            " of its default zone; in an image of the files. A last rule that drops all the rest is not seen."
        ),
    ]
    tables: Annotated[
        tuple[str, ...], field("Tables of nftables that filter, sorted, at most 100.", example=["inet filter"])
    ]
    zone: Annotated[str, field("Default zone of firewalld; empty where it is not in charge.", example="public")]


@collector("firewall", every=timedelta(hours=1), timeout=timedelta(seconds=15))
def collect_firewall(host: ReadHost) -> FirewallTraits:
    """Report the firewall. Source: nft(8), iptables-save(8), ufw(8), firewalld(1).

    Raises:
        UnavailableError: the kernel's chains cannot be listed, as by an agent that is not root.
    """
    ufw_is_on, ufw_policies = parse_ufw(host.read_text(_UFW_CONF) or "", host.read_text(_UFW_DEFAULTS) or "")
    enabled = [tool for tool, units in _UNITS.items() if any(_is_enabled(host, unit) for unit in units)]
    firewalld_runs = not host.is_image() and any(host.stat(path) is not None for path in _RUNNING_FIREWALLD)
    kernel = None if host.is_image() else _kernel(host)
    tool = _in_charge(enabled, kernel, firewalld_runs=firewalld_runs, ufw_is_on=ufw_is_on)
    zone = parse_default_zone(host.read_text(_FIREWALLD_CONF) or "") if tool == "firewalld" else ""
    if tool == "firewalld":
        policies = _for_both(Policies(input=_of_zone(host, zone), forward="reject", output="accept"))
    elif kernel is not None:
        policies = kernel.policies
    else:
        policies = _of_files(host, tool, ufw_policies)
    return FirewallTraits(
        installed=_installed(host),
        enabled=tuple(sorted([*enabled, *(["ufw"] if ufw_is_on else [])])),
        tool=tool,
        active=None if host.is_image() else firewalld_runs or (None if kernel is None else bool(kernel.policies)),
        policies={
            version: DefaultPolicies(input=one.input, forward=one.forward, output=one.output)
            for version, one in policies.items()
        },
        tables=() if kernel is None else kernel.tables[:_MOST_TABLES],
        zone=zone,
    )


def _installed(host: ReadHost) -> tuple[str, ...]:
    found = {
        "firewalld": host.stat(_FIREWALLD_CONF) is not None or host.has_program("firewalld"),
        "iptables": host.has_program("iptables"),
        "nftables": host.has_program("nft"),
        "ufw": host.stat(_UFW_CONF) is not None,
    }
    return tuple(tool for tool, is_there in found.items() if is_there)


def _is_enabled(host: ReadHost, unit: str) -> bool:
    folders = ("multi-user", "sysinit", "basic", "network-pre")
    systemd = (f"/etc/systemd/system/{folder}.target.wants/{unit}.service" for folder in folders)
    openrc = (f"/etc/runlevels/{level}/{unit}" for level in ("boot", "default"))
    return any(host.stat(path) is not None for path in (*systemd, *openrc))


def _in_charge(enabled: list[str], kernel: Ruleset | None, *, firewalld_runs: bool, ufw_is_on: bool) -> str:
    if firewalld_runs:
        return "firewalld"
    if ufw_is_on:
        return "ufw"
    # One that a boot starts and that does not run is in charge of an image alone.
    others = [tool for tool in enabled if tool != "firewalld" or kernel is None]
    if others:
        return others[0]
    if kernel is None or not kernel.policies:
        return ""
    return "nftables" if kernel.tables else "iptables"


def _kernel(host: ReadHost) -> Ruleset | None:
    """Return the kernel's filters, of nftables and of the former iptables, or None where nobody can be asked."""
    of_nft = _of_nft(host)
    former = {version: _of_iptables(host, version, is_nft_told=of_nft is not None) for version in _LEGACY}
    if None in former.values():
        return None
    policies = {} if of_nft is None else dict(of_nft.policies)
    for version, one in former.items():
        if one is not None and one != Policies():
            policies[version] = both(policies.get(version, Policies()), one)
    return Ruleset(policies=policies, tables=() if of_nft is None else of_nft.tables)


def _of_nft(host: ReadHost) -> Ruleset | None:
    if _has_no_nf_tables(host):
        return Ruleset()
    answer = host.query(_LIST_CHAINS) if host.has_program(_LIST_CHAINS[0]) else None
    if answer is None or (answer.status != 0 and _WITHOUT_JSON in answer.stderr.lower()):
        return None
    try:
        return parse_nft_chains(_stdout(answer, "nft"))
    except InvalidError as error:
        raise UnavailableError(f"nft: {error}; run `nft -j list chains`") from error


def _has_no_nf_tables(host: ReadHost) -> bool:
    """Return whether the kernel surely has not loaded nftables: then asking would load it, and there is no chain."""
    if host.stat("/sys/module/nf_tables") is not None:
        return False
    release = (host.read_text("/proc/sys/kernel/osrelease") or "").strip()
    built_in = host.read_text(f"/lib/modules/{release}/modules.builtin") if release else None
    modules = host.read_text("/proc/modules")
    return (
        bool(modules) and built_in is not None and "nf_tables" not in built_in and "\nnf_tables " not in f"\n{modules}"
    )


def _of_iptables(host: ReadHost, version: str, *, is_nft_told: bool) -> Policies | None:
    """Return the policies of the table that nft does not list, or None where it is there and nobody can be asked."""
    tool, loaded = _LEGACY[version]
    if "filter" in (host.read_text(loaded) or "").split():
        # Without the table in the kernel the program would load it.
        programs: tuple[str, ...] = (f"{tool}-legacy-save", f"{tool}-save")
    elif is_nft_told:
        return Policies()
    else:
        programs = (f"{tool}-nft-save",)
    program = next((program for program in programs if host.has_program(program)), None)
    answer = None if program is None else host.query((program, "-t", "filter"))
    return None if program is None or answer is None else parse_iptables_save(_stdout(answer, program))


def _stdout(answer: CommandResult, program: str) -> str:
    if answer.status != 0:
        reason = answer.stderr.strip().partition("\n")[0][:200] or f"status {answer.status}"
        raise UnavailableError(f"expected {program} to list the filters, found: {reason}; run it by hand as root")
    return answer.stdout


def _of_zone(host: ReadHost, zone: str) -> str:
    texts = (host.read_text(f"{folder}/{zone}.xml") for folder in _ZONE_FOLDERS)
    return zone_policy(next((text for text in texts if text is not None), ""))


def _of_files(host: ReadHost, tool: str, ufw: Policies) -> dict[str, Policies]:
    if tool == "ufw":
        return _for_both(ufw)
    if tool != "iptables":
        return {}
    texts = {version: [host.read_text(path) for path in paths] for version, paths in _RULE_FILES.items()}
    found = {version: next((one for one in those if one is not None), None) for version, those in texts.items()}
    return {version: parse_iptables_save(text) for version, text in found.items() if text is not None}


def _for_both(policies: Policies) -> dict[str, Policies]:
    return {"ipv4": policies, "ipv6": policies}
