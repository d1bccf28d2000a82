from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource

PATH = "/etc/cron.d/probe"


def probe(**fields: object) -> PlannedResource:
    return declared("cron", "probe", cron="probe", **fields)


def job(**fields: object) -> PlannedResource:
    return probe(command="date +%F", schedule="30 4 * * 1-5", **fields)


def test_a_job_is_a_file_that_cron_reads_and_is_healed(debian: BootedDebian) -> None:
    debian.changes(job(user="games", environment={"MAILTO": ""}))
    lines = debian.tell("cat", PATH).splitlines()
    assert lines[1:] == ['MAILTO=""', r"30 4 * * 1-5 games date +\%F"]
    # cron passes over what others than root may write, or what is not root's. Source: cron(8).
    assert debian.tell("stat", "--format=%a %u %g", PATH) == "644 0 0"
    debian.write(PATH, "* * * * * root echo wrong\n", mode="0666")
    debian.changes(job(user="games", environment={"MAILTO": ""}))
    assert debian.tell("cat", PATH).splitlines() == lines
    debian.run("chmod", "0666", PATH)
    debian.changes(job(user="games", environment={"MAILTO": ""}))
    assert debian.tell("stat", "--format=%a", PATH) == "644"


def test_a_job_that_is_absent_is_gone(debian: BootedDebian) -> None:
    debian.changes(job())
    debian.changes(probe(state="absent"))
    assert debian.run("test", "-e", PATH, check=False).returncode == 1
    debian.keeps(probe(state="absent"))


def test_the_real_daemon_runs_a_job_as_its_user_with_its_environment(debian: BootedDebian) -> None:
    debian.run("mkfifo", "--mode=0666", "/srv/done")
    command = """printf '%s %s\\n' "$(id --user --name)" "$COLOUR" > /srv/done"""
    debian.changes(probe(command=command, schedule="@reboot", user="games", environment={"COLOUR": "dark red"}))
    # What is due at a reboot runs when cron finds that it did not run since; the pipe waits for it.
    debian.run("rm", "--force", "/run/crond.reboot")
    debian.run("systemctl", "restart", "cron")
    assert debian.tell("timeout", "30", "cat", "/srv/done") == "games dark red"


def test_the_real_daemon_finds_no_fault_in_any_form_of_schedule(debian: BootedDebian) -> None:
    schedules = ["@daily", "*/5 * * * *", "0,30 8-18 1 jan,feb mon-fri", "0 0 1-31/2 * 7"]
    jobs = [
        declared("cron", f"probe-{number}", cron=f"probe-{number}", command="true", schedule=schedule)
        for number, schedule in enumerate(schedules)
    ]
    debian.changes(*jobs)
    debian.write("/etc/cron.d/faulty", "61 * * * * root true\n")
    debian.run("systemctl", "restart", "cron")
    log = debian.tell(
        "timeout", "30", "sh", "-c", "journalctl --follow --lines=all --unit=cron | grep --max-count=1 faulty"
    )
    assert "faulty" in log
    assert "probe-" not in debian.tell("journalctl", "--unit=cron")
