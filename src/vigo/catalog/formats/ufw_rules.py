"""The rules that ufw keeps in user.rules and user6.rules, and what iptables has of them. Pure: text in, values out.

A line `### tuple ###` stands above the lines that iptables loads: action, protocol, port and address here, port and
address there, two names of applications where there are any, the way, and a comment in hexadecimal digits.
Source: ufw(8), ufw-framework(8), iptables(8); fields as ufw 0.36 writes them.
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, NamedTuple

_TUPLE: Final = re.compile(r"### tuple ### (?P<fields>[^\n]{1,2000})")
_COMMENT: Final = re.compile(r" comment=(?P<digits>(?:[0-9A-Fa-f]{2}){0,1000})\s*$")
_OURS: Final = re.compile(r"vigo (?P<order>[0-9]{3}) (?P<name>[A-Za-z0-9_.-]{1,61})")
_FIELD_COUNTS: Final = (6, 7, 8, 9)
_WITH_WAY: Final = (7, 9)
_TARGETS: Final = {"allow": "ACCEPT", "deny": "DROP", "reject": "REJECT"}
_LIVE: Final = re.compile(
    r"-A \S{1,40}(?: -s (?P<source>[0-9A-Fa-f.:/]{1,60}))?(?: -p (?P<protocol>tcp|udp))?"
    r"(?:(?: -m (?:tcp|udp|multiport))? --dports? (?P<ports>[0-9,:]{1,200}))?"
    r" -j (?P<target>ACCEPT|DROP|REJECT)(?: --reject-with \S{1,40})?"
)


class UfwRule(NamedTuple):
    """One rule. `way` is in or out, with an interface where it has one; `applications` is empty for most."""

    action: str
    protocol: str
    port: str
    destination: str
    source_port: str
    source: str
    way: str = "in"
    applications: tuple[str, ...] = ()
    comment: str = ""

    @property
    def match(self) -> tuple[object, ...]:
        """Which packets it is about: ufw keeps one rule about them, whatever its action and comment."""
        route = self.action.startswith("route:")
        return (route, *self[1:8])

    @property
    def place(self) -> tuple[int, str] | None:
        """Return the order and the name of a rule of Vigo's; None for one of others'."""
        found = _OURS.fullmatch(self.comment)
        return None if found is None else (int(found["order"]), found["name"])


class LiveRule(NamedTuple):
    """A rule as iptables has it, as far as Vigo makes such ones; empty fields stand for all packets."""

    source: str
    protocol: str
    ports: str
    target: str


class UfwMove(NamedTuple):
    """One step that ufw is told: `delete`, `add` at the end, `update` in its place, or `insert` before a number."""

    verb: str
    rule: UfwRule
    number: int = 0


class UfwMoves(NamedTuple):
    """Steps, and the rules of the file once they are taken."""

    steps: tuple[UfwMove, ...]
    after: tuple[UfwRule, ...]


def parse_user_rules(text: str) -> tuple[UfwRule, ...]:
    """Return the rules of a file in their order; lines that ufw itself passes over are left out."""
    return tuple(_rules(text))


def marked(order: int, name: str) -> str:
    """Return the comment that says that a rule is Vigo's, and where it stands."""
    return f"vigo {order:03} {name}"


def words_of(rule: UfwRule) -> tuple[str, ...]:
    """Return a rule as ufw is told it, without its comment."""
    protocol = () if rule.protocol == "any" else ("proto", rule.protocol)
    port = () if rule.port == "any" else ("port", rule.port)
    return (rule.action, rule.way, *protocol, "from", rule.source, "to", "any", *port)


def moved(rules: Sequence[UfwRule], wanted: Sequence[UfwRule], name: str) -> UfwMoves:
    """Return the steps that give the rules of this name their place and content among all of one file.

    New ones come before others' and between Vigo's own in their order. What is new is there before what is old goes,
    unless a rule only changes its place. A rule that another name has for the same packets is left as it is.
    """
    now, steps = list(rules), list[UfwMove]()
    for rule in wanted:
        same = next((one for one in now if one.match == rule.match), None)
        if same == rule and _is_in_place(now, same):
            continue
        if same is not None and (same.place is None or same.place[1] != name):
            continue
        if same is not None:
            updated = [rule if one is same else one for one in now]
            if _is_in_place(updated, rule):
                steps.append(UfwMove("update", rule))
                now = updated
                continue
            steps.append(UfwMove("delete", same))
            now.remove(same)
        at = _index_for(now, rule)
        steps.append(UfwMove("add", rule) if at == len(now) else UfwMove("insert", rule, at + 1))
        now.insert(at, rule)
    matches = {rule.match for rule in wanted}
    stale = [one for one in now if one.place is not None and one.place[1] == name and one.match not in matches]
    steps += [UfwMove("delete", one) for one in stale]
    return UfwMoves(tuple(steps), tuple(one for one in now if one not in stale))


def numbered(rules: Sequence[UfwRule]) -> int:
    """Return how many rules ufw counts: those that one application made of several ports are one."""
    plain = sum(not rule.applications for rule in rules)
    return plain + len({_application(rule) for rule in rules if rule.applications})


def live_of(rule: UfwRule) -> LiveRule:
    """Return what iptables has of a rule that Vigo makes."""
    source = "" if ip_network(rule.source).prefixlen == 0 else rule.source
    ports = "" if rule.port == "any" else rule.port
    return LiveRule(source, "" if rule.protocol == "any" else rule.protocol, ports, _TARGETS.get(rule.action, ""))


def parse_live_rules(text: str) -> frozenset[LiveRule]:
    """Return the rules that `iptables -S CHAIN` prints; those with more conditions than Vigo makes are left out."""
    found = (_LIVE.fullmatch(line.strip()) for line in text.split("\n"))
    return frozenset(
        LiveRule(_network(rule["source"] or ""), rule["protocol"] or "", rule["ports"] or "", rule["target"])
        for rule in found
        if rule is not None
    )


def _rules(text: str) -> Iterator[UfwRule]:
    for line in text.split("\n"):
        found = _TUPLE.match(line)
        if found is None:
            continue
        comment = _COMMENT.search(found["fields"])
        fields = found["fields"][: None if comment is None else comment.start()].split()
        if len(fields) not in _FIELD_COUNTS:
            continue
        way = fields.pop() if len(fields) in _WITH_WAY else "in"
        action, protocol, port, destination, source_port, source, *applications = fields
        yield UfwRule(
            action=action,
            protocol=protocol,
            port=port,
            destination=_network(destination),
            source_port=source_port,
            source=_network(source),
            way=way,
            applications=tuple(applications),
            comment="" if comment is None else bytes.fromhex(comment["digits"]).decode(errors="replace"),
        )


def _network(text: str) -> str:
    """Return an address as Vigo writes it; what is none as it is."""
    try:
        network = ip_network(text)
    except ValueError:
        return text
    return network_text(network)


def network_text(network: IPv4Network | IPv6Network) -> str:
    """Return a network, a single address without its length, as ufw and firewalld keep it."""
    text = str(network)
    address, _, length = text.partition("/")
    return address if length == ("128" if ":" in address else "32") else text


def _is_in_place(rules: Sequence[UfwRule], rule: UfwRule) -> bool:
    """Return whether it stands among Vigo's where it would be put: others that changed places are not its matter."""
    at = rules.index(rule)
    before, behind = _places_of_others(rules[:at], rule), _places_of_others(rules[at + 1 :], rule)
    places = [*before, *behind]
    later = next((count for count, place in enumerate(places) if place > (rule.place or ())), len(places))
    return rule.place is not None and len(before) == later


def _places_of_others(rules: Sequence[UfwRule], rule: UfwRule) -> list[tuple[int, str]]:
    name = "" if rule.place is None else rule.place[1]
    return [one.place for one in rules if one.place is not None and one.place[1] != name]


def _index_for(rules: Sequence[UfwRule], rule: UfwRule) -> int:
    """Return where a rule is put: before the first of Vigo's that comes later, else behind the last, else first."""
    place = rule.place or (0, "")
    # What is left of an earlier declaration of the same name goes, and has no say.
    ours = [
        (at, one.place)
        for at, one in enumerate(rules)
        if one.place is not None and (one.place[1] != place[1] or one.place == place)
    ]
    later = next((at for at, found in ours if found > place), None)
    if later is not None:
        return later
    return ours[-1][0] + 1 if ours else 0


def _application(rule: UfwRule) -> tuple[object, ...]:
    """Return what ufw counts the rules of one application by. Source: ufw(8), APPLICATION INTEGRATION."""
    here, there = (*rule.applications, "-", "-")[:2]
    port = rule.port if here == "-" else ""
    source_port = rule.source_port if there == "-" else ""
    return (here, there, port, source_port, rule.destination, rule.source, rule.way)
