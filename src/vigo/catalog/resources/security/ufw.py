"""The kind `firewall` where ufw is enabled. Source: ufw(8), ufw-framework(8)."""

from collections.abc import Iterator, Mapping

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.shell_assignments import assigned_value
from vigo.catalog.formats.ufw_rules import (
    LiveRule,
    UfwMove,
    UfwMoves,
    UfwRule,
    live_of,
    marked,
    moved,
    network_text,
    numbered,
    parse_live_rules,
    parse_user_rules,
    words_of,
)
from vigo.catalog.ops import Op, Run
from vigo.catalog.resources.security.firewall_spec import IPV4, IPV6, FirewallSpec, networks_of, ports_of
from vigo.catalog.resources.security.firewall_tool import TOUCHES, answer_of, changed_fields
from vigo.core.errors import BlockedError

UFW_FILES = ("/etc/ufw/user.rules", "/etc/ufw/user6.rules")

_BY_VERSION = dict(zip((IPV4, IPV6), UFW_FILES, strict=True))
_LISTS = {IPV4: ("iptables", "ufw-user"), IPV6: ("ip6tables", "ufw6-user")}
_ANYWHERE = {IPV4: "0.0.0.0/0", IPV6: "::/0"}
_ACTIONS = {"accept": "allow", "drop": "deny", "reject": "reject"}
_CHAINS = {"in": "input", "out": "output"}
_MOST_PORTS = 15
_NO_CHAIN = 1
"""How iptables ends where there is no such chain."""


class Ufw(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of ufw's files and, where it is enabled, of the kernel, by the version of IP.

    `live` has no entry of a version whose chains are not in the kernel.
    """

    rules: Mapping[int, tuple[UfwRule, ...]]
    live: Mapping[int, frozenset[LiveRule]]
    has_ipv6: bool
    is_enabled: bool
    is_image: bool

    def present(self, spec: FirewallSpec) -> Iterator[Op]:
        """Yield the calls of ufw that give the rule its content and place, and the kernel what it lacks of it."""
        if self.is_image:
            raise BlockedError(
                "firewall: ufw is enabled in this image (--root), and it alone writes its rules; the first run on the"
                " started machine makes this one"
            )
        wanted = self._wanted(spec)
        self._check_running()
        for version, rules in wanted.items():
            self._check_others(spec, version, rules)
        former = self._former_order(spec.firewall)
        done = {version: self._moved(version, wanted.get(version, ()), spec) for version in self._versions}
        yield from self._calls(done, changed_fields(former, spec.order))
        # A step that changes the file elsewhere than at its end has ufw load both files anew.
        if all(step.verb == "add" for moves in done.values() for step in moves.steps):
            yield from self._loaded_anew(wanted, done)

    def absent(self, spec: FirewallSpec) -> Iterator[Op]:
        """Yield the calls of ufw that delete what bears the name."""
        if self.is_image:
            if self._former_order(spec.firewall) is not None:
                raise BlockedError(
                    "firewall: ufw has the rule in this image (--root), and it alone writes its rules; the first run on"
                    " the started machine takes it away"
                )
            return
        done = {version: self._moved(version, (), spec) for version in self._versions}
        if self.is_enabled and any(moves.steps for moves in done.values()):
            self._check_running()
        yield from self._calls(done, ("state",))

    @property
    def _versions(self) -> tuple[int, ...]:
        return (IPV4, IPV6) if self.has_ipv6 else (IPV4,)

    def _wanted(self, spec: FirewallSpec) -> dict[int, tuple[UfwRule, ...]]:
        networks = networks_of(spec)
        if networks and networks[0].version == IPV6 and not self.has_ipv6:
            raise BlockedError(
                "from: expected addresses of IPv4, since ufw was told to leave IPv6 alone (IPV6=no in /etc/default/ufw)"
            )
        port = _port(spec)
        senders = {network_text(one): int(one.version) for one in networks}
        if not networks:
            senders = {_ANYWHERE[version]: version for version in self._versions}
        wanted: dict[int, tuple[UfwRule, ...]] = {}
        for sender, version in senders.items():
            rule = UfwRule(
                action=_ACTIONS[spec.action],
                protocol=spec.protocol,
                port=port,
                destination=_ANYWHERE[version],
                source_port="any",
                source=sender,
                way=spec.direction,
                comment=marked(spec.order, spec.firewall),
            )
            wanted[version] = (*wanted.get(version, ()), rule)
        return wanted

    def _check_running(self) -> None:
        if any(version not in self.live for version in self._versions):
            raise BlockedError(
                "firewall: expected ufw to run, since /etc/ufw/ufw.conf enables it, found that its chains are not in"
                " the kernel; load them by `ufw reload`, or disable it by `ufw disable`"
            )

    def _check_others(self, spec: FirewallSpec, version: int, rules: tuple[UfwRule, ...]) -> None:
        """Refuse where somebody else's rule has the same packets, of which ufw keeps one, and does otherwise."""
        for rule in rules:
            for other in self.rules[version]:
                is_ours = other.place is not None and other.place[1] == spec.firewall
                if is_ours or other.match != rule.match:
                    continue
                whose = "somebody's own rule" if other.place is None else f"the resource {other.place[1]}"
                words = " ".join(words_of(other))
                if other.action != rule.action:
                    raise BlockedError(
                        f"firewall: expected no other rule for the same packets, found {whose}: `ufw {words}`; ufw"
                        f" keeps one of both: take that one away (`ufw delete {words}`), or leave this one out"
                    )
                if live_of(other) not in self.live[version]:
                    raise BlockedError(
                        f"firewall: expected {whose} (`ufw {words}`) to be in the kernel, found it in ufw's file alone;"
                        " `ufw reload` loads it"
                    )

    def _moved(self, version: int, wanted: tuple[UfwRule, ...], spec: FirewallSpec) -> UfwMoves:
        return moved(self.rules[version], wanted, spec.firewall)

    def _calls(self, done: Mapping[int, UfwMoves], changes: tuple[str, ...]) -> Iterator[Op]:
        # Those of IPv4 come first, and rules of IPv6 are counted on from them.
        before = 0
        for moves in done.values():
            for step in moves.steps:
                yield _call(step, before, changes)
            before += numbered(moves.after)

    def _loaded_anew(self, wanted: Mapping[int, tuple[UfwRule, ...]], done: Mapping[int, UfwMoves]) -> Iterator[Op]:
        """Yield what has ufw load its files anew where a rule of them is not in the kernel: that rule put in again."""
        before = 0
        for version, moves in done.items():
            for rule in wanted.get(version, ()):
                if rule in self.rules[version] and live_of(rule) not in self.live[version]:
                    at = moves.after.index(rule)
                    is_last = at == len(moves.after) - 1
                    yield _call(UfwMove("delete", rule), before, ("state",))
                    again = UfwMove("add", rule) if is_last else UfwMove("insert", rule, at + 1)
                    yield _call(again, before, ("state",))
                    return
            before += numbered(moves.after)

    def _former_order(self, name: str) -> int | None:
        places = (rule.place for rules in self.rules.values() for rule in rules)
        return next((place[0] for place in places if place is not None and place[1] == name), None)


def is_ufw_enabled(host: ReadHost) -> bool:
    """Return whether ufw is installed and was enabled: it then filters from the boot on."""
    settings = host.read_text("/etc/ufw/ufw.conf") or ""
    return host.has_program("ufw") and (assigned_value(settings, "ENABLED") or "").lower() == "yes"


def observe_ufw(host: ReadHost, direction: str, *, is_enabled: bool) -> Ufw | None:
    """Return ufw's rules, and those of the kernel where it is enabled; None where it is not installed.

    Raises:
        UnavailableError: its files or the kernel's rules cannot be read.
    """
    if not host.has_program("ufw"):
        return None
    defaults = host.read_text("/etc/default/ufw") or ""
    has_ipv6 = (assigned_value(defaults, "IPV6") or "").lower() == "yes"
    live: dict[int, frozenset[LiveRule]] = {}
    if is_enabled and not host.is_image():
        for version, (program, chain) in _LISTS.items():
            if version == IPV6 and not has_ipv6:
                continue
            answer = answer_of(host, (program, "-w", "5", "-S", f"{chain}-{_CHAINS[direction]}"), (0, _NO_CHAIN))
            if answer.status == 0:
                live[version] = parse_live_rules(answer.stdout)
    rules = {version: parse_user_rules(host.read_text(path) or "") for version, path in _BY_VERSION.items()}
    return Ufw(rules=rules, live=live, has_ipv6=has_ipv6, is_enabled=is_enabled, is_image=host.is_image())


def _call(step: UfwMove, before: int, changes: tuple[str, ...]) -> Op:
    words = words_of(step.rule)
    if step.verb == "delete":
        return Run(argv=("ufw", "delete", *words), touches=TOUCHES, changes=changes)
    place = ("insert", str(before + step.number)) if step.verb == "insert" else ()
    return Run(argv=("ufw", *place, *words, "comment", step.rule.comment), touches=TOUCHES, changes=changes)


def _port(spec: FirewallSpec) -> str:
    """Return the ports as ufw keeps them.

    Raises:
        BlockedError: they are more than one of its rules takes.
    """
    ranges = ports_of(spec)
    count = sum(1 if low == high else 2 for low, high in ranges)
    if count > _MOST_PORTS:
        raise BlockedError(
            f"port: expected at most {_MOST_PORTS} ports in a rule of ufw, a range counted as two, found {count}; make"
            " several rules of it"
        )
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in ranges) or "any"
