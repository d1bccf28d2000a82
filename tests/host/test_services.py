from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource

UNIT = "/etc/systemd/system/probe.service"
TEXT = """\
[Unit]
Description=A service to start and stop

[Service]
Environment=COLOUR=green
ExecStart=/bin/sleep infinity
ExecReload=/bin/touch /run/probe-reloaded

[Install]
WantedBy=multi-user.target
"""


def probe(name: str = "probe", **fields: object) -> PlannedResource:
    return declared("service", name, service="probe", **fields)


def shown(debian: BootedDebian, name: str) -> str:
    """Return a property of the unit, as systemctl shows it."""
    return debian.tell("systemctl", "show", "--value", f"--property={name}", "probe.service")


def test_a_service_runs_and_is_started_again_after_it_was_stopped_by_hand(debian: BootedDebian) -> None:
    debian.write(UNIT, TEXT)
    debian.changes(probe())
    assert shown(debian, "ActiveState") == "active"
    debian.run("systemctl", "kill", "--signal=KILL", "probe")
    debian.run("systemctl", "stop", "probe")
    debian.changes(probe())
    assert shown(debian, "ActiveState") == "active"


def test_a_crashed_service_is_started_again(debian: BootedDebian) -> None:
    debian.write(UNIT, TEXT)
    debian.changes(probe())
    process = shown(debian, "MainPID")
    debian.run("systemctl", "kill", "--signal=KILL", "probe")
    debian.run("tail", f"--pid={process}", "--follow", "/dev/null")
    debian.changes(probe())
    assert shown(debian, "ActiveState") == "active"


def test_a_stopped_service_stays_stopped(debian: BootedDebian) -> None:
    debian.write(UNIT, TEXT)
    debian.keeps(probe(state="stopped"))
    debian.run("systemctl", "start", "probe")
    debian.changes(probe(state="stopped"))
    assert shown(debian, "ActiveState") == "inactive"


def test_what_starts_at_boot_is_set_without_starting_it_now(debian: BootedDebian) -> None:
    debian.write(UNIT, TEXT)
    debian.changes(probe(state="stopped", enabled=True))
    assert debian.tell("systemctl", "is-enabled", "probe") == "enabled"
    assert debian.tell("readlink", "/etc/systemd/system/multi-user.target.wants/probe.service") == UNIT
    assert shown(debian, "ActiveState") == "inactive"
    debian.changes(probe(state="stopped", enabled=False))
    assert debian.run("systemctl", "is-enabled", "probe", check=False).stdout == "disabled\n"


def test_a_unit_file_and_its_service_come_up_in_one_run(debian: BootedDebian) -> None:
    unit = declared("file", "unit", path=UNIT, content=TEXT)
    debian.changes(unit, probe(enabled=True, depends_on=["unit"]))
    assert shown(debian, "ActiveState") == "active"
    assert shown(debian, "UnitFileState") == "enabled"


def test_a_service_restarts_when_it_is_told_and_not_else(debian: BootedDebian) -> None:
    debian.write(UNIT, TEXT)
    running = probe()
    restart = probe("restart", state="restarted", only_when_notified=True)

    def settings(text: str) -> PlannedResource:
        return declared("file", "settings", path="/etc/probe.conf", content=text, notify=["restart"])

    debian.apply(running, settings("one\n"), restart)
    first = shown(debian, "MainPID")
    again = debian.apply(running, settings("one\n"), restart)
    assert {name: result.outcome for name, result in again.items()} == {
        "probe": "unchanged",
        "settings": "unchanged",
        "restart": "skipped",
    }
    assert shown(debian, "MainPID") == first
    told = debian.apply(running, settings("two\n"), restart)
    assert told["restart"].outcome == "changed"
    assert shown(debian, "MainPID") not in (first, "0")


def test_a_service_reloads_without_a_restart(debian: BootedDebian) -> None:
    debian.write(UNIT, TEXT)
    debian.apply(probe())
    process = shown(debian, "MainPID")
    assert debian.apply(probe(state="reloaded"))["probe"].outcome == "changed"
    debian.run("test", "-e", "/run/probe-reloaded")
    assert shown(debian, "MainPID") == process


def test_a_restart_takes_up_a_unit_file_that_changed(debian: BootedDebian) -> None:
    restart = probe("restart", state="restarted", only_when_notified=True)

    def unit(text: str) -> PlannedResource:
        return declared("file", "unit", path=UNIT, content=text, notify=["restart"])

    debian.apply(unit(TEXT), probe(depends_on=["unit"]), restart)
    results = debian.apply(unit(TEXT.replace("green", "red")), probe(depends_on=["unit"]), restart)
    assert results["restart"].outcome == "changed"
    process = shown(debian, "MainPID")
    assert "COLOUR=red" in debian.tell("cat", f"/proc/{process}/environ").split("\0")


def test_a_masked_unit_is_an_obstacle_that_is_named(debian: BootedDebian) -> None:
    debian.write("/usr/lib/systemd/system/probe.service", TEXT)
    debian.run("systemctl", "mask", "probe")
    result = debian.apply(probe(enabled=True))["probe"]
    assert result.outcome == "blocked"
    assert "probe is masked" in result.reason
    debian.keeps(probe(state="stopped"))
    debian.run("systemctl", "unmask", "probe")
    debian.changes(probe())


def test_a_service_that_does_not_exist_is_an_obstacle_that_is_named(debian: BootedDebian) -> None:
    result = debian.apply(probe())["probe"]
    assert result.outcome == "blocked"
    assert "probe does not exist yet" in result.reason
    debian.keeps(probe(state="stopped"))


def test_a_service_that_cannot_start_fails_with_what_systemctl_says(debian: BootedDebian) -> None:
    debian.write(UNIT, TEXT.replace("ExecStart=/bin/sleep", "ExecStart=/bin/absent"))
    result = debian.apply(probe())["probe"]
    assert result.outcome == "failed"
    assert "probe" in result.reason
    assert shown(debian, "ActiveState") == "failed"


def test_a_service_of_debian_itself_is_managed(debian: BootedDebian) -> None:
    cron = declared("service", "cron", service="cron", enabled=True)
    debian.keeps(cron)
    debian.changes(declared("service", "cron", service="cron", enabled=False, state="stopped"))
    assert debian.run("systemctl", "is-active", "cron", check=False).stdout == "inactive\n"
    debian.changes(cron)
    assert debian.tell("systemctl", "is-active", "cron") == "active"


def test_a_service_is_stopped_and_disabled_by_its_alias(debian: BootedDebian) -> None:
    debian.write(UNIT, TEXT + "Alias=other.service\n")
    debian.changes(probe(enabled=True))
    debian.changes(declared("service", "other", service="other", enabled=False, state="stopped"))
    assert shown(debian, "ActiveState") == "inactive"
    assert shown(debian, "UnitFileState") == "disabled"


def test_a_unit_file_that_is_only_linked_does_not_count_as_enabled(debian: BootedDebian) -> None:
    debian.write("/srv/probe.service", TEXT)
    debian.run("systemctl", "link", "/srv/probe.service")
    debian.changes(probe(enabled=True))
    assert debian.tell("systemctl", "is-enabled", "probe") == "enabled"
    debian.run("test", "-e", "/etc/systemd/system/multi-user.target.wants/probe.service")


def test_a_service_that_ends_by_itself_cannot_be_declared_running(debian: BootedDebian) -> None:
    debian.write(UNIT, TEXT.replace("[Service]", "[Service]\nType=oneshot").replace("sleep infinity", "true"))
    result = debian.apply(probe())["probe"]
    assert result.outcome == "failed"
    assert "Type=oneshot" in result.reason
    assert debian.apply(probe(state="restarted"))["probe"].outcome == "changed"
    debian.write(
        UNIT,
        TEXT.replace("[Service]", "[Service]\nType=oneshot\nRemainAfterExit=yes").replace("sleep infinity", "true"),
    )
    debian.run("systemctl", "daemon-reload")
    debian.changes(probe())
