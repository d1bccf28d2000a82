import json

from tests.host.booted_debian import BootedDebian
from tests.host.tell_traits import traits_of

RULES = """
table inet filter {
    chain input { type filter hook input priority 0; policy drop; ct state established accept; }
    chain output { type filter hook output priority 0; policy accept; }
}
"""
FOLDER = "/etc/vigo/traits.d"


def test_certificates_are_those_that_openssl_reads(debian: BootedDebian) -> None:
    path = "/etc/ssl/certs/web.pem"
    debian.run("mkdir", "-p", "/etc/ssl/certs")
    debian.run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=web-1"),
        *("-addext", "subjectAltName=DNS:web-1.example.com,IP:192.0.2.7", "-keyout", "/etc/ssl/web.key", "-out", path),
    )
    told = traits_of(debian, "certificates")["certificates"]
    (found,) = told["certificates"].values()
    assert list(told["certificates"]) == [path]

    def openssl(*options: str) -> str:
        return debian.tell("openssl", "x509", "-in", path, "-noout", *options)

    assert openssl("-subject", "-nameopt", "RFC2253") == f"subject={found['subject']}"
    assert openssl("-enddate", "-dateopt", "iso_8601").partition("=")[2][:10] == found["not_after"]
    listed = openssl("-ext", "subjectAltName").partition("\n")[2].replace("IP Address:", "").replace("DNS:", "")
    assert sorted(name.strip() for name in listed.split(",")) == list(found["names"])
    assert (found["key_type"], found["key_bits"], found["self_signed"]) == ("rsa", 2048, True)
    assert told["first_expiry"] == found["not_after"]


def test_ssh_is_as_the_daemon_and_ssh_keygen_tell_it(ssh_server: BootedDebian) -> None:
    ssh_server.write("/etc/ssh/sshd_config.d/10-ours.conf", "PermitRootLogin no\nPort 2222\nMaxAuthTries 3\n")
    told = traits_of(ssh_server, "ssh")["ssh"]
    ssh_server.run("mkdir", "-p", "/run/sshd")
    daemon = dict(line.partition(" ")[::2] for line in ssh_server.tell("sshd", "-T").splitlines())
    for name in ("PermitRootLogin", "MaxAuthTries", "PasswordAuthentication", "X11Forwarding", "UsePAM"):
        assert told["settings"][name] == daemon[name.lower()].replace("without-password", "prohibit-password"), name
    assert [str(port) for port in told["ports"]] == [daemon["port"]]
    assert told["host_keys"]
    for path, key in told["host_keys"].items():
        assert ssh_server.tell("ssh-keygen", "-lf", path).split()[1] == key["fingerprint"]


def test_dns_is_what_the_c_library_is_given(debian: BootedDebian) -> None:
    debian.write("/etc/resolv.conf", "search example.com\nnameserver 192.0.2.53\noptions ndots:2\n")
    told = traits_of(debian, "dns")["dns"]
    asked = "import socket,ctypes; print(open('/etc/nsswitch.conf').read())"
    order = next(line for line in debian.tell("python3", "-c", asked).splitlines() if line.startswith("hosts:"))
    assert list(told["hosts_order"]) == order.split()[1:]
    assert (told["manager"], told["resolvers"], told["search"]) == ("static", ["192.0.2.53"], ["example.com"])


def test_the_firewall_is_as_nft_lists_it(debian: BootedDebian) -> None:
    debian.run("nft", "-f", "-", stdin=RULES)
    told = traits_of(debian, "firewall")["firewall"]
    listed = json.loads(debian.tell("nft", "-j", "list", "chains"))["nftables"]
    policies = {one["chain"]["hook"]: one["chain"]["policy"] for one in listed if "chain" in one}
    for version in ("ipv4", "ipv6"):
        assert {hook: policy for hook, policy in told["policies"][version].items() if policy} == policies
    assert (told["tables"], told["active"]) == (["inet filter"], True)
    assert "nftables" in told["installed"]


def test_selinux_and_apparmor_are_as_the_kernel_has_them(debian: BootedDebian) -> None:
    told = traits_of(debian, "selinux", "apparmor")
    has_selinux = debian.run("test", "-e", "/sys/fs/selinux/enforce", check=False).returncode == 0
    assert told["selinux"]["mode"] == ("disabled" if not has_selinux else told["selinux"]["mode"])
    switch = debian.run("cat", "/sys/module/apparmor/parameters/enabled", check=False).stdout.strip()
    assert told["apparmor"]["enabled"] == (switch == "Y")
    debian.write("/etc/selinux/config", "SELINUX=permissive\nSELINUXTYPE=default\n")
    assert traits_of(debian, "selinux")["selinux"]["boot_mode"] == "permissive"


def test_a_cloud_is_told_by_what_cloud_init_left(debian: BootedDebian) -> None:
    data = {"v1": {"cloud_name": "openstack", "instance_id": "4711", "region": "north"}, "ds": {}}
    debian.write("/run/cloud-init/instance-data.json", json.dumps(data))
    told = traits_of(debian, "cloud")["cloud"]
    asked = "import json; print(json.load(open('/run/cloud-init/instance-data.json'))['v1']['instance_id'])"
    assert (told["provider"], told["instance_id"]) == ("openstack", debian.tell("python3", "-c", asked))


def test_custom_traits_come_from_the_operators_own_files_and_programs(debian: BootedDebian) -> None:
    debian.write(f"{FOLDER}/10-who.sh", "#!/bin/sh\necho user=$(id -un)\necho kernel=$(uname -r)\n", mode="0755")
    debian.write(f"{FOLDER}/slow.sh", "#!/bin/sh\nsleep 60\n", mode="0755")
    debian.write(f"{FOLDER}/open.txt", "x=1\n", mode="0666")
    debian.write(f"{FOLDER}/rack.json", '{"row": 12}')
    told = traits_of(debian, "custom")["custom"]
    assert told["who"] == {"user": debian.tell("id", "-un"), "kernel": debian.tell("uname", "-r")}
    assert told["rack"] == {"row": 12}
    assert told["refused"].keys() == {"slow.sh", "open.txt"}
    assert debian.run("pgrep", "-f", "sleep 60", check=False).returncode == 1
