"""On a booted Debian: what a resource did is really undone once it is gone from the plan."""

import os
import sysconfig
import textwrap
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.gates.tree import ROOT
from tests.host.booted_debian import BootedDebian, Results, declared
from tests.host.debian_root import PYTHON
from tests.host.probe_packages import publish
from vigo.core.plan import Origin, Plan, PlannedResource
from vigo.core.run import ResourceResult

NAME = "vigo-probe"
STATE_DIR = "/var/lib/vigo-agent"
UNIT = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"


def revertible(kind: str, name: str, /, **fields: Any) -> PlannedResource:
    return declared(kind, name, on_remove="revert", **fields)


def in_turn(debian: BootedDebian, *plans: Sequence[PlannedResource]) -> list[Results]:
    """Apply plans one after the other, each in a run of its own; return their results by name."""
    paths = (ROOT / "src", ROOT, sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    environment = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}
    made = [Plan(entry=Origin("host.vgo", 1), match=("*",), scopes={"host": {}}, resources=tuple(one)) for one in plans]
    argv = (str(PYTHON), "-m", "tests.host.apply_in_turn", STATE_DIR)
    done = debian.run(*argv, stdin=msgspec.json.encode(made).decode(), environment=environment)
    results = msgspec.json.decode(done.stdout, type=list[tuple[ResourceResult, ...]])
    return [{result.id.removeprefix("host/"): result for result in one} for one in results]


def applied_and_removed(debian: BootedDebian, *resources: PlannedResource) -> Results:
    """Apply resources, which all change something, and return how their undoing ended; nothing is left to do then."""
    done, undone, after = in_turn(debian, resources, (), ())
    assert {one.outcome for one in done.values()} == {"changed"}, done
    assert {one.outcome for one in undone.values()} == {"changed"}, undone
    assert list(undone) == list(reversed(done))
    assert after == {}
    return undone


def status(debian: BootedDebian, name: str = NAME) -> str:
    return debian.run("dpkg-query", "--show", "--showformat=${Status} ${Version}", name, check=False).stdout


def listed(debian: BootedDebian) -> str:
    """Return the whole of /etc and the accounts' homes: every path with its kind, mode, owner, size and target."""
    paths = debian.tell("find", "/etc", "/home", "/srv", "-printf", "%p %y %m %u %g %l\n").splitlines()
    kept = [line for line in paths if "probe.list" not in line and "/srv/probe-packages" not in line]
    return "\n".join(sorted(line for line in kept if not line.split()[0].endswith("-")))


def test_files_and_what_is_like_them_are_as_they_were_before(debian: BootedDebian) -> None:
    debian.write("/etc/probe.conf", "before\n", mode="0640")
    debian.run("chown", "games:adm", "/etc/probe.conf")
    debian.write("/etc/probe.lines", "one\n#Port 22\nlast")
    debian.run("ln", "--symbolic", "/etc/hosts", "/etc/probe.link")
    before, contents = listed(debian), debian.tell("cat", "/etc/probe.conf", "/etc/probe.lines")
    undone = applied_and_removed(
        debian,
        revertible("file", "conf", path="/etc/probe.conf", content="mine\n", mode="0600", owner="root", group="root"),
        revertible("file", "new", path="/etc/probe.new", content="mine\n"),
        revertible("directory", "d", path="/srv/probe", mode="2750", owner="games"),
        revertible("file", "f", path="/srv/probe/f", content="mine\n", depends_on=["d"]),
        revertible("symlink", "link", path="/etc/probe.link", to="/etc/passwd"),
        revertible("file_line", "port", path="/etc/probe.lines", line="Port 2222", match="^#?Port "),
        revertible("file_line", "more", path="/etc/probe.lines", line="more"),
        revertible("cron", "job", cron="probe", command="true", schedule="@daily"),
    )
    assert undone["conf"].ops == ("write /etc/probe.conf",)
    assert listed(debian) == before
    assert debian.tell("cat", "/etc/probe.conf", "/etc/probe.lines") == contents


def test_a_file_that_was_removed_is_there_again(debian: BootedDebian) -> None:
    debian.write("/etc/probe.conf", "before\n", mode="0640")
    debian.run("chown", "games:adm", "/etc/probe.conf")
    before = listed(debian)
    applied_and_removed(debian, revertible("file", "conf", path="/etc/probe.conf", state="absent"))
    assert listed(debian) == before
    assert debian.tell("cat", "/etc/probe.conf") == "before"


def test_a_package_goes_if_this_resource_installed_it_and_stays_if_it_was_there(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"), ("vigo-other", "3"))
    debian.run("apt-get", "update")
    debian.run("apt-get", "--yes", "install", "vigo-other")
    both = revertible("package", "both", package=[NAME, "vigo-other"])
    undone = applied_and_removed(debian, both)
    assert undone["both"].ops == (
        "run dpkg --no-act --remove -- vigo-probe",
        "run dpkg --remove -- vigo-probe",
    )
    assert status(debian) == "deinstall ok config-files 1.0"
    assert status(debian, "vigo-other") == "install ok installed 3"


def test_a_package_that_another_one_needs_stays_until_that_is_gone(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    in_turn(debian, [revertible("package", "probe", package=NAME)])
    needing(debian, "vigo-user", NAME)
    for _ in range(2):
        (results,) = in_turn(debian, [])
        assert results["probe"].outcome == "blocked", results
        assert "vigo-user depends on vigo-probe" in results["probe"].reason
    assert status(debian) == "install ok installed 1.0"
    assert status(debian, "vigo-user") == "install ok installed 1"
    debian.run("dpkg", "--remove", "vigo-user")
    (results,) = in_turn(debian, [])
    assert results["probe"].outcome == "changed", results
    assert status(debian) == "deinstall ok config-files 1.0"


def test_packages_that_need_each_other_go_together(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"), ("vigo-other", "3"))
    in_turn(debian, [revertible("package", "both", package=[NAME, "vigo-other"])])
    needing(debian, "vigo-other", NAME, version="4")
    (results,) = in_turn(debian, [])
    assert results["both"].outcome == "changed", results
    assert "installed" not in status(debian, "vigo-other").split()[:3]


def test_a_held_package_is_let_go_and_removed(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    undone = applied_and_removed(debian, revertible("package", "probe", package=NAME, hold=True))
    assert undone["probe"].ops == (
        "run dpkg --no-act --remove -- vigo-probe",
        "run apt-mark unhold -- vigo-probe",
        "run dpkg --remove -- vigo-probe",
    )
    assert "installed" not in status(debian).split()


def test_a_declared_version_goes_back_to_the_one_that_was_there(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"), (NAME, "2.0"))
    debian.run("apt-get", "update")
    debian.run("apt-get", "--yes", "install", f"{NAME}=1.0")
    applied_and_removed(debian, revertible("package", "probe", package=NAME, version="2.0"))
    assert status(debian) == "install ok installed 1.0"


def test_a_package_that_was_removed_is_installed_again(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    debian.run("apt-get", "update")
    debian.run("apt-get", "--yes", "install", NAME)
    applied_and_removed(debian, revertible("package", "probe", package=NAME, state="absent"))
    assert status(debian) == "install ok installed 1.0"


def test_a_lock_held_by_another_program_delays_the_removal(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    in_turn(debian, [revertible("package", "probe", package=NAME)])
    with debian.holding_lock("/var/lib/dpkg/lock-frontend"):
        (results,) = in_turn(debian, [])
    assert results["probe"].outcome == "blocked", results
    assert "lock" in results["probe"].reason
    assert status(debian) == "install ok installed 1.0"
    (results,) = in_turn(debian, [])
    assert results["probe"].outcome == "changed", results


def test_accounts_are_as_they_were_before(debian: BootedDebian) -> None:
    debian.run("groupadd", "--gid", "1400", "probe-web")
    debian.run("useradd", "--uid", "1401", "--create-home", "--comment", "Old", "--shell", "/bin/sh", "probe-old")
    debian.run("usermod", "--append", "--groups", "games", "probe-old")
    debian.run("chpasswd", "--encrypted", stdin="probe-old:$6$salt$hash\n")
    files = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")
    before, contents = listed(debian), debian.tell("cat", *files)
    applied_and_removed(
        debian,
        revertible("group", "ops", group="probe-ops", members=["probe-old"]),
        revertible("group", "web", group="probe-web", gid=1499),
        revertible(
            "user", "ada", user="probe-ada", groups=["games"], manage_home=True, authorized_keys=["ssh-ed25519 A"]
        ),
        revertible(
            "user",
            "old",
            user="probe-old",
            comment="New",
            uid=1402,
            groups=["adm"],
            locked=True,
            expires="2030-01-31",
            authorized_keys=["ssh-ed25519 B"],
        ),
    )
    assert listed(debian) == before
    assert debian.tell("cat", *files) == contents


def test_an_account_that_was_removed_is_there_again_without_what_was_in_its_home(debian: BootedDebian) -> None:
    debian.run("useradd", "--uid", "1401", "--no-create-home", "--groups", "games", "probe-old")
    debian.run("chpasswd", "--encrypted", stdin="probe-old:$6$salt$hash\n")
    account, groups = debian.tell("getent", "passwd", "probe-old"), debian.tell("id", "--groups", "probe-old")
    applied_and_removed(debian, revertible("user", "old", user="probe-old", state="absent"))
    assert debian.tell("getent", "passwd", "probe-old") == account
    assert debian.tell("id", "--groups", "probe-old") == groups
    assert debian.tell("getent", "shadow", "probe-old").split(":")[1] == "$6$salt$hash"


def test_an_account_into_a_group_that_was_there_leaves_that_group(debian: BootedDebian) -> None:
    debian.run("groupadd", "--gid", "1400", "probe-ada")
    applied_and_removed(debian, revertible("user", "ada", user="probe-ada"))
    assert debian.tell("getent", "group", "probe-ada") == "probe-ada:x:1400:"
    assert debian.run("getent", "passwd", "probe-ada", check=False).returncode == 2


def test_an_account_whose_home_was_used_stays(debian: BootedDebian) -> None:
    in_turn(debian, [revertible("user", "ada", user="probe-ada", manage_home=True)])
    debian.write("/home/probe-ada/thesis", "three years of work\n")
    (results,) = in_turn(debian, [])
    assert results["ada"].outcome == "blocked"
    assert "home content" in results["ada"].reason
    assert debian.tell("cat", "/home/probe-ada/thesis") == "three years of work"


@pytest.mark.parametrize("was", ["started and enabled", "stopped and disabled"])
def test_a_service_runs_and_starts_at_boot_as_it_did_before(debian: BootedDebian, was: str) -> None:
    debian.write("/etc/systemd/system/probe.service", UNIT)
    debian.run("systemctl", "daemon-reload")
    on = was == "started and enabled"
    if on:
        debian.run("systemctl", "enable", "--now", "probe.service")
    service = revertible("service", "probe", service="probe", state="stopped" if on else "running", enabled=not on)
    applied_and_removed(debian, service)
    active = debian.run("systemctl", "is-active", "probe", check=False).stdout.strip()
    boot = debian.run("systemctl", "is-enabled", "probe", check=False).stdout.strip()
    assert (active, boot) == (("active", "enabled") if on else ("inactive", "disabled"))


def test_a_unit_and_its_service_go_together(debian: BootedDebian) -> None:
    before = listed(debian)
    applied_and_removed(
        debian,
        revertible("file", "unit", path="/etc/systemd/system/probe.service", content=UNIT),
        revertible("service", "probe", service="probe", enabled=True, depends_on=["unit"]),
    )
    assert debian.run("systemctl", "is-active", "probe", check=False).stdout.strip() == "inactive"
    assert listed(debian) == before


def needing(debian: BootedDebian, name: str, needed: str, version: str = "1") -> None:
    """Install, as somebody else, a package that depends on another one."""
    control = f"""\
        Package: {name}
        Version: {version}
        Architecture: all
        Depends: {needed}
        Maintainer: Vigo's tests <tests@vigo.invalid>
        Description: a package that needs another one
        """
    debian.write("/tmp/needing/DEBIAN/control", textwrap.dedent(control))
    debian.run("dpkg-deb", "--root-owner-group", "--build", "/tmp/needing", "/tmp/needing.deb")
    debian.run("dpkg", "--install", "/tmp/needing.deb")
