from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.ufw_rules import (
    LiveRule,
    UfwMove,
    UfwRule,
    live_of,
    marked,
    moved,
    numbered,
    parse_live_rules,
    parse_user_rules,
    words_of,
)

OURS = st.builds(marked, st.integers(0, 999), st.sampled_from(["a", "b", "c.d-e"]))
RULES = st.builds(
    UfwRule,
    st.sampled_from(["allow", "deny", "reject"]),
    st.sampled_from(["tcp", "udp"]),
    st.sampled_from(["22", "80,443", "8000:8100"]),
    st.just("0.0.0.0/0"),
    st.just("any"),
    st.sampled_from(["0.0.0.0/0", "192.0.2.0/24", "198.51.100.7"]),
    st.sampled_from(["in", "out", "in_eth0"]),
    st.just(()),
    st.one_of(st.just(""), st.just("my own"), OURS),
)
FILES = st.lists(RULES, max_size=8, unique_by=lambda rule: rule.match)


def line_of(rule: UfwRule) -> str:
    comment = f" comment={rule.comment.encode().hex()}" if rule.comment else ""
    return f"### tuple ### {' '.join((*rule[:6], *rule.applications, rule.way))}{comment}"


def taken(rules: list[UfwRule], steps: tuple[UfwMove, ...]) -> list[UfwRule]:
    """Return what ufw makes of a file when it is told these steps."""
    now = list(rules)
    for step in steps:
        at = next((place for place, one in enumerate(now) if one.match == step.rule.match), None)
        if step.verb == "delete":
            assert at is not None
            del now[at]
        elif step.verb == "update":
            assert at is not None
            now[at] = step.rule
        else:
            assert at is None, "ufw passes over what it has"
            assert step.verb == "add" or 1 <= step.number <= len(now)
            now.insert(step.number - 1 if step.verb == "insert" else len(now), step.rule)
    return now


@given(FILES)
def test_a_file_is_read_in_its_order_with_what_stands_between(rules: list[UfwRule]) -> None:
    text = "*filter\n### RULES ###\n" + "".join(f"\n{line_of(rule)}\n-A ufw-user-input -j ACCEPT\n" for rule in rules)
    assert list(parse_user_rules(text)) == rules


@given(st.text())
def test_any_text_is_a_file(text: str) -> None:
    assert all(rule.action for rule in parse_user_rules(text))
    assert all(rule.action for rule in parse_user_rules(f"### tuple ### {text}"))
    parse_live_rules(text)
    parse_live_rules(f"-A ufw-user-input {text}")


@given(FILES, st.lists(RULES, max_size=3, unique_by=lambda rule: rule.match), st.integers(0, 999))
def test_after_the_steps_a_name_has_its_rules_and_others_are_as_they_were(
    rules: list[UfwRule], wished: list[UfwRule], order: int
) -> None:
    wanted = [rule._replace(comment=marked(order, "a")) for rule in wished]
    found = moved(rules, wanted, "a")
    after = taken(rules, found.steps)

    assert after == list(found.after)
    assert moved(after, wanted, "a").steps == ()
    theirs = [rule for rule in rules if rule.place is None or rule.place[1] != "a"]
    assert [rule for rule in after if rule.place is None or rule.place[1] != "a"] == theirs
    left_to_others = {rule.match for rule in theirs}
    assert {rule for rule in after if rule.place is not None and rule.place[1] == "a"} == {
        rule for rule in wanted if rule.match not in left_to_others
    }


@given(FILES)
def test_ours_that_changed_places_are_put_right_one_name_after_another(rules: list[UfwRule]) -> None:
    names = sorted({rule.place[1] for rule in rules if rule.place is not None})
    for name in [*names, *names]:
        wanted = [rule for rule in rules if rule.place is not None and rule.place[1] == name]
        after = taken(rules, moved(rules, wanted, name).steps)
        assert moved(after, wanted, name).steps == ()
        rules = after


@given(st.permutations([marked(100, "b"), marked(100, "c"), marked(500, "a"), marked(900, "a.b"), "", "others"]))
def test_rules_of_ours_that_come_one_by_one_stand_in_their_order_before_others(comments: list[str]) -> None:
    rules: list[UfwRule] = []
    for number, comment in enumerate(comments, 1):
        rule = UfwRule("allow", "tcp", str(number), "0.0.0.0/0", "any", "0.0.0.0/0", comment=comment)
        if rule.place is None:
            rules.append(rule)
        else:
            rules = taken(rules, moved(rules, [rule], rule.place[1]).steps)
    places = [rule.place for rule in rules if rule.place is not None]
    assert places == sorted(places)


def test_names_ports_and_addresses_are_those_of_ufw() -> None:
    text = (
        "### tuple ### route:allow any any 0.0.0.0/0 any 0.0.0.0/0 in_eth0!out_eth1\n"
        "### tuple ### allow tcp 137 0.0.0.0/0 any 0.0.0.0/0 Samba - in comment=6162\n"
        "### tuple ### allow udp 138 0.0.0.0/0 any 0.0.0.0/0 Samba - in\n"
        "### tuple ### deny udp 8000:8100 ::/0 any ::ffff:1.2.3.4 in comment=7669676f203030312061\n"
        "### tuple ### deny tcp 22 0.0.0.0/0 any 192.0.2.1\n"
        "### tuple ### malformed\n"
    )
    route, samba, _, ipv6, old = rules = parse_user_rules(text)
    assert route.match != route._replace(action="allow").match
    assert (samba.applications, samba.comment, samba.place) == (("Samba", "-"), "ab", None)
    assert ipv6.place == (1, "a")
    assert ipv6.source == "::ffff:102:304"
    assert words_of(old) == ("deny", "in", "proto", "tcp", "from", "192.0.2.1", "to", "any", "port", "22")
    assert numbered(rules) == len(rules) - 1


def test_what_iptables_prints_of_a_rule_is_that_rule() -> None:
    text = (
        "-N ufw-user-input\n"
        "-A ufw-user-input -s 198.51.100.7/32 -p tcp -m multiport --dports 80,443,8000:8100 -j ACCEPT\n"
        "-A ufw-user-input -p udp -m udp --dport 53 -j REJECT --reject-with icmp-port-unreachable\n"
        "-A ufw-user-input -j DROP\n"
        "-A ufw-user-input -i eth0 -p tcp -m tcp --dport 99 -j ACCEPT\n"
        "-A ufw-user-input -p tcp -m tcp --dport 77 -j ufw-user-logging-input\n"
    )
    anywhere = UfwRule("deny", "any", "any", "0.0.0.0/0", "any", "0.0.0.0/0")
    assert parse_live_rules(text) == {
        LiveRule("198.51.100.7", "tcp", "80,443,8000:8100", "ACCEPT"),
        live_of(anywhere._replace(action="reject", protocol="udp", port="53")),
        live_of(anywhere),
    }
