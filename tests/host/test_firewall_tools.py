"""The kind `firewall` where ufw or firewalld keeps the packet filter, judged by themselves and by the kernel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.booted_debian import BootedDebian, boot, declared
from tests.host.debian_root import cached_root
from tests.host.neighbour import AWAY, Neighbour
from vigo.core.plan import PlannedResource

IN, OUT = "/etc/firewalld/policies/vigo-in.xml", "/etc/firewalld/policies/vigo-out.xml"


@pytest.fixture
def walled(debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    """Yield a freshly booted Debian in which firewalld runs, and ufw is installed and not enabled."""
    with boot(cached_root(("firewalld", "ufw")), tmp_path) as machine:
        # Stopped in the middle of its start firewalld would leave its table behind.
        machine.run("timeout", "60", "sh", "-c", "until firewall-cmd --state; do sleep 0.1; done")
        yield machine


@pytest.fixture
def ufw(walled: BootedDebian) -> BootedDebian:
    """Return a Debian in which ufw is enabled and firewalld does not run."""
    walled.run("systemctl", "disable", "--now", "firewalld")
    assert "firewalld" not in walled.tell("nft", "list", "tables")
    walled.run("ufw", "--force", "enable")
    return walled


def rule(name: str, **fields: object) -> PlannedResource:
    return declared("firewall", name, firewall=name, **fields)


def status_of(debian: BootedDebian) -> list[str]:
    """Return the numbered rules that ufw shows, each in one spelling."""
    shown = debian.tell("ufw", "status", "numbered").splitlines()
    return [" ".join(line.partition("] ")[2].split()) for line in shown if line.startswith("[")]


def rich_rules_of(debian: BootedDebian, *options: str) -> list[str]:
    return debian.tell("firewall-cmd", *options, "--list-rich-rules").splitlines()


def test_ufw_has_the_rules_in_their_order_before_others(ufw: BootedDebian) -> None:
    ufw.run("ufw", "allow", "2222/tcp")
    rules = [
        rule("rest", protocol="any", action="reject", order=900, **{"from": ["198.51.100.0/24"]}),
        rule("web", port="443,80,8000-8100"),
        rule("ssh", port="22", order=100, **{"from": ["192.0.2.0/24", "203.0.113.7"]}),
        rule("v6", protocol="udp", port="53", order=100, **{"from": ["2001:db8::/32"]}),
        rule("out", port="25", direction="out", action="drop"),
    ]
    ufw.changes(*rules)
    assert status_of(ufw) == [
        "22/tcp ALLOW IN 192.0.2.0/24 # vigo 100 ssh",
        "22/tcp ALLOW IN 203.0.113.7 # vigo 100 ssh",
        "25/tcp DENY OUT Anywhere (out) # vigo 500 out",
        "80,443,8000:8100/tcp ALLOW IN Anywhere # vigo 500 web",
        "Anywhere REJECT IN 198.51.100.0/24 # vigo 900 rest",
        "2222/tcp ALLOW IN Anywhere",
        "53/udp ALLOW IN 2001:db8::/32 # vigo 100 v6",
        "25/tcp (v6) DENY OUT Anywhere (v6) (out) # vigo 500 out",
        "80,443,8000:8100/tcp (v6) ALLOW IN Anywhere (v6) # vigo 500 web",
        "2222/tcp (v6) ALLOW IN Anywhere (v6)",
    ]
    assert ufw.run("nft", "list", "table", "inet", "vigo", check=False).returncode != 0
    ufw.changes(rule("web", port="443,80,8000-8100", action="drop"), rule("ssh", port="2022", order=950))
    ufw.keeps(rules[0], rules[3], rules[4])
    assert [line for line in status_of(ufw) if "ssh" in line or "web" in line] == [
        "80,443,8000:8100/tcp DENY IN Anywhere # vigo 500 web",
        "2022/tcp ALLOW IN Anywhere # vigo 950 ssh",
        "80,443,8000:8100/tcp (v6) DENY IN Anywhere (v6) # vigo 500 web",
        "2022/tcp (v6) ALLOW IN Anywhere (v6) # vigo 950 ssh",
    ]
    ufw.changes(*(rule(name, state="absent") for name in ("rest", "web", "ssh", "v6", "out")))
    assert status_of(ufw) == ["2222/tcp ALLOW IN Anywhere", "2222/tcp (v6) ALLOW IN Anywhere (v6)"]


def test_ufw_lets_in_what_is_declared_and_again_after_its_chain_was_emptied_and_a_restart(ufw: BootedDebian) -> None:
    neighbour = Neighbour(ufw)
    neighbour.listen(2222)
    assert not neighbour.reaches(2222)
    opened = rule("open", port="2222", **{"from": [AWAY]})
    ufw.changes(opened)
    assert neighbour.reaches(2222)
    ufw.run("iptables", "-F", "ufw-user-input")
    assert not neighbour.reaches(2222)
    ufw.changes(opened)
    assert neighbour.reaches(2222)
    ufw.run("systemctl", "restart", "ufw")
    assert neighbour.reaches(2222)
    ufw.keeps(opened)
    ufw.changes(rule("closed", port="2222", order=1, action="drop"))
    assert not neighbour.reaches(2222)
    assert neighbour.reaches_itself(2222)
    assert f"-A ufw-user-input -s {AWAY}/32 -p tcp -m tcp --dport 2222 -j ACCEPT" in ufw.tell("iptables-save")


def test_what_others_made_with_ufw_stays_theirs(ufw: BootedDebian) -> None:
    ufw.run("ufw", "allow", "22/tcp", "comment", "my ssh")
    before = status_of(ufw)
    ufw.keeps(rule("ssh", port="22"), rule("ssh", port="22", state="absent"))
    refused = ufw.apply(rule("ssh", port="22", action="drop"))["ssh"]
    assert refused.outcome == "blocked"
    assert "somebody's own rule" in refused.reason
    assert status_of(ufw) == before


def test_ufw_is_neither_enabled_nor_started_and_rules_move_with_who_is_in_charge(ufw: BootedDebian) -> None:
    ssh = rule("ssh", port="22")
    ufw.run("ufw", "--force", "disable")
    ufw.changes(ssh)
    assert "ssh" in ufw.tell("nft", "list", "table", "inet", "vigo")
    assert ufw.tell("ufw", "status") == "Status: inactive"
    ufw.run("ufw", "--force", "enable")
    ufw.changes(ssh)
    assert "ssh" not in ufw.tell("nft", "list", "table", "inet", "vigo")
    assert status_of(ufw)[0] == "22/tcp ALLOW IN Anywhere # vigo 500 ssh"
    ufw.run("systemctl", "stop", "ufw")
    assert ufw.apply(ssh)["ssh"].outcome == "blocked"
    assert ufw.tell("ufw", "status") == "Status: inactive"
    ufw.run("ufw", "--force", "disable")
    ufw.changes(ssh)
    assert "vigo" not in ufw.tell("cat", "/etc/ufw/user.rules", "/etc/ufw/user6.rules")
    assert ufw.tell("grep", "^ENABLED", "/etc/ufw/ufw.conf") == "ENABLED=no"


def test_firewalld_has_the_rules_in_policies_of_ours_at_once_and_at_boot(walled: BootedDebian) -> None:
    walled.run("firewall-cmd", "--permanent", "--zone=public", "--add-port=9/tcp")
    walled.run("firewall-cmd", "--reload")
    zones = walled.tell("firewall-cmd", "--list-all-zones")
    rules = [
        rule("rest", protocol="any", action="reject", order=900, **{"from": ["198.51.100.0/24"]}),
        rule("web", port="443,8000-8100"),
        rule("ssh", port="22", order=100, **{"from": ["203.0.113.7"]}),
        rule("a--b", protocol="udp", order=500, action="drop", **{"from": ["2001:db8::1"]}),
        rule("out", port="25", direction="out", action="reject"),
    ]
    walled.changes(*rules)
    wanted = [
        'rule priority="-900" family="ipv4" source address="203.0.113.7" port port="22" protocol="tcp" accept',
        'rule priority="-500" family="ipv6" source address="2001:db8::1" protocol value="udp" drop',
        'rule priority="-500" port port="443" protocol="tcp" accept',
        'rule priority="-500" port port="8000-8100" protocol="tcp" accept',
        'rule priority="-100" family="ipv4" source address="198.51.100.0/24" reject',
    ]
    assert sorted(rich_rules_of(walled, "--policy=vigo-in")) == sorted(wanted)
    chain = walled.tell("nft", "list", "chain", "inet", "firewalld", "filter_IN_policy_vigo-in_pre")
    kernel = ["203.0.113.7 tcp dport 22 accept", "2001:db8::1 meta l4proto udp drop", "tcp dport 443 accept"]
    kernel += ["tcp dport 8000-8100 accept", "198.51.100.0/24 reject"]
    assert sorted(kernel, key=chain.index) in (kernel, [*kernel[:2], kernel[3], kernel[2], kernel[4]])
    assert rich_rules_of(walled, "--policy=vigo-out") == ['rule priority="-500" port port="25" protocol="tcp" reject']
    assert walled.tell("firewall-cmd", "--check-config") == "success"
    walled.run("systemctl", "restart", "firewalld")
    assert rich_rules_of(walled, "--policy=vigo-in") == wanted
    assert rich_rules_of(walled, "--permanent", "--policy=vigo-in") == wanted
    chain = walled.tell("nft", "list", "chain", "inet", "firewalld", "filter_IN_policy_vigo-in_pre")
    assert sorted(kernel, key=chain.index) == kernel
    walled.keeps(*rules)
    walled.run("firewall-cmd", "--runtime-to-permanent")
    walled.changes(rule("web", port="443"))
    walled.keeps(*(one for one in rules if one.id != "host/web"))
    walled.changes(*(rule(name, state="absent") for name in ("rest", "web", "ssh", "a--b", "out")))
    assert rich_rules_of(walled, "--policy=vigo-in") == rich_rules_of(walled, "--policy=vigo-out") == []
    walled.run("firewall-cmd", "--reload")
    for options in ((), ("--permanent",)):
        assert rich_rules_of(walled, *options, "--policy=vigo-in") == []
        assert rich_rules_of(walled, *options, "--policy=vigo-out") == []
    assert walled.tell("firewall-cmd", "--list-all-zones") == zones


def test_firewalld_lets_in_and_out_what_is_declared_whatever_the_zone(walled: BootedDebian) -> None:
    neighbour = Neighbour(walled)
    neighbour.listen(2222)
    neighbour.listen(8080, away=True)
    walled.run("firewall-cmd", "--zone=drop", "--change-interface=here")
    assert not neighbour.reaches(2222)
    walled.changes(rule("open", port="2222", **{"from": [AWAY]}))
    assert neighbour.reaches(2222)
    walled.run("firewall-cmd", "--policy=vigo-in", "--remove-rich-rule", rich_rules_of(walled, "--policy=vigo-in")[0])
    assert not neighbour.reaches(2222)
    walled.changes(rule("open", port="2222", **{"from": [AWAY]}))
    assert neighbour.reaches(2222)
    assert "ERROR" not in walled.tell("cat", "/var/log/firewalld")
    walled.changes(rule("closed", port="2222", order=1, action="drop"))
    assert not neighbour.reaches(2222)
    assert neighbour.reaches_itself(2222)
    assert neighbour.is_reached(8080)
    walled.changes(rule("no-proxy", port="8080", direction="out", action="reject"))
    assert not neighbour.is_reached(8080)


def test_what_only_the_running_firewalld_has_is_not_lost_by_a_reload(walled: BootedDebian) -> None:
    walled.run("firewall-cmd", "--zone=public", "--add-port=1234/tcp")
    ssh = rule("ssh", port="22")
    refused = walled.apply(ssh)["ssh"]
    assert refused.outcome == "blocked"
    assert "the zone public" in refused.reason
    assert walled.tell("firewall-cmd", "--list-ports") == "1234/tcp"
    walled.run("firewall-cmd", "--reload")
    walled.keeps(ssh)


def test_one_of_both_is_in_charge_and_a_stopped_firewalld_is_not(walled: BootedDebian) -> None:
    ssh = rule("ssh", port="22")
    walled.changes(ssh)
    walled.run("ufw", "--force", "enable")
    refused = walled.apply(ssh)["ssh"]
    assert refused.outcome == "blocked"
    assert "found ufw and firewalld" in refused.reason
    # Its end takes the chains of ufw along.
    walled.run("systemctl", "disable", "--now", "firewalld")
    assert "`ufw reload`" in walled.apply(ssh)["ssh"].reason
    walled.run("ufw", "reload")
    walled.changes(ssh)
    assert status_of(walled)[0] == "22/tcp ALLOW IN Anywhere # vigo 500 ssh"
    assert "<rule" not in walled.tell("cat", IN)
    assert walled.run("test", "-e", OUT, check=False).returncode == 1
