"""ufw of a fake host: its files, and what the kernel has of them as `/proc/ufw` and `/proc/ufw6` for the eye."""

from collections.abc import Sequence

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.ufw_rules import UfwRule, live_of, numbered, parse_user_rules
from vigo.catalog.ops import Run
from vigo.testing.fake_host import FakeHost, FakeTool

_FILES = ("/etc/ufw/user.rules", "/etc/ufw/user6.rules")
_LIVE = ("/proc/ufw", "/proc/ufw6")
_PROGRAMS = ("iptables", "ip6tables")


class FakeUfw(FakeTool):
    """`ufw` with rules as Vigo makes them; one about the same packets is changed in its place, as by the real one."""

    name = "ufw"
    programs = frozenset({"ufw", *_PROGRAMS})

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Answer what a chain holds."""
        text = host.read_text(_LIVE[_PROGRAMS.index(argv[0])])
        if text is None:
            return CommandResult(1, stderr="iptables: No chain/target/match by that name.")
        chain = argv[-1]
        way = "in" if chain.endswith("input") else "out"
        lines = [_line(chain, rule) for rule in parse_user_rules(text) if rule.way == way]
        return CommandResult(0, "\n".join([f"-N {chain}", *lines, ""]))

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Delete, insert, change or add a rule."""
        words = list(op.argv[1:])
        is_deleted, number = words[0] == "delete", 0
        if is_deleted:
            del words[0]
        elif words[0] == "insert":
            number = int(words[1])
            del words[:2]
        rule = _rule(words)
        version = int(":" in rule.source)
        rules = [list(parse_user_rules(host.read_text(path) or "")) for path in _FILES]
        at = number - version * numbered(rules[0]) if number else 0
        if number and not 1 <= at <= len(rules[version]):
            return CommandResult(1, stderr=f"ERROR: Invalid position '{number}'")
        loads_anew = _change(rules[version], rule, at, is_deleted=is_deleted)
        host.tree.replace(_FILES[version], _text(rules[version]))
        if "ENABLED=yes" not in (host.read_text("/etc/ufw/ufw.conf") or ""):
            return CommandResult(0)
        if host.read_text(_LIVE[0]) is None:
            return CommandResult(1, stderr="ERROR: problem running")
        if loads_anew:
            for path, all_rules in zip(_LIVE, rules, strict=True):
                host.tree.replace(path, _text(all_rules))
        else:
            host.tree.replace(_LIVE[version], (host.read_text(_LIVE[version]) or "") + _text([rule]))
        return CommandResult(0)


def _change(rules: list[UfwRule], rule: UfwRule, at: int, *, is_deleted: bool) -> bool:
    """Change the rules of a file and return whether ufw then loads its files anew."""
    same = next((place for place, one in enumerate(rules) if one.match == rule.match), None)
    if is_deleted:
        if same is not None and rules[same].action == rule.action:
            del rules[same]
    elif at:
        if same is None:
            rules.insert(at - 1, rule)
    elif same is not None:
        rules[same] = rule
    else:
        rules.append(rule)
        return False
    return True


def _rule(words: list[str]) -> UfwRule:
    action, way, *pairs = words
    given = dict(zip(pairs[::2], pairs[1::2], strict=True))
    source = given["from"]
    anywhere = "::/0" if ":" in source else "0.0.0.0/0"
    return UfwRule(
        action=action,
        protocol=given.get("proto", "any"),
        port=given.get("port", "any"),
        destination=anywhere,
        source_port="any",
        source=source,
        way=way,
        comment=given.get("comment", ""),
    )


def _text(rules: Sequence[UfwRule]) -> str:
    lines = (
        f"### tuple ### {' '.join((*rule[:6], *rule.applications, rule.way))}"
        + (f" comment={rule.comment.encode().hex()}" if rule.comment else "")
        for rule in rules
    )
    return "".join(f"{line}\n" for line in lines)


def _line(chain: str, rule: UfwRule) -> str:
    live = live_of(rule)
    source = f" -s {live.source}" if live.source else ""
    protocol = f" -p {live.protocol}" if live.protocol else ""
    several = "," in live.ports or ":" in live.ports
    ports = f" -m multiport --dports {live.ports}" if several else f" -m {live.protocol} --dport {live.ports}"
    return f"-A {chain}{source}{protocol}{ports if live.ports else ''} -j {live.target}"
