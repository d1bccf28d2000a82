"""ATTACKS.md 31 on running machines: the programs that kinds and traits ask change nothing either."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.host.booted_debian import LENT, BootedDebian, boot
from tests.host.debian_root import PYTHON
from tests.host.other_tools import Tool, machine_of
from tests.host.probe_arch import publish_arch
from tests.host.probe_rpms import FOLDER, publish_rpms
from tests.security.tracing import changing_calls

HARMLESS = (
    r"\"/dev/(null|tty|pts/\d+)\"",  # nothing is kept of what is written there
    r"AF_(UNIX|NETLINK)|<(UNIX|NETLINK)",  # questions to the machine's own services and its kernel
    r"(mkdir|unlink)\(.* = -1 (EEXIST|ENOENT)",
)
# What rpm, dnf and zypper do whenever they start, as root or not at all: locks, logs, the shared memory of a database
# that is only read. Both ask for their own machine's name, which here nobody answers.
_RPM = r"/var/lib/rpm/(rpmdb\.sqlite-(wal|shm)|\.rpm\.lock)"
HOUSEKEEPING: Mapping[Tool, Sequence[str]] = {
    "dnf": (_RPM, r"/var/log/(dnf|hawkey)[a-z.]*\.log", r"/var/cache/dnf/metadata_lock\.pid", r"<UDP:.*htons\(53\)"),
    "zypper": (
        _RPM,
        "/var/log/zypper.log",
        "/run/zypp.pid",
        r"/var/tmp/zypp\.",
        r"mkdir\(\"/var(/tmp)?\",",
        "/var/lib/zypp/AutoInstalled",
    ),
    "pacman": (),
}
TOUCHED = ("/var/log", "/var/lib/rpm", "/var/lib/zypp", "/var/cache/dnf", "/var/tmp")
PROBE = "vigo-probe"
REPOSITORY = f"[probe]\nname=probe\nbaseurl=file://{FOLDER}\nenabled=1\ngpgcheck=0\nautorefresh=1\n"


def test_31_no_program_that_is_asked_writes_or_connects_outside(stocked_root: Path, tmp_path: Path) -> None:
    with boot(stocked_root, tmp_path) as debian:
        debian.run("apt-get", "update")
        # Only where names have other sources than files is getent asked.
        debian.run("sed", "-i", "-E", "s/^(passwd|group):.*/& systemd/", "/etc/nsswitch.conf")
        asked_without_a_change(debian, tmp_path, "apt-cache", "dpkg-query", "systemctl", "getent")
        # What apt keeps is out of date now, and it would write it anew.
        debian.run("touch", "/var/lib/dpkg/status")
        asked_without_a_change(debian, tmp_path, "apt-cache")
        debian.run("rm", "/var/cache/apt/pkgcache.bin", "/var/cache/apt/srcpkgcache.bin")
        asked_without_a_change(debian, tmp_path, "apt-cache")


@pytest.mark.parametrize("tool", ["dnf", "zypper", "pacman"])
def test_31_no_other_package_tool_writes_when_it_is_asked(tool: Tool, debian_root: Path, tmp_path: Path) -> None:
    with machine_of(tool, tmp_path) as machine:
        if tool == "pacman":
            publish_arch(machine, PROBE, "1.0-1")
            machine.run("pacman", "--sync", "--refresh", "--noconfirm", PROBE)
        else:
            publish_rpms(machine, (PROBE, "1.0-1"))
            folder = {"dnf": "/etc/yum.repos.d", "zypper": "/etc/zypp/repos.d"}[tool]
            machine.write(f"{folder}/probe.repo", REPOSITORY)
            install = {"dnf": ("dnf", "-y", "install"), "zypper": ("zypper", "--non-interactive", "install")}[tool]
            machine.run(*install, PROBE)
        asked_without_a_change(machine, tmp_path, tool, housekeeping=HOUSEKEEPING[tool])


def asked_without_a_change(
    machine: BootedDebian, scratch: Path, *programs: str, housekeeping: Sequence[str] = ()
) -> None:
    """Check that observing and planning everything asked these programs, and that nothing was changed by it."""
    before = seen(machine)
    argv = machine.inside(str(PYTHON), "-m", "tests.host.observe_kinds")
    calls, printed = changing_calls(
        argv, scratch, harmless=(*HARMLESS, *housekeeping), env=machine.python_environment()
    )
    planned, asked = printed.split("\n")
    assert len(planned.split()) > 20
    assert set(programs) <= set(asked.split())
    assert calls == []
    assert seen(machine) == before


def seen(machine: BootedDebian) -> list[str]:
    """Return all that is on the machine's disk, and which units are active: asking alone has systemd load others.

    What it is lent is another machine's, where other tests go on meanwhile.
    """
    passed_over = [word for path in (*TOUCHED, *map(str, LENT)) for word in ("-path", path, "-prune", "-o")]
    files = machine.tell("find", "/", "-xdev", *passed_over, "-printf", "%p %i %m %s %T@ %C@\\n")
    units = machine.tell(
        "systemctl", "list-units", "--all", "--plain", "--no-legend", "--type=service,timer,mount,swap"
    )
    # Credentials of a service are mounted while it starts, which some still do right after the boot.
    return [*files.splitlines(), *(line for line in units.splitlines() if not line.startswith("run-credentials-"))]
