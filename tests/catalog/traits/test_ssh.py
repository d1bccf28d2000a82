import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.ssh import HostKey, SshTraits, collect_ssh
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJzz7pYbCwGxNVw9QzDiOvcT0mOLo8uaXSxHEWHEzqZ0 root@web-1\n"
DEBIAN = """Include /etc/ssh/sshd_config.d/*.conf
#Port 22
#PermitRootLogin prohibit-password
KbdInteractiveAuthentication no
UsePAM yes
X11Forwarding yes
AcceptEnv LANG LC_*
Subsystem\tsftp\t/usr/lib/openssh/sftp-server
"""


def collected(host: FakeHost) -> SshTraits:
    found = collect_ssh.collect(host)
    assert isinstance(found, SshTraits)
    return found


def test_debian_reads_the_folder_first() -> None:
    files: Files = {
        "/etc/ssh/sshd_config": DEBIAN,
        "/etc/ssh/sshd_config.d/10-ours.conf": "PermitRootLogin no\nPort 2222\nAllowGroups ssh admins\n",
        "/etc/ssh/sshd_config.d/50-cloud-init.conf": "PasswordAuthentication no\nPermitRootLogin yes\n",
        "/etc/ssh/sshd_config.d/off.conf.bak": "PermitEmptyPasswords yes\n",
        "/etc/ssh/sshd_config.d/60-package.conf": FakeNode.symlink("/dev/null"),
        "/dev/null": FakeNode(kind="other", unreadable="is no regular file"),
        "/etc/ssh/ssh_host_ed25519_key.pub": KEY,
        "/etc/ssh/ssh_host_ed25519_key": "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    }
    found = collected(debian(files))
    assert found.settings["PermitRootLogin"] == "no"
    assert found.settings["PasswordAuthentication"] == "no"
    assert found.settings["PermitEmptyPasswords"] == "no"
    assert found.settings["X11Forwarding"] == "yes"
    assert found.settings["MaxAuthTries"] == "6"
    assert {"MaxAuthTries", "PermitEmptyPasswords"} <= set(found.defaults)
    assert not {"PermitRootLogin", "UsePAM"} & set(found.defaults)
    assert found.ports == (2222,)
    assert found.allow_groups == ("ssh", "admins")
    assert found.host_keys == {
        "/etc/ssh/ssh_host_ed25519_key.pub": HostKey(
            type="ssh-ed25519", fingerprint="SHA256:mohjyLNj6y4dYbvvA75Y7V6EjfPmSEP+ksgwjIe92pI"
        )
    }


def test_red_hats_crypto_policy_stands_in_an_include_of_an_include() -> None:
    files: Files = {
        "/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile\t.ssh/authorized_keys\n",
        "/etc/ssh/sshd_config.d/50-redhat.conf": "SyslogFacility AUTHPRIV\n"
        "Include /etc/crypto-policies/back-ends/opensshserver.config\nUsePAM yes\n",
        "/etc/crypto-policies/back-ends/opensshserver.config": "Ciphers aes256-gcm@openssh.com,aes256-ctr\n",
    }
    found = collected(redhat(files))
    assert found.settings["Ciphers"] == "aes256-gcm@openssh.com,aes256-ctr"
    assert found.settings["AuthorizedKeysFile"] == ".ssh/authorized_keys"
    assert found.settings["MACs"] == ""


def test_opensuse_keeps_the_file_of_its_package_elsewhere() -> None:
    files: Files = {
        "/usr/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin Without-Password\n",
        "/etc/ssh/sshd_config.d/x.conf": "Match User ann\nPasswordAuthentication no\n",
    }
    found = collected(FakeHost(files))
    assert found.settings["PermitRootLogin"] == "prohibit-password"
    assert found.settings["PasswordAuthentication"] == "yes"
    assert found.match_blocks == 1


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("", (22,)),
        ("Port 2222\nPort 22\nPort 0\nPort 99999\n", (22, 2222)),
        ("ListenAddress 192.0.2.7\nListenAddress [2001:db8::7]:2222\n", (22, 2222)),
        ("ListenAddress 192.0.2.7:22022\nPort 22\n", (22022,)),
        ("ListenAddress 2001:db8::7\nPort 2200\n", (2200,)),
    ],
)
def test_an_address_can_have_a_port_of_its_own(text: str, ports: tuple[int, ...]) -> None:
    assert collected(alpine({"/etc/ssh/sshd_config": text})).ports == ports


def test_files_that_include_themselves_come_to_an_end() -> None:
    files: Files = {"/etc/ssh/sshd_config": "Include *config\nInclude sshd_config\nPermitRootLogin no\n"}
    assert collected(debian(files)).settings["PermitRootLogin"] == "no"


@pytest.mark.parametrize("host", [FakeHost(), debian(), redhat(), alpine(), image()])
def test_a_host_without_ssh_has_no_settings(host: FakeHost) -> None:
    found = collected(host)
    assert (found.present, found.settings, found.defaults, found.ports) == (False, {}, (), ())


def test_an_image_has_its_settings() -> None:
    assert collected(image({"/etc/ssh/sshd_config": DEBIAN})).settings["UsePAM"] == "yes"


@pytest.mark.parametrize("path", ["/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/x.conf"])
def test_an_unreadable_file_is_told(path: str) -> None:
    files: Files = {"/etc/ssh/sshd_config": DEBIAN, **unreadable(path)}
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_ssh.collect(debian(files))


def test_no_private_key_is_opened() -> None:
    files: Files = {"/etc/ssh/ssh_host_rsa_key.pub": KEY, **unreadable("/etc/ssh/ssh_host_rsa_key")}
    assert set(collected(debian(files)).host_keys) == {"/etc/ssh/ssh_host_rsa_key.pub"}
