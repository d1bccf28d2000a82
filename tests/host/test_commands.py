import json

from tests.host.booted_debian import BootedDebian, declared

LICENSE = """#!/usr/bin/python3
import json, pathlib, sys
given = json.load(sys.stdin)
path, wanted = pathlib.Path("/srv/seats"), str(given["params"]["seats"])
found = path.read_text() if path.exists() else ""
if given["state"] == "broken":
    print(json.dumps({"changed": False, "error": "no server"}))
    sys.exit()
if found != wanted and not given["dry_run"]:
    path.write_text(wanted)
print(json.dumps({"changed": found != wanted, "action": f"set {wanted} seats", "diff": f"-{found}\\n+{wanted}\\n"}))
"""


def test_a_script_runs_by_its_interpreter_as_its_user_until_its_guard_holds(debian: BootedDebian) -> None:
    debian.run("install", "-d", "-m", "1777", "/srv/out")
    script = declared(
        "script",
        "script",
        content="import os, sys\nopen('/srv/out/by', 'w').write(f'{os.getuid()} {sys.argv[1:]}')\n",
        interpreter="/usr/bin/python3",
        args=["a b", "-c"],
        user="games",
        creates="/srv/out/by",
    )
    debian.changes(script)
    games = debian.tell("id", "-u", "games")
    assert debian.tell("cat", "/srv/out/by") == f"{games} ['a b', '-c']"
    assert debian.tell("sh", "-c", "ls -d /run/vigo-script-* /tmp/vigo-script-* 2>/dev/null; true") == ""


def test_processes_are_counted_and_ended(debian: BootedDebian) -> None:
    debian.run("systemd-run", "--unit=probe-a", "sleep", "1000")
    debian.run("systemd-run", "--unit=probe-b", "sleep", "2000")
    debian.keeps(declared("process", "sleep", process="sleep", count=2))
    debian.changes(declared("process", "sleep", process="sleep", match=" 2000$", state="stopped"))
    assert debian.tell("pgrep", "--full", "--list-full", "sleep [12]000").endswith("sleep 1000")
    (result,) = debian.apply(declared("process", "sleep", process="sleep", count=2)).values()
    assert (result.outcome, "expected exactly 2 of sleep to run, found 1" in result.reason) == ("failed", True)
    (result,) = debian.apply(declared("process", "init", process="systemd", match="^/", state="stopped")).values()
    assert (result.outcome, "refused" in result.reason) == ("failed", True)
    debian.run("systemctl", "stop", "probe-a")


def test_a_reboot_is_asked_for_once_and_systemd_knows_when(debian: BootedDebian) -> None:
    debian.write("/run/reboot-required", "")
    reboot = declared("reboot", "reboot", when_file="/run/reboot-required", delay=600, message="by a test")
    debian.changes(reboot)
    scheduled = debian.tell("cat", "/run/systemd/shutdown/scheduled")
    assert "MODE=reboot" in scheduled
    debian.run("shutdown", "-c")
    debian.keeps(reboot)
    assert debian.tell("cat", "/run/vigo-reboot") == debian.tell("cat", "/proc/sys/kernel/random/boot_id")


def test_an_own_program_says_what_is_to_do_and_does_it(debian: BootedDebian) -> None:
    debian.write("/etc/vigo/executors.d/license", LICENSE, mode="0755")
    (result,) = debian.changes(declared("custom", "license", custom="license", params={"seats": 4})).values()
    assert result.ops == ("run /etc/vigo/executors.d/license: set 4 seats",)
    assert result.diff == "-\n+4\n"
    assert debian.tell("cat", "/srv/seats") == "4"
    (failed,) = debian.apply(declared("custom", "x", custom="license", params={"seats": 4}, state="broken")).values()
    assert (failed.outcome, "no server" in failed.reason) == ("failed", True)
    debian.run("chmod", "0777", "/etc/vigo/executors.d/license")
    (refused,) = debian.apply(declared("custom", "x", custom="license", params={"seats": 5})).values()
    assert (refused.outcome, "only root may write" in refused.reason) == ("failed", True)
    assert json.loads(debian.tell("cat", "/srv/seats")) == 4
