from tests.host.booted_debian import BootedDebian
from tests.host.tell_traits import traits_of


def test_the_system_is_the_one_that_its_own_files_and_uname_tell(debian: BootedDebian) -> None:
    told = traits_of(debian, "os", "hardware")
    named = debian.tell("sh", "-c", '. /etc/os-release; echo "$ID $VERSION_ID $VERSION_CODENAME"').split()
    assert [told["os"][name] for name in ("id", "version", "codename")] == named
    assert (told["os"]["kernel"], told["os"]["arch"]) == tuple(debian.tell("uname", "-r", "-m").split())
    assert told["os"]["init"] == "systemd"
    assert told["hardware"]["cpus"] == int(debian.tell("nproc", "--all"))
    kibibytes = int(debian.tell("sh", "-c", "free --kibi | sed -n 2p").split()[1])
    assert told["hardware"]["memory_bytes"] == kibibytes * 1024


def test_names_and_interfaces_are_those_that_ip_and_hostname_tell(debian: BootedDebian) -> None:
    network = traits_of(debian, "network")["network"]
    assert network["hostname"] == debian.tell("uname", "-n")
    shown = [line.split(":")[1].strip().partition("@")[0] for line in debian.tell("ip", "-o", "link").splitlines()]
    assert sorted(network["interfaces"]) == sorted(shown)


def test_the_zone_and_the_accounts_are_those_that_the_system_tells(debian: BootedDebian) -> None:
    debian.run("ln", "-sf", "/usr/share/zoneinfo/Etc/UTC", "/etc/localtime")
    debian.run("useradd", "--uid", "1777", "person")
    told = traits_of(debian, "time", "users")
    assert told["time"]["zone"].removeprefix("Etc/") == debian.tell("date", "+%Z")
    assert "person" in told["users"]["human"]
    everybody = {line.partition(":")[0] for line in debian.tell("getent", "passwd").splitlines()}
    assert {*told["users"]["human"], *told["users"]["system"]} == everybody
