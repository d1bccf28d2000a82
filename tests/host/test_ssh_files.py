from tests.host.booted_debian import BootedDebian, declared


def new_key(debian: BootedDebian, name: str) -> str:
    """Make a key pair in there by ssh-keygen, and return its public half."""
    debian.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name} key", "-f", f"/srv/{name}")
    return debian.tell("cat", f"/srv/{name}.pub")


def test_a_key_that_ssh_keygen_made_is_found_by_it_and_gone_again(debian: BootedDebian) -> None:
    one, two = new_key(debian, "one"), new_key(debian, "two")
    debian.run("useradd", "--create-home", "keyed")
    path = "/home/keyed/.ssh/authorized_keys"
    keys = [
        declared("authorized_key", name, user="keyed", key=key, options='command="echo a b",no-pty')
        for name, key in (("one", one), ("two", two))
    ]
    debian.changes(*keys)
    told = debian.tell("ssh-keygen", "-l", "-f", path).splitlines()
    assert [line.split(maxsplit=2)[1] for line in told] == [
        debian.tell("ssh-keygen", "-l", "-f", f"/srv/{name}").split()[1] for name in ("one", "two")
    ]
    assert debian.tell("stat", "--format=%a %U %G", path) == "600 keyed keyed"
    assert debian.tell("stat", "--format=%a %U %G", "/home/keyed/.ssh") == "700 keyed keyed"
    debian.changes(declared("authorized_key", "one", user="keyed", key=one, state="absent"))
    assert debian.tell("ssh-keygen", "-l", "-f", path).count("key") == 1
    debian.changes(declared("authorized_key", "only", user="keyed", key=one, exclusive=True))
    assert debian.tell("cat", path) == one


def test_a_host_that_is_known_is_found_by_ssh_keygen_also_where_it_was_hashed(debian: BootedDebian) -> None:
    key, other = new_key(debian, "host"), new_key(debian, "old")
    debian.write("/etc/ssh/ssh_known_hosts", f"git.example.com {other}\n")
    debian.run("ssh-keygen", "-q", "-H", "-f", "/etc/ssh/ssh_known_hosts")
    assert "git.example.com" not in debian.tell("cat", "/etc/ssh/ssh_known_hosts")
    debian.changes(declared("known_host", "git", host="git.example.com", aliases=["192.0.2.7"], key=key))
    for name in ("git.example.com", "192.0.2.7"):
        assert key.split()[1] in debian.tell("ssh-keygen", "-F", name, "-f", "/etc/ssh/ssh_known_hosts")
    assert other.split()[1] not in debian.tell("cat", "/etc/ssh/ssh_known_hosts")
    debian.changes(declared("known_host", "git", host="git.example.com", state="absent"))
    argv = ("ssh-keygen", "-F", "git.example.com", "-f", "/etc/ssh/ssh_known_hosts")
    assert debian.run(*argv, check=False).returncode == 1
