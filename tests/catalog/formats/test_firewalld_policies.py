import random
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.firewalld_policies import (
    Direction,
    NamedRules,
    RichRule,
    difference,
    only_running,
    parse_policy,
    rich_rules,
    with_named,
    without_named,
)

SENDERS = st.sampled_from([("", ""), ("ipv4", "192.0.2.0/24"), ("ipv6", "2001:db8::1")])
PORTS = st.sampled_from([("tcp", "22"), ("udp", "8000-8100"), ("tcp", ""), ("", "")])
DIRECTIONS: st.SearchStrategy[Direction] = st.sampled_from(["in", "out"])


@st.composite
def named_rules(draw: st.DrawFn) -> NamedRules:
    order = draw(st.integers(0, 999))
    kinds = draw(st.lists(st.tuples(SENDERS, PORTS, st.sampled_from(["accept", "drop", "reject"])), min_size=1))
    rules = dict.fromkeys(RichRule(order, *sender, *port, action) for sender, port, action in kinds)
    return NamedRules(order, draw(st.sampled_from(["a", "b--c", "d.e-"])), tuple(rules))


def as_firewalld_writes(text: str) -> str:
    """Return a policy as firewalld writes it anew: each element on a line of its own, the zones last."""
    policy = ET.fromstring(text)  # noqa: S314 - written by the code under test
    zones = [element for element in policy if element.tag.endswith("zone")]
    for element in zones:
        policy.remove(element)
        policy.append(element)
    for rule in policy.iter("rule"):
        rule.attrib = dict(sorted(rule.attrib.items()))
    ET.indent(policy)
    return ET.tostring(policy, encoding="unicode").replace(" />", "/>")


@given(st.lists(named_rules()), DIRECTIONS)
def test_each_name_has_its_rules_in_order_also_when_firewalld_wrote_the_file(
    named: list[NamedRules], direction: Direction
) -> None:
    text = ""
    for one in named:
        text = with_named(text, direction, one)
    last = {one.name: one for one in named}
    assert parse_policy(text) == tuple(sorted(last.values()))
    if text:
        assert parse_policy(as_firewalld_writes(text)) == parse_policy(text)
        assert rich_rules(as_firewalld_writes(text)) == rich_rules(text)
        again = as_firewalld_writes(text)
        assert all(with_named(again, direction, one) == again for one in last.values())
    for name in last:
        text = without_named(text, direction, name)
    assert rich_rules(text) == ()


@given(st.text(), named_rules(), DIRECTIONS)
def test_any_text_is_a_file(text: str, named: NamedRules, direction: Direction) -> None:
    after = with_named(text, direction, named)
    assert named in parse_policy(after)
    assert with_named(after, direction, named) == after
    without_named(f"<description>Written whole by Vigo: {text}</description><rule {text}>", direction, named.name)


RICH = st.builds(
    lambda priority, port, action: f'rule priority="{priority}" port port="{port}" protocol="tcp" {action}',
    st.sampled_from([-900, -500]),
    st.integers(1, 4),
    st.sampled_from(["accept", "drop"]),
)
FEW = st.lists(RICH, unique=True, max_size=7)


def decided(rules: list[str]) -> dict[tuple[str, str], str]:
    """Return what becomes of a packet to each port at each priority: the first rule about it decides."""
    found: dict[tuple[str, str], str] = {}
    for rule in rules:
        _, priority, _, port, *_ = rule.split('"')
        found.setdefault((priority, port), rule.rpartition(" ")[2])
    return found


@given(FEW, FEW, st.randoms())
def test_the_difference_leads_to_the_wanted_rules_in_their_order_and_moves_none_twice(
    wanted: list[str], live: list[str], chance: random.Random
) -> None:
    steps = difference(wanted, live)
    assert set(steps.remove) <= set(live)
    after = [rule for rule in live if rule not in steps.remove]
    for rules in steps.add:
        assert rules
        assert not set(rules) & set(after)
        after += chance.sample(rules, len(rules))
    assert set(after) == set(wanted)
    assert decided(after) == decided(wanted)
    assert difference(wanted, after) == ((), ())


def test_a_rule_of_the_same_action_is_added_and_none_is_taken_away_for_it() -> None:
    one, two, three = (f'rule priority="-500" port port="{port}" protocol="tcp" accept' for port in (1, 2, 3))
    assert difference([one, two, three], [three, one]) == ((), ((two,),))


@given(st.text(), st.text())
def test_any_listings_are_compared(running: str, permanent: str) -> None:
    only_running(running, permanent)
    assert only_running(running, running) == ""


def test_a_rich_rule_is_what_firewalld_prints() -> None:
    rule = RichRule(500, "ipv4", "192.0.2.0/24", "tcp", "22", "accept")
    assert (
        rule.text
        == 'rule priority="-500" family="ipv4" source address="192.0.2.0/24" port port="22" protocol="tcp" accept'
    )
    assert RichRule(900, "", "", "", "", "reject").text == 'rule priority="-100" reject'
    assert RichRule(0, "", "", "udp", "", "drop").text == 'rule priority="-1000" protocol value="udp" drop'


def test_interfaces_and_policies_of_ours_are_not_lost_by_a_reload_and_all_else_is() -> None:
    permanent = "public\n  interfaces: \n  ports: \n\nvigo-in (active)\n  rich rules: \n"
    assert (
        only_running(
            "public (default, active)\n  interfaces: eth0\n  ports: \n\nvigo-in\n  rich rules: \n\tx\n", permanent
        )
        == ""
    )
    assert only_running("public (active)\n  interfaces: eth0\n  ports: 1234/tcp\n", permanent) == "public"
    assert only_running("docker\n  interfaces: docker0\n  ports: \n", permanent) == "docker"
