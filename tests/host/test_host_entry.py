from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource


def entry(**fields: object) -> PlannedResource:
    return declared("host_entry", "entry", host="db-1.example.com", **fields)


def test_a_host_is_found_by_the_system_and_gone_again(debian: BootedDebian) -> None:
    debian.changes(entry(ip="192.0.2.7", aliases=["db-1"]))
    assert debian.tell("getent", "hosts", "db-1").split() == ["192.0.2.7", "db-1.example.com", "db-1"]
    debian.changes(entry(ip="192.0.2.8"))
    assert debian.tell("getent", "hosts", "db-1.example.com").split() == ["192.0.2.8", "db-1.example.com"]
    debian.changes(entry(state="absent"))
    assert debian.run("getent", "hosts", "db-1.example.com", check=False).returncode == 2
    debian.keeps(entry(state="absent"))
