"""The kind `firewall`."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import ReadHost, Resource
from vigo.catalog.ops import Op
from vigo.catalog.resources.security.firewall_spec import FirewallSpec, check_rule
from vigo.catalog.resources.security.firewall_tool import FirewallTool, ToolName
from vigo.catalog.resources.security.firewalld import FIREWALLD_FILES, is_firewalld_running, observe_firewalld
from vigo.catalog.resources.security.nftables import NFT_FILE, observe_nftables
from vigo.catalog.resources.security.ufw import UFW_FILES, is_ufw_enabled, observe_ufw
from vigo.core.errors import BlockedError


class FirewallState(msgspec.Struct, frozen=True, kw_only=True):
    """Each program that may have the rule, as it was found, and which of them are in charge."""

    tools: dict[ToolName, FirewallTool]
    in_charge: tuple[ToolName, ...]


class Firewall(Resource[FirewallSpec, FirewallState]):
    """A rule stands with the program that keeps the packet filter.

    That is ufw where `ENABLED` in ufw.conf says yes, firewalld where it runs, else a table of nftables of Vigo's own,
    `inet vigo`, which is replaced at once. None of them is ever enabled, reset or emptied. What another one has of the
    rule from an earlier time goes.

    Vigo's rules are tried before others'. What belongs to a connection that is let through already, and what the
    machine sends to itself, all three accept before any rule: none cuts the agent off in the middle. Where nftables has
    the rules other tables see the packets too: what one of them drops stays dropped.

    With ufw a rule bears its order and name as its comment, and stands once for each sender and version of IP. ufw
    keeps one rule for the same packets: one of somebody else's with the same action counts as this one and stays
    theirs, one with another action blocks. A list of ports has at most 15. Where a rule is in ufw's file and not in the
    kernel it is put in anew; one that is in the kernel alone goes with ufw's next change.

    With firewalld, 0.9 or newer, rules are rich rules in two policies, `vigo-in` and `vigo-out`, which hold for all
    zones and are Vigo's whole. firewalld learns of a new policy by a reload alone: the first rule reloads it, unless
    that would lose what only the running firewall has, and then says so.
    """

    kind, since, spec = "firewall", "0.1", FirewallSpec
    name_field = "firewall"

    def validate(self, spec: FirewallSpec) -> None:
        """Accept a name, ports and networks as nft(8) takes them."""
        check_rule(spec)

    def observe(self, spec: FirewallSpec, host: ReadHost) -> FirewallState:
        """Return what each program has of the rules, and which one is in charge."""
        has_ufw, has_firewalld = is_ufw_enabled(host), is_firewalld_running(host)
        found: dict[ToolName, FirewallTool | None] = {
            "nftables": observe_nftables(host),
            "firewalld": observe_firewalld(host, spec.direction, is_running=has_firewalld),
            "ufw": observe_ufw(host, spec.direction, is_enabled=has_ufw),
        }
        named: dict[ToolName, bool] = {"ufw": has_ufw, "firewalld": has_firewalld}
        return FirewallState(
            tools={name: tool for name, tool in found.items() if tool is not None},
            in_charge=tuple(name for name, is_in_charge in named.items() if is_in_charge) or ("nftables",),
        )

    def plan(self, spec: FirewallSpec, state: FirewallState) -> Iterator[Op]:
        """Yield what gives the rule to the program in charge, and takes it from the others."""
        if spec.state == "present" and len(state.in_charge) > 1:
            raise BlockedError(
                f"firewall: expected one program to keep the packet filter, found {' and '.join(state.in_charge)}; stop"
                " and disable one of them"
            )
        in_charge = state.in_charge if spec.state == "present" else ()
        for name in in_charge:
            yield from state.tools[name].present(spec)
        for name, tool in state.tools.items():
            if name not in in_charge:
                yield from tool.absent(spec)

    def owns(self, spec: FirewallSpec) -> tuple[str, ...]:
        """Return the rule."""
        return (f"firewall:{spec.firewall}",)

    def watches(self, spec: FirewallSpec) -> tuple[str, ...]:
        """Return the files of rules."""
        del spec
        return (NFT_FILE, *UFW_FILES, *FIREWALLD_FILES)
