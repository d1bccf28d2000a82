"""The kind `package` by the real dnf, zypper and pacman."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.booted_debian import BootedDebian, declared
from tests.host.other_tools import machine_of
from tests.host.probe_arch import DATABASE_LOCK, publish_arch
from tests.host.probe_rpms import FOLDER, LONG_NAME, publish_rpms
from vigo.core.plan import PlannedResource

NAME = "vigo-probe"
YUM_REPOSITORY = f"[probe]\nname=probe\nbaseurl=file://{FOLDER}\nenabled=1\ngpgcheck=0\nautorefresh=1\n"


def probe(name: str = NAME, **fields: object) -> PlannedResource:
    return declared("package", "probe", package=name, **fields)


def rpm_version(machine: BootedDebian, name: str = NAME) -> str:
    """Return the version that rpm itself tells, or an empty text."""
    done = machine.run("rpm", "-q", "--queryformat", "%{VERSION}-%{RELEASE}", name, check=False)
    return done.stdout if done.returncode == 0 else ""


@pytest.fixture
def dnf(debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    with machine_of("dnf", tmp_path) as machine:
        machine.write("/etc/yum.repos.d/probe.repo", YUM_REPOSITORY)
        yield machine


@pytest.fixture
def zypper(debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    with machine_of("zypper", tmp_path) as machine:
        machine.write("/etc/zypp/repos.d/probe.repo", YUM_REPOSITORY)
        yield machine


@pytest.fixture
def pacman(debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    with machine_of("pacman", tmp_path) as machine:
        yield machine


def goes_up_back_and_away(machine: BootedDebian) -> None:
    publish_rpms(machine, (NAME, "1.0-1"), (NAME, "2.0-1"))
    machine.changes(probe(version="1.0-1"))
    assert rpm_version(machine) == "1.0-1"
    assert machine.tell(NAME) == "1.0-1"
    machine.changes(probe(version="2.0"))
    assert rpm_version(machine) == "2.0-1"
    refused = machine.apply(probe(version="1.0-1"))["probe"]
    assert refused.outcome == "failed"
    assert "allow_downgrade" in refused.reason
    machine.changes(probe(version="1.0-1", allow_downgrade=True))
    assert rpm_version(machine) == "1.0-1"
    machine.changes(probe(state="latest"))
    assert rpm_version(machine) == "2.0-1"
    machine.changes(probe(state="absent"))
    assert rpm_version(machine) == ""
    machine.keeps(probe(state="absent"))
    unknown = machine.apply(probe("vigo-unknown"))["probe"]
    assert unknown.outcome == "failed", unknown
    assert "vigo-unknown" in unknown.reason


def a_hold_stays_until_it_is_let_go(machine: BootedDebian, upgrade: tuple[str, ...]) -> None:
    publish_rpms(machine, (NAME, "1.0-1"))
    machine.changes(probe(hold=True))
    machine.keeps(probe(hold=True))
    publish_rpms(machine, (NAME, "1.0-1"), (NAME, "2.0-1"))
    machine.run(*upgrade)
    assert rpm_version(machine) == "1.0-1"
    blocked = machine.apply(probe(version="2.0-1"))["probe"]
    assert blocked.outcome == "blocked", blocked
    assert "somebody holds it back" in blocked.reason
    machine.changes(probe(version="2.0-1", hold=True))
    assert rpm_version(machine) == "2.0-1"
    machine.keeps(probe(version="2.0-1", hold=True))
    machine.changes(probe(hold=False))
    machine.changes(probe(version="1.0-1", allow_downgrade=True))
    assert rpm_version(machine) == "1.0-1"


def test_dnf_goes_up_back_and_away(dnf: BootedDebian) -> None:
    goes_up_back_and_away(dnf)


def test_zypper_goes_up_back_and_away(zypper: BootedDebian) -> None:
    goes_up_back_and_away(zypper)


def test_dnf_holds_by_its_versionlock_plugin(dnf: BootedDebian) -> None:
    a_hold_stays_until_it_is_let_go(dnf, ("dnf", "--assumeyes", "--refresh", "upgrade"))
    dnf.changes(probe(hold=True))
    assert NAME in dnf.tell("dnf", "versionlock", "list")


def test_zypper_holds_by_a_lock_and_removes_nothing_that_is_held(zypper: BootedDebian) -> None:
    a_hold_stays_until_it_is_let_go(zypper, ("zypper", "--non-interactive", "update"))
    zypper.changes(probe(hold=True))
    assert NAME in zypper.tell("zypper", "--quiet", "locks")
    assert zypper.apply(probe(state="absent"))["probe"].outcome == "blocked"
    zypper.changes(probe(state="absent", hold=False))
    assert rpm_version(zypper) == ""


def test_dnf_tells_updates_of_long_names_in_a_table_that_is_read(dnf: BootedDebian) -> None:
    publish_rpms(dnf, (LONG_NAME, "1.0-1"), (NAME, "1.0-1"))
    dnf.changes(declared("package", "both", package=[LONG_NAME, NAME]))
    publish_rpms(dnf, (LONG_NAME, "2.0-1"), (NAME, "1.0-1"))
    dnf.run("dnf", "--quiet", "--refresh", "makecache")
    dnf.changes(probe(LONG_NAME, state="latest"))
    assert rpm_version(dnf, LONG_NAME) == "2.0-1"


def test_an_old_cache_of_dnf_is_fetched_in_one_run_and_what_it_brings_installed_by_the_next(dnf: BootedDebian) -> None:
    publish_rpms(dnf, (NAME, "1.0-1"))
    dnf.changes(probe())
    publish_rpms(dnf, (NAME, "2.0-1"))
    # The cache is aged: dnf itself goes by the time of what it fetched.
    dnf.run("find", "/var/cache/dnf", "-exec", "touch", "-d", "3 days ago", "{}", "+")
    first = dnf.apply(probe(state="latest"))["probe"]
    assert first.outcome == "unchanged", first
    assert [op.rpartition(" ")[2] for op in first.ops] == ["makecache"]
    dnf.changes(probe(state="latest"))
    assert rpm_version(dnf) == "2.0-1"


@pytest.mark.parametrize("tool", ["dnf", "zypper"])
def test_a_held_lock_of_rpm_is_an_obstacle_and_its_holder_is_named(tool: str, request: pytest.FixtureRequest) -> None:
    machine: BootedDebian = request.getfixturevalue(tool)
    publish_rpms(machine, (NAME, "1.0-1"))
    with machine.holding_lock("/var/lib/rpm/.rpm.lock"):
        result = machine.apply(probe(timeout_seconds=12))["probe"]
    assert result.outcome == "blocked", result
    assert "held by python3" in result.reason
    machine.changes(probe())


@pytest.mark.parametrize(
    ("tool", "files"),
    [("dnf", ("/var/cache/dnf/metadata_lock.pid", "/var/lib/dnf/rpmdb_lock.pid")), ("zypper", ("/run/zypp.pid",))],
)
def test_a_tool_that_another_one_of_its_kind_keeps_waiting_names_it(
    tool: str, files: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    machine: BootedDebian = request.getfixturevalue(tool)
    publish_rpms(machine, (NAME, "1.0-1"))
    machine.run("mkdir", "-p", "/var/cache/dnf", "/var/lib/dnf")
    machine.run("systemd-run", "--unit=other", "sleep", "infinity")
    pid = machine.tell("systemctl", "show", "--property=MainPID", "--value", "other")
    for file in files:
        machine.write(file, pid)
    result = machine.apply(probe(timeout_seconds=6))["probe"]
    assert result.outcome == "blocked", result
    assert f"held by sleep (process {pid})" in result.reason
    machine.run("systemctl", "stop", "other")
    machine.changes(probe())


@pytest.mark.parametrize("tool", ["dnf", "zypper"])
def test_a_repository_that_is_gone_is_an_obstacle_that_is_named(tool: str, request: pytest.FixtureRequest) -> None:
    machine: BootedDebian = request.getfixturevalue(tool)
    result = machine.apply(probe())["probe"]
    assert result.outcome == "blocked", result
    assert FOLDER in result.reason
    publish_rpms(machine, (NAME, "1.0-1"))
    machine.changes(probe())


def test_pacman_installs_updates_and_removes(pacman: BootedDebian) -> None:
    publish_arch(pacman, NAME, "1.0-1")
    pacman.changes(probe())
    assert pacman.tell("pacman", "-Q", NAME) == f"{NAME} 1.0-1"
    publish_arch(pacman, NAME, "2.0-1")
    pacman.keeps(probe(state="latest"))
    pacman.run("pacman", "-Sy")
    pacman.changes(probe(state="latest"))
    assert pacman.tell(NAME) == "2.0-1"
    blocked = pacman.apply(probe(version="1.0-1"))["probe"]
    assert blocked.outcome == "blocked"
    assert "installs only the version of its index" in blocked.reason
    pacman.changes(probe(state="absent", purge=True))
    assert pacman.run("pacman", "-Q", NAME, check=False).returncode == 1
    unknown = pacman.apply(probe("vigo-unknown"))["probe"]
    assert unknown.outcome == "failed"
    assert "target not found: vigo-unknown" in unknown.reason


def test_a_package_that_pacman_ignores_is_held(pacman: BootedDebian) -> None:
    publish_arch(pacman, NAME, "1.0-1")
    pacman.changes(probe())
    held = pacman.apply(probe(hold=True))["probe"]
    assert held.outcome == "blocked"
    assert "IgnorePkg" in held.reason
    pacman.run("sed", "-i", f"s/^\\[options\\]/[options]\\nIgnorePkg = {NAME}/", "/etc/pacman.conf")
    pacman.keeps(probe(hold=True))


def test_a_lock_of_pacman_that_was_left_behind_is_told_from_one_that_is_held(pacman: BootedDebian) -> None:
    publish_arch(pacman, NAME, "1.0-1")
    pacman.write(DATABASE_LOCK, "")
    result = pacman.apply(probe(timeout_seconds=3))["probe"]
    assert result.outcome == "blocked", result
    assert f"no process has {DATABASE_LOCK} open" in result.reason
    with pacman.holding_lock(DATABASE_LOCK):
        result = pacman.apply(probe(timeout_seconds=3))["probe"]
    assert "held by python3" in result.reason
    pacman.run("rm", DATABASE_LOCK)
    pacman.changes(probe())


def test_a_repository_of_pacman_that_is_gone_is_an_obstacle(pacman: BootedDebian) -> None:
    publish_arch(pacman, NAME, "1.0-1")
    pacman.run("rm", "-r", "/srv/probe-arch")
    result = pacman.apply(probe())["probe"]
    assert result.outcome == "blocked", result
    publish_arch(pacman, NAME, "1.0-1")
    pacman.changes(probe())
