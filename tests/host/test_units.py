"""The kinds `systemd_unit` and `timer`, judged by systemctl and systemd-analyze."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog.formats.test_calendar_events import RIGHT
from tests.host.booted_debian import BootedDebian, boot, declared
from tests.host.debian_root import cached_root

SLEEPER = "[Unit]\nDescription=probe\n[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n"


def shown(debian: BootedDebian, unit: str, name: str) -> str:
    """Return a property of a unit as systemd tells it."""
    return debian.tell("systemctl", "show", "--value", f"--property={name}", unit)


def test_a_unit_is_written_read_enabled_started_changed_and_taken_away(debian: BootedDebian) -> None:
    unit = "vigo-probe.service"
    debian.changes(declared("systemd_unit", "probe", unit=unit, content=SLEEPER, enabled=True, running=True))
    assert debian.tell("systemctl", "is-active", unit) == "active"
    assert debian.tell("systemctl", "is-enabled", unit) == "enabled"
    assert shown(debian, unit, "FragmentPath") == f"/etc/systemd/system/{unit}"
    pid = shown(debian, unit, "MainPID")
    other = SLEEPER.replace("probe", "another")
    debian.changes(declared("systemd_unit", "probe", unit=unit, content=other, enabled=True, running=True))
    assert (shown(debian, unit, "Description"), shown(debian, unit, "NeedDaemonReload")) == ("another", "no")
    assert shown(debian, unit, "MainPID") == pid
    debian.changes(declared("systemd_unit", "probe", unit=unit, content=other, enabled=False, running=False))
    assert debian.run("systemctl", "is-active", unit, check=False).stdout.strip() == "inactive"
    assert debian.run("systemctl", "is-enabled", unit, check=False).stdout.strip() == "disabled"
    debian.changes(declared("systemd_unit", "probe", unit=unit, state="absent"))
    assert shown(debian, unit, "LoadState") == "not-found"
    assert debian.run("test", "-e", f"/etc/systemd/system/{unit}", check=False).returncode == 1


def test_what_systemd_analyze_does_not_accept_is_not_written(debian: BootedDebian) -> None:
    content = "[Service]\nExecStart=/no/such/program\n"
    result = debian.apply(declared("systemd_unit", "wrong", unit="wrong.service", content=content))["wrong"]
    assert result.outcome == "failed"
    assert "/no/such/program" in result.reason
    assert debian.run("test", "-e", "/etc/systemd/system/wrong.service", check=False).returncode == 1


def test_a_drop_in_counts_at_once_and_goes_again(debian: BootedDebian) -> None:
    fields = {"unit": "cron.service", "dropin": "10-probe"}
    debian.changes(declared("systemd_unit", "dropin", **fields, content="[Service]\nLimitNOFILE=4321\n"))
    assert shown(debian, "cron.service", "LimitNOFILE") == "4321"
    debian.changes(declared("systemd_unit", "dropin", **fields, state="absent"))
    assert shown(debian, "cron.service", "LimitNOFILE") != "4321"
    assert debian.run("test", "-e", "/etc/systemd/system/cron.service.d", check=False).returncode == 1


def test_a_timer_runs_its_command_as_it_is_written(debian: BootedDebian) -> None:
    command = ["/bin/sh", "-c", 'printf "%s\\n" "$@" "$(id -un)" > /srv/ran', "sh", "50%", "a  b", "$HOME", 'say "x"']
    debian.run("chmod", "0777", "/srv")
    fields = {"timer": "probe", "command": command, "user": "nobody"}
    debian.changes(declared("timer", "probe", **fields, schedule="Mon..Fri 04:30"))
    assert debian.tell("systemctl", "is-active", "probe.timer") == "active"
    assert debian.tell("systemctl", "is-enabled", "probe.timer") == "enabled"
    assert "OnCalendar=Mon..Fri *-*-* 04:30:00" in shown(debian, "probe.timer", "TimersCalendar")
    debian.run("systemctl", "start", "probe.service")
    assert debian.tell("cat", "/srv/ran").splitlines() == ["50%", "a  b", "$HOME", 'say "x"', "nobody"]
    debian.changes(declared("timer", "probe", **fields, schedule=["hourly", "Sat 12:00"]))
    calendar = shown(debian, "probe.timer", "TimersCalendar")
    assert "OnCalendar=*-*-* *:00:00" in calendar
    assert "04:30" not in calendar
    debian.changes(declared("timer", "probe", timer="probe", state="absent"))
    assert shown(debian, "probe.timer", "LoadState") == "not-found"
    assert debian.run("ls", "/etc/systemd/system/probe.service", check=False).returncode != 0


def test_systemd_takes_every_schedule_that_is_accepted(debian: BootedDebian) -> None:
    for text in RIGHT:
        debian.run("systemd-analyze", "calendar", "--", text)


@pytest.fixture
def runit(debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    """Yield a Debian with runit beside systemd."""
    with boot(cached_root(("runit",)), tmp_path) as machine:
        machine.write("/etc/sv/probe/run", "#!/bin/sh\nexec sleep 1000\n", mode="0755")
        machine.run("systemd-run", "--unit=runsvdir", "--", "runsvdir", "-P", "/etc/service")
        yield machine


def test_runit_beside_systemd_takes_a_service_up_and_leaves_it(runit: BootedDebian) -> None:
    runit.changes(declared("service", "probe", service="probe", enabled=True))
    assert runit.tell("sv", "status", "/etc/service/probe").startswith("run:")
    assert runit.tell("readlink", "/etc/service/probe") == "/etc/sv/probe"
    runit.changes(declared("service", "probe", service="probe", state="stopped", enabled=False))
    assert runit.run("test", "-e", "/etc/service/probe", check=False).returncode == 1
