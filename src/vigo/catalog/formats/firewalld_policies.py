"""A policy of firewalld's that is Vigo's own: its file, and rich rules in full. Pure: text in, text out.

Source: firewalld.policy(5), firewalld.policies(5), firewalld.richlanguage(5).
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Direction = Literal["in", "out"]

_ENDS: Final = {"in": ("ANY", "HOST"), "out": ("HOST", "ANY")}
_DESCRIPTION: Final = re.compile(r"<description>Written whole by Vigo: (?P<named>[^<]*)</description>")
_NAMED: Final = re.compile(r"(?P<order>[0-9]{3}) (?P<name>[A-Za-z0-9_.-]{1,61})(?P<digests>(?: [0-9a-f]{8})+)")
_RULE: Final = re.compile(
    r"<rule(?P<attributes>[^<>]{0,200})>(?P<parts>(?:\s{0,50}<[^<>]{1,200}/>){0,5})\s{0,50}</rule>"
)
_PART: Final = re.compile(r"<(?P<tag>[a-z-]{1,30})(?P<attributes>[^<>]{0,200})/>")
_ATTRIBUTE: Final = re.compile(r"""\s([a-z]{1,20})\s?=\s?["']([0-9A-Za-z_.:/-]{0,60})["']""")
_TAG: Final = re.compile(r"<(?P<name>[^\s<>/?!]{1,100})[^<>]*>")
_ANY_ATTRIBUTE: Final = re.compile(r"""([^\s<>="']{1,100})\s?=\s?["']([^"'<>]*)["']""")
_ACTIONS: Final = ("accept", "drop", "reject")
_PRIORITY: Final = re.compile(r'rule priority="(?P<priority>-?[0-9]{1,5})"')
_LOWEST: Final = -1000
_PRECEDENCE: Final = -14000
"""After the policy by which firewalld lets the neighbours of IPv6 be found (-15000), before all zones."""


class RichRule(NamedTuple):
    """One rule for packets of one network and one port or range; empty fields stand for all."""

    order: int
    family: str
    source: str
    protocol: str
    port: str
    action: str

    @property
    def text(self) -> str:
        """The rule as firewalld prints it, and by which it is compared in full."""
        parts = [f'rule priority="{_LOWEST + self.order}"']
        if self.family:
            parts.append(f'family="{self.family}"')
        if self.source:
            parts.append(f'source address="{self.source}"')
        if self.port:
            parts.append(f'port port="{self.port}" protocol="{self.protocol}"')
        elif self.protocol:
            parts.append(f'protocol value="{self.protocol}"')
        return " ".join([*parts, self.action])

    @property
    def line(self) -> str:
        """The rule as it stands in the file."""
        family = f' family="{self.family}"' if self.family else ""
        source = f'<source address="{self.source}"/>' if self.source else ""
        element = ""
        if self.port:
            element = f'<port port="{self.port}" protocol="{self.protocol}"/>'
        elif self.protocol:
            element = f'<protocol value="{self.protocol}"/>'
        return f'  <rule priority="{_LOWEST + self.order}"{family}>{source}{element}<{self.action}/></rule>'


class NamedRules(NamedTuple):
    """What one resource wants: its place, its name and its rich rules."""

    order: int
    name: str
    rules: tuple[RichRule, ...]


class Difference(NamedTuple):
    """The rich rules to take from the running firewall, and then those to give it, one tuple after the other."""

    remove: tuple[str, ...]
    add: tuple[tuple[str, ...], ...]


def policy_name(direction: Direction) -> str:
    """Return the name of the policy for packets to this machine or from it."""
    return f"vigo-{direction}"


def with_named(text: str, direction: Direction, named: NamedRules) -> str:
    """Return the file with these rules, in the order of all, in the place of those of their name.

    One that says just that, in whatever layout, is returned as it is.
    """
    before = parse_policy(text)
    after = _written(direction, [*(one for one in before if one.name != named.name), named])
    return text if parse_policy(after) == before and _tags(after) == _tags(text) else after


def without_named(text: str, direction: Direction, name: str) -> str:
    """Return the file without the rules of a name; one that does not have them is returned as it is."""
    named = parse_policy(text)
    others = [one for one in named if one.name != name]
    return text if len(others) == len(named) else _written(direction, others)


def parse_policy(text: str) -> tuple[NamedRules, ...]:
    """Return the rules of a file by the names that its description has for them; rules of others are passed over.

    firewalld may have written the file anew, as `--runtime-to-permanent` has it do: it keeps the description.
    """
    described = _DESCRIPTION.search(text)
    if described is None:
        return ()
    rules = {_digest(rule): rule for rule in map(_rich_rule, _RULE.finditer(text)) if rule is not None}
    named = (_NAMED.fullmatch(part) for part in described["named"].split("; "))
    return tuple(
        NamedRules(
            int(one["order"]),
            one["name"],
            tuple(rules[digest] for digest in one["digests"].split() if digest in rules),
        )
        for one in named
        if one is not None
    )


def rich_rules(text: str) -> tuple[str, ...]:
    """Return the rules of a file as firewalld prints them, each once, in their order."""
    return tuple(dict.fromkeys(rule.text for one in parse_policy(text) for rule in one.rules))


def difference(wanted: Sequence[str], live: Sequence[str]) -> Difference:
    """Return what makes the running rules the wanted ones.

    Rules of one priority are tried in the order in which they were given, and firewall-cmd gives several in an order of
    its own: that is all the same for neighbours of one action, and what stands behind a new one of another action is
    given anew.
    """
    remove, add = list[str](), list[list[str]]()
    for priority in sorted({_priority(rule) for rule in (*wanted, *live)}):
        places = _places([rule for rule in wanted if _priority(rule) == priority])
        have = [rule for rule in live if _priority(rule) == priority]
        kept = [rule for rule in have if rule in places]
        missing = [place for rule, place in places.items() if rule not in kept]
        late = [places[rule] for at, rule in enumerate(kept) if any(places[one] > places[rule] for one in kept[:at])]
        first = min((*missing, *late), default=len(places))
        stays = [rule for rule in kept if places[rule] <= first]
        remove += [rule for rule in have if rule not in stays]
        for rule, place in places.items():
            if rule not in stays:
                add += [[] for _ in range(place - first + 1 - len(add))]
                add[place - first].append(rule)
    return Difference(tuple(remove), tuple(tuple(rules) for rules in add if rules))


def only_running(running: str, permanent: str) -> str:
    """Return the first zone or policy whose running settings a reload would lose; empty where it loses nothing.

    Both are what firewall-cmd lists of all of them. Interfaces stay where they are, and Vigo's own policies do not
    count.
    """
    kept = _blocks(permanent)
    return next((name for name, lines in _blocks(running).items() if kept.get(name) != lines), "")


def _tags(text: str) -> list[tuple[str, ...]]:
    """Return all tags with their attributes, wherever they stand."""
    return sorted((tag["name"], *sorted(map("=".join, _ANY_ATTRIBUTE.findall(tag[0])))) for tag in _TAG.finditer(text))


def _rich_rule(found: re.Match[str]) -> RichRule | None:
    attributes = dict(_ATTRIBUTE.findall(found["attributes"]))
    parts = {part["tag"]: dict(_ATTRIBUTE.findall(part["attributes"])) for part in _PART.finditer(found["parts"])}
    action = next((action for action in _ACTIONS if action in parts), "")
    priority = attributes.get("priority", "")
    if not action or not re.fullmatch(r"-[0-9]{1,4}", priority):
        return None
    port = parts.get("port", {})
    return RichRule(
        order=int(priority) - _LOWEST,
        family=attributes.get("family", ""),
        source=parts.get("source", {}).get("address", ""),
        protocol=port.get("protocol", "") or parts.get("protocol", {}).get("value", ""),
        port=port.get("port", ""),
        action=action,
    )


def _digest(rule: RichRule) -> str:
    return hashlib.sha256(rule.text.encode()).hexdigest()[:8]


def _written(direction: Direction, named: Sequence[NamedRules]) -> str:
    ingress, egress = _ENDS[direction]
    described = "; ".join(" ".join((f"{one.order:03} {one.name}", *map(_digest, one.rules))) for one in sorted(named))
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<policy priority="{_PRECEDENCE}" target="CONTINUE">',
        f"  <short>{policy_name(direction)}</short>",
        f"  <description>Written whole by Vigo: {described}</description>",
        f'  <ingress-zone name="{ingress}"/>',
        f'  <egress-zone name="{egress}"/>',
        *dict.fromkeys(rule.line for one in sorted(named) for rule in one.rules),
    ]
    return "\n".join([*lines, "</policy>", ""])


def _priority(rule: str) -> int:
    found = _PRIORITY.match(rule)
    return 0 if found is None else int(found["priority"])


def _places(rules: Sequence[str]) -> dict[str, int]:
    """Return the place of each rule among others, the same for neighbours of one action."""
    places: dict[str, int] = {}
    place, former = 0, ""
    for rule in rules:
        action = rule.rpartition(" ")[2]
        place += action != former and bool(former)
        places[rule], former = place, action
    return places


def _blocks(text: str) -> dict[str, list[str]]:
    blocks: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.split("\n"):
        if line and not line[0].isspace():
            name = line.split(" ")[0]
            lines = []
            if name not in (policy_name("in"), policy_name("out")):
                blocks[name] = lines
        elif line.strip() and not line.strip().startswith("interfaces:"):
            lines.append(line.strip())
    return {name: sorted(found) for name, found in blocks.items()}
