"""The kind `firewall` where firewalld runs: two policies of Vigo's own, for packets to this machine and from it.

Source: firewall-cmd(1), firewalld.policies(5), firewalld.richlanguage(5).
"""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.firewalld_policies import (
    Direction,
    NamedRules,
    RichRule,
    difference,
    only_running,
    parse_policy,
    policy_name,
    rich_rules,
    with_named,
    without_named,
)
from vigo.catalog.formats.ufw_rules import network_text
from vigo.catalog.ops import MakeDirectory, Op, Run, WriteFile
from vigo.catalog.resources.security.firewall_spec import FirewallSpec, networks_of, ports_of
from vigo.catalog.resources.security.firewall_tool import TOUCHES, answer_of, changed_fields
from vigo.core.errors import BlockedError

_FOLDER = "/etc/firewalld/policies"
_FILES: dict[Direction, str] = {
    "in": f"{_FOLDER}/{policy_name('in')}.xml",
    "out": f"{_FOLDER}/{policy_name('out')}.xml",
}
FIREWALLD_FILES = tuple(_FILES.values())
_SHIPPED = "/usr/lib/firewalld/policies"
"""What firewalld has had since version 0.9, which brought policies."""
_STARTS = ("/etc/systemd/system/multi-user.target.wants/firewalld.service", "/etc/runlevels/default/firewalld")
_NOT_RUNNING = 252
_DIRECT = ("--direct", "--get-all-rules")
_CHECK = Run(argv=("firewall-cmd", "--check-config"), touches=TOUCHES, changes=())
_RELOAD = Run(argv=("firewall-cmd", "--reload"), touches=TOUCHES)


class PolicyState(msgspec.Struct, frozen=True):
    """One of the two policies: its file, and its rules in the kernel, None where firewalld does not know it."""

    text: str
    live: tuple[str, ...] | None = None


class Firewalld(msgspec.Struct, frozen=True, kw_only=True):
    """Vigo's policies. `lost_by_reload` names what only the running firewall has, where a reload would be needed."""

    policies: dict[Direction, PolicyState]
    has_policies: bool
    has_folder: bool
    is_running: bool
    is_image: bool
    lost_by_reload: str = ""

    def present(self, spec: FirewallSpec) -> Iterator[Op]:
        """Yield the policy's file with the rule, and what gives the running firewall its rich rules."""
        if not self.has_policies:
            raise BlockedError(
                "firewall: expected firewalld 0.9 or newer, which has policies, found an older one; update it, or stop"
                " it so that nftables has the rules"
            )
        policy = self.policies[spec.direction]
        after = with_named(policy.text, spec.direction, _named(spec))
        is_new = after != policy.text
        changes = changed_fields(self._former_order(spec.firewall), spec.order) if is_new else ("state",)
        yield from self._written(spec.direction, after, changes)
        yield from self._elsewhere(spec)
        if self.is_image:
            raise BlockedError("firewall: an image (--root) filters no packets; its boot will load the rules")
        if policy.live is None:
            yield from self._made_known()
        else:
            yield from _loaded(spec.direction, after, policy.live, changes)

    def absent(self, spec: FirewallSpec) -> Iterator[Op]:
        """Yield the files without the rule, and what takes its rich rules from the running firewall."""
        for direction in _FILES:
            yield from self._without(direction, spec.firewall)

    def _elsewhere(self, spec: FirewallSpec) -> Iterator[Op]:
        """Yield what takes the rule from the policy of the other direction, which it may have had."""
        yield from self._without("out" if spec.direction == "in" else "in", spec.firewall)

    def _without(self, direction: Direction, name: str) -> Iterator[Op]:
        policy = self.policies[direction]
        after = without_named(policy.text, direction, name)
        yield from self._written(direction, after, ("state",))
        if policy.live is not None:
            yield from _loaded(direction, after, policy.live, ("state",))

    def _written(self, direction: Direction, after: str, changes: tuple[str, ...]) -> Iterator[Op]:
        if after == self.policies[direction].text:
            return
        if not self.has_folder:
            yield MakeDirectory(path=_FOLDER, mode=0o750)
        yield WriteFile(path=_FILES[direction], content=after.encode(), changes=changes)

    def _made_known(self) -> Iterator[Op]:
        """Yield the reload by which alone firewalld takes a new policy up."""
        if self.lost_by_reload:
            raise BlockedError(
                "firewall: the rule is in force once firewalld reloads, which is left to you, since"
                f" {self.lost_by_reload} would lose what only the running firewall has; keep that by"
                " `firewall-cmd --runtime-to-permanent`, or not, and run `firewall-cmd --reload`"
            )
        # A reload of settings with a fault in them would leave a firewall that lets nothing in.
        yield _CHECK
        yield _RELOAD

    def _former_order(self, name: str) -> int | None:
        named = (one for policy in self.policies.values() for one in parse_policy(policy.text))
        return next((one.order for one in named if one.name == name), None)


def is_firewalld_running(host: ReadHost) -> bool:
    """Return whether firewalld runs; in an image, whether its boot starts it.

    Raises:
        UnavailableError: it does not say, as to an agent that is not root.
    """
    if host.is_image():
        return host.has_program("firewalld") and any(host.stat(path) is not None for path in _STARTS)
    if not host.has_program("firewall-cmd"):
        return False
    return answer_of(host, ("firewall-cmd", "--state"), (0, _NOT_RUNNING)).status == 0


def observe_firewalld(host: ReadHost, direction: Direction, *, is_running: bool) -> Firewalld | None:
    """Return Vigo's policies, also those that are left of a firewalld that runs no longer; None for no trace of it.

    Raises:
        UnavailableError: a file cannot be read, or firewalld does not answer.
    """
    texts = {one: host.read_text(path) for one, path in _FILES.items()}
    if not is_running and not any(texts.values()):
        return None
    has_policies = host.stat(_SHIPPED) is not None
    asks = is_running and has_policies and not host.is_image()
    known = _known(host) if asks else frozenset()
    policies = {
        one: PolicyState(text or "", _live(host, one) if policy_name(one) in known else None)
        for one, text in texts.items()
    }
    is_new = asks and policies[direction].live is None
    return Firewalld(
        policies=policies,
        has_policies=has_policies,
        has_folder=host.stat(_FOLDER) is not None,
        is_running=is_running,
        is_image=host.is_image(),
        lost_by_reload=_lost_by_reload(host) if is_new else "",
    )


def _known(host: ReadHost) -> frozenset[str]:
    """Return the policies that firewalld knows: asked for another one it would log an error in each run."""
    return frozenset(answer_of(host, ("firewall-cmd", "--get-policies"), (0,)).stdout.split())


def _live(host: ReadHost, direction: Direction) -> tuple[str, ...]:
    answer = answer_of(host, ("firewall-cmd", f"--policy={policy_name(direction)}", "--list-rich-rules"), (0,))
    return tuple(line for line in answer.stdout.split("\n") if line)


def _lost_by_reload(host: ReadHost) -> str:
    for what, option in (("the zone", "--list-all-zones"), ("the policy", "--list-all-policies")):
        running = answer_of(host, ("firewall-cmd", option), (0,)).stdout
        permanent = answer_of(host, ("firewall-cmd", "--permanent", option), (0,)).stdout
        if name := only_running(running, permanent):
            return f"{what} {name}"
    running = answer_of(host, ("firewall-cmd", *_DIRECT), (0,)).stdout
    permanent = answer_of(host, ("firewall-cmd", "--permanent", *_DIRECT), (0,)).stdout
    return "" if sorted(running.split("\n")) == sorted(permanent.split("\n")) else "the direct rules"


def _loaded(direction: Direction, text: str, live: tuple[str, ...], changes: tuple[str, ...]) -> Iterator[Op]:
    steps = difference(rich_rules(text), live)
    for verb, rules in (("remove", steps.remove), *(("add", rules) for rules in steps.add)):
        if rules:
            options = (f"--{verb}-rich-rule={rule}" for rule in rules)
            argv = ("firewall-cmd", f"--policy={policy_name(direction)}", *options)
            yield Run(argv=argv, touches=TOUCHES, changes=changes)


def _named(spec: FirewallSpec) -> NamedRules:
    """Return the rich rules of a resource: one for each sender and each port."""
    networks = networks_of(spec)
    senders = [(f"ipv{one.version}", network_text(one)) for one in networks] or [("", "")]
    ports = [str(low) if low == high else f"{low}-{high}" for low, high in ports_of(spec)] or [""]
    protocol = "" if spec.protocol == "any" else spec.protocol
    rules = (
        RichRule(spec.order, family, source, protocol, port, spec.action)
        for family, source in senders
        for port in ports
    )
    return NamedRules(spec.order, spec.firewall, tuple(rules))
