from tests.host.booted_debian import BootedDebian, declared
from tests.host.neighbour import AWAY, Neighbour
from vigo.core.plan import PlannedResource


def rule(name: str, **fields: object) -> PlannedResource:
    return declared("firewall", name, firewall=name, **fields)


def test_rules_are_in_the_kernel_in_their_order_and_again_after_somebody_flushed_them(debian: BootedDebian) -> None:
    rules = [
        rule("ssh", port="22", order=100, **{"from": ["192.0.2.0/24", "198.51.100.7"]}),
        rule("rest", protocol="any", action="drop", order=900),
        rule("web", port="80,443,8000-8100"),
        rule("v6", protocol="udp", port="53", **{"from": ["2001:db8::/32"]}),
    ]
    debian.changes(*rules)
    shown = debian.tell("nft", "list", "chain", "inet", "vigo", "input")
    places = [shown.index(f" {name} ") for name in ("ssh", "v6", "web", "rest")]
    assert places == sorted(places)
    assert "ip saddr { 192.0.2.0/24, 198.51.100.7 } tcp dport 22 " in shown
    assert "tcp dport { 80, 443, 8000-8100 } " in shown
    debian.run("nft", "flush", "ruleset")
    debian.changes(rules[0])
    assert debian.tell("nft", "list", "chain", "inet", "vigo", "input") != ""
    debian.keeps(*rules)
    debian.changes(*(rule(name, state="absent") for name in ("ssh", "rest", "web", "v6")))
    assert "comment" not in debian.tell("nft", "list", "table", "inet", "vigo")


def test_others_tables_stay_and_the_boot_loads_the_file(debian: BootedDebian) -> None:
    debian.run("nft", "add", "table", "inet", "others")
    debian.changes(rule("ssh", port="22", action="reject"))
    assert "table inet others" in debian.tell("nft", "list", "tables")
    assert debian.tell("systemctl", "is-enabled", "vigo-firewall.service") == "enabled"
    debian.run("nft", "flush", "ruleset")
    debian.run("systemctl", "daemon-reload")
    debian.run("systemctl", "start", "vigo-firewall.service")
    assert "tcp dport 22 " in debian.tell("nft", "list", "chain", "inet", "vigo", "input")
    assert "ExecStart=/usr/sbin/nft -f " in debian.tell("systemctl", "cat", "vigo-firewall.service")
    assert debian.run("systemd-analyze", "verify", "vigo-firewall.service").stderr == ""
    debian.changes(rule("ssh", state="absent"))


def test_a_dropped_port_does_not_answer_and_what_the_machine_tells_itself_does(debian: BootedDebian) -> None:
    neighbour = Neighbour(debian)
    neighbour.listen(2222)
    assert neighbour.reaches(2222)
    debian.changes(rule("closed", port="2222", action="drop"))
    assert not neighbour.reaches(2222)
    assert neighbour.reaches_itself(2222)
    debian.changes(rule("open", port="2222", order=1, **{"from": [AWAY]}))
    assert neighbour.reaches(2222)
