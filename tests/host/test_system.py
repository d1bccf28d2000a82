import pytest

from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource


def rule(**fields: object) -> PlannedResource:
    return declared("sudo_rule", "rule", sudo_rule="probe", **fields)


def limit(**fields: object) -> PlannedResource:
    return declared("limits", "limit", limits="probe", **fields)


def test_the_machine_has_its_name_now_and_at_boot(debian: BootedDebian) -> None:
    debian.changes(declared("hostname", "name", hostname="probe.example.com"))
    assert debian.tell("uname", "--nodename") == "probe.example.com"
    assert debian.tell("hostnamectl", "hostname", "--static") == "probe.example.com"
    debian.run("hostname", "other")
    debian.changes(declared("hostname", "name", hostname="probe.example.com"))
    assert debian.tell("uname", "--nodename") == "probe.example.com"


def test_the_local_time_is_that_of_the_zone(debian: BootedDebian) -> None:
    debian.write("/srv/zones", "Zone Europe/Berlin 1:00 - CET\nZone Etc/UTC 0:00 - UTC\n")
    debian.run("zic", "-d", "/usr/share/zoneinfo", "/srv/zones")
    debian.write("/etc/timezone", "Etc/UTC\n")
    debian.changes(declared("timezone", "zone", timezone="Europe/Berlin"))
    assert debian.tell("date", "+%Z %z") == "CET +0100"
    assert debian.tell("timedatectl", "show", "--property=Timezone", "--value") == "Europe/Berlin"
    assert debian.tell("cat", "/etc/timezone") == "Europe/Berlin"
    debian.run("timedatectl", "set-timezone", "Etc/UTC")
    debian.changes(declared("timezone", "zone", timezone="Europe/Berlin"))
    assert debian.tell("date", "+%Z") == "CET"


def test_a_machine_without_zones_says_what_to_install(debian: BootedDebian) -> None:
    result = debian.apply(declared("timezone", "zone", timezone="Europe/Berlin"))["zone"]
    assert result.outcome == "blocked"
    assert "install tzdata" in result.reason


def test_a_locale_is_generated_and_set(debian: BootedDebian) -> None:
    assert "de_DE.utf8" not in debian.tell("locale", "-a").splitlines()
    debian.changes(declared("locale", "locale", locale="de_DE.UTF-8"))
    assert "de_DE.utf8" in debian.tell("locale", "-a").splitlines()
    assert "System Locale: LANG=de_DE.UTF-8" in debian.tell("localectl", "status")
    shown = debian.run("sh", "-c", ". /etc/default/locale; export LANG; locale noexpr").stdout
    assert "[-0nN" in shown
    debian.changes(declared("locale", "locale", locale="C.UTF-8"))
    assert "LANG=C.UTF-8" in debian.tell("cat", "/etc/default/locale").splitlines()


def test_a_limit_holds_for_a_session_that_begins_after_it(debian: BootedDebian) -> None:
    def soft_and_hard() -> list[str]:
        return debian.tell("su", "--shell=/bin/sh", "games", "--command", "ulimit -S -n; ulimit -H -n").split()

    debian.changes(limit(domain="games", item="nofile", value="333"))
    assert soft_and_hard() == ["333", "333"]
    debian.changes(limit(domain="games", limit_type="soft", item="nofile", value="222"))
    assert soft_and_hard()[0] == "222"
    debian.changes(limit(state="absent"))
    assert soft_and_hard()[0] not in ("222", "333")


def test_a_rule_lets_a_user_do_what_it_says(debian: BootedDebian) -> None:
    debian.changes(rule(content="games ALL=(root) NOPASSWD: /usr/bin/id\n"))
    assert debian.tell("stat", "--format=%a %u %g", "/etc/sudoers.d/probe") == "440 0 0"
    assert "parsed OK" in debian.tell("visudo", "--check")
    as_games = ("setpriv", "--reuid=games", "--regid=games", "--init-groups", "--")
    assert debian.tell(*as_games, "sudo", "--non-interactive", "/usr/bin/id", "--user") == "0"
    debian.changes(rule(state="absent"))
    assert debian.run(*as_games, "sudo", "--non-interactive", "/usr/bin/id", check=False).returncode != 0


@pytest.mark.parametrize("content", ["games ALL=(root NOPASSWD: /usr/bin/id\n", "nonsense\n"])
def test_a_rule_that_visudo_refuses_never_takes_its_place(debian: BootedDebian, content: str) -> None:
    debian.changes(rule(content="games ALL=(root) /usr/bin/id\n"))
    result = debian.apply(rule(content=content))["rule"]
    assert result.outcome == "failed"
    assert "was not accepted by visudo" in result.reason
    assert debian.tell("cat", "/etc/sudoers.d/probe") == "games ALL=(root) /usr/bin/id"
    assert debian.tell("ls", "-A", "/etc/sudoers.d").split() == ["README", "probe"]
    assert "parsed OK" in debian.tell("visudo", "--check")


def test_the_files_of_rules_and_limits_heal(debian: BootedDebian) -> None:
    rules, limits = rule(content="games ALL=(root) /usr/bin/id\n"), limit(domain="games", item="core", value="0")
    debian.changes(rules, limits)
    debian.run("chmod", "0666", "/etc/sudoers.d/probe")
    debian.write("/etc/security/limits.d/90-vigo-probe.conf", "games - core 5\n")
    debian.changes(rules, limits)
    assert debian.tell("stat", "--format=%a", "/etc/sudoers.d/probe") == "440"
