import pytest

from tests.catalog.formats.test_firewall_rules import chain, listing
from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat
from vigo.catalog.api import CommandResult
from vigo.catalog.traits.firewall import DefaultPolicies, FirewallTraits, collect_firewall
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

LIST = "nft -j list chains"
MODULES: Files = {"/sys/module/nf_tables": FakeNode.directory()}
SAVED = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"
CLOSED = DefaultPolicies(input="drop", forward="drop", output="accept")


def collected(host: FakeHost) -> FirewallTraits:
    found = collect_firewall.collect(host)
    assert isinstance(found, FirewallTraits)
    return found


def test_debians_nftables_is_told_by_the_kernel() -> None:
    answer = listing(chain("inet", "filter", "input", "drop"), chain("inet", "filter", "output", "accept"))
    files: Files = {**MODULES, "/etc/systemd/system/sysinit.target.wants/nftables.service": ""}
    found = collected(debian(files, answers={LIST: answer}))
    policy = DefaultPolicies(input="drop", forward="", output="accept")
    assert found == FirewallTraits(
        installed=("nftables",),
        enabled=("nftables",),
        tool="nftables",
        active=True,
        policies={"ipv4": policy, "ipv6": policy},
        tables=("inet filter",),
        zone="",
    )


def test_ubuntus_ufw_is_in_charge_of_what_it_drives() -> None:
    files: Files = {
        **MODULES,
        "/etc/ufw/ufw.conf": "ENABLED=yes\nLOGLEVEL=low\n",
        "/etc/default/ufw": 'DEFAULT_INPUT_POLICY="DROP"\n',
    }
    answer = listing(chain("ip", "filter", "input", "drop"), chain("ip6", "filter", "input", "drop"))
    found = collected(debian(files, answers={LIST: answer}))
    assert (found.tool, found.active, found.enabled) == ("ufw", True, ("ufw",))
    assert found.policies["ipv6"].input == "drop"


@pytest.mark.parametrize(
    ("target", "policy"), [('target="DROP"', "drop"), ("", "reject"), ('target="ACCEPT"', "accept")]
)
def test_red_hats_and_opensuses_firewalld_is_told_by_its_default_zone(target: str, policy: str) -> None:
    files: Files = {
        "/sys/fs/cgroup/system.slice/firewalld.service": FakeNode.directory(),
        "/etc/firewalld/firewalld.conf": "# x\nDefaultZone=work\n",
        "/etc/firewalld/zones/work.xml": f'<?xml version="1.0"?>\n<zone {target}><service name="ssh"/></zone>\n',
        "/etc/systemd/system/multi-user.target.wants/firewalld.service": "",
    }
    found = collected(redhat(files))
    assert (found.tool, found.zone, found.active) == ("firewalld", "work", True)
    assert found.policies["ipv4"] == DefaultPolicies(input=policy, forward="reject", output="accept")


def test_alpines_iptables_are_told_by_the_program_of_the_former_tables() -> None:
    files: Files = {
        "/proc/net/ip_tables_names": "filter\n",
        "/proc/modules": "ip_tables 1 0 - Live 0x0\n",
        "/proc/sys/kernel/osrelease": "6.6.1-lts\n",
        "/lib/modules/6.6.1-lts/modules.builtin": "kernel/x.ko\n",
        "/etc/runlevels/default/iptables": FakeNode.symlink("/etc/init.d/iptables"),
    }
    host = FakeHost(files, answers={"iptables-save -t filter": SAVED}, programs=("iptables",))
    found = collected(host)
    assert (found.tool, found.enabled, found.policies) == ("iptables", ("iptables",), {"ipv4": CLOSED})


def test_both_versions_of_the_former_tables_are_told_and_none_of_them_hides_nftables() -> None:
    files: Files = {**MODULES, "/proc/net/ip_tables_names": "nat\nfilter\n", "/proc/net/ip6_tables_names": "filter\n"}
    accepting = SAVED.replace("DROP", "ACCEPT")
    host = debian(
        files,
        answers={
            LIST: listing(chain("ip6", "filter", "input", "drop")),
            "iptables-legacy-save -t filter": SAVED,
            "ip6tables-legacy-save -t filter": accepting,
        },
    )
    found = collected(host)
    assert found.policies["ipv4"] == CLOSED
    assert found.policies["ipv6"] == DefaultPolicies(input="drop", forward="accept", output="accept")


def test_a_former_table_that_nobody_can_be_asked_of_is_not_told_as_open() -> None:
    files: Files = {**MODULES, "/proc/net/ip6_tables_names": "filter\n"}
    found = collected(debian(files, answers={LIST: listing()}))
    assert (found.active, found.policies) == (None, {})


def test_archs_files_of_both_versions_are_told_of_an_image() -> None:
    files: Files = {
        "/etc/systemd/system/multi-user.target.wants/iptables.service": "",
        "/etc/iptables/iptables.rules": SAVED,
        "/etc/iptables/ip6tables.rules": SAVED.replace("DROP", "ACCEPT"),
    }
    found = collected(image(files))
    assert found.policies["ipv4"] == CLOSED
    assert found.policies["ipv6"] == DefaultPolicies(input="accept", forward="accept", output="accept")


def test_a_kernel_that_has_not_loaded_nftables_is_not_made_to() -> None:
    files: Files = {
        "/proc/modules": "ext4 1 0 - Live 0x0\n",
        "/proc/sys/kernel/osrelease": "6.1.0\n",
        "/lib/modules/6.1.0/modules.builtin": "",
    }
    host = FakeHost(files, programs=("nft",))
    assert collected(host).active is False
    assert host.questions == []


def test_an_image_has_what_its_files_say() -> None:
    files: Files = {
        "/etc/iptables/rules.v4": SAVED,
        "/etc/systemd/system/multi-user.target.wants/netfilter-persistent.service": "",
    }
    found = collected(image(files))
    assert (found.tool, found.active, found.policies) == ("iptables", None, {"ipv4": CLOSED})


def test_who_may_not_ask_is_told_so() -> None:
    host = debian(MODULES, answers={LIST: CommandResult(1, "", "Operation not permitted (you must be root)\n")})
    with pytest.raises(UnavailableError, match="you must be root"):
        collect_firewall.collect(host)


@pytest.mark.parametrize("host", [FakeHost(), debian(), redhat(), alpine()])
def test_a_host_where_nobody_can_be_asked_has_none(host: FakeHost) -> None:
    found = collected(host)
    assert (found.tool, found.active, found.policies) == ("", None, {})
