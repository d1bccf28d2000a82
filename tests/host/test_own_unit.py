"""The agent's own unit on a real systemd: it is accepted, its limits hold, and a machine is converged under them."""

from collections.abc import Sequence

import pytest

from tests.host.booted_debian import BootedDebian, declared
from tests.host.debian_root import PYTHON
from vigo.agent.service.unit import SANDBOX, unit


class Limited(BootedDebian):
    """The same machine, seen by programs that have the limits of the agent's unit."""

    def inside(self, *argv: str) -> Sequence[str]:
        limits = (f"--property={line}" for line in SANDBOX)
        lent = ("--setenv=PYTHONPATH", "--setenv=PYTHONDONTWRITEBYTECODE", "--setenv=PATH")
        return super().inside("systemd-run", "--quiet", "--pipe", "--wait", "--collect", *lent, *limits, "--", *argv)


@pytest.fixture
def limited(debian: BootedDebian) -> Limited:
    return Limited(debian.leader)


def test_systemd_finds_nothing_wrong_with_the_unit_and_starts_it(debian: BootedDebian) -> None:
    debian.write("/usr/local/bin/vigo", "#!/bin/sh\nexec sleep 1000\n", mode="0755")
    debian.write("/etc/systemd/system/vigo.service", unit("/usr/local/bin/vigo", "/var/lib/vigo-agent"))
    assert debian.tell("systemd-analyze", "verify", "vigo.service") == ""
    debian.run("systemctl", "enable", "--now", "vigo.service")
    assert debian.tell("systemctl", "is-active", "vigo.service") == "active"
    assert debian.tell("systemctl", "show", "--value", "--property=UMask", "vigo.service") == "0077"


def test_its_limits_hold(limited: Limited, debian: BootedDebian) -> None:
    tried = {
        "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))": "PermissionError",
        "import socket; socket.socket(31, socket.SOCK_RAW)": "Address family not supported",
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); libc.iopl(3) and exit(repr(ctypes.get_errno()))": "1",
    }
    for program, refusal in tried.items():
        done = limited.run(str(PYTHON), "-c", program, check=False)
        assert (done.returncode, refusal in done.stderr) == (1, True), (program, done)
    assert limited.tell("sh", "-c", "umask; ulimit -c") == "0077\n0"
    assert debian.tell("sh", "-c", "umask") == "0022"


def test_a_machine_is_converged_under_them(limited: Limited, debian: BootedDebian) -> None:
    debian.run("mkdir", "-p", "/srv/mounted")
    sleeper = "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n"
    done = limited.apply(
        declared("group", "group", group="probe"),
        declared("user", "user", user="probe", depends_on=["group"]),
        declared(
            "file", "file", path="/etc/probe.conf", content="x\n", mode="0644", owner="probe", depends_on=["user"]
        ),
        declared("directory", "directory", path="/srv/probe", mode="2775"),
        declared("file", "set-uid", path="/srv/tool", content="x\n", mode="4755"),
        declared("mount", "mount", path="/srv/mounted", device="tmpfs", fstype="tmpfs"),
        declared("systemd_unit", "unit", unit="probe.service", content=sleeper, enabled=True, running=True),
        declared("service", "service", service="cron", state="stopped", enabled=False),
        declared("exec", "exec", command=["sh", "-c", "umask > /srv/umask; touch /srv/made"], creates="/srv/made"),
    )
    assert {name: result.outcome for name, result in done.items()} == dict.fromkeys(done, "changed"), done
    assert debian.tell("stat", "--format=%U %a", "/etc/probe.conf") == "probe 644"
    assert debian.tell("stat", "--format=%a", "/srv/tool") == "4755"
    # Everybody sees what was mounted: the agent is in the machine's own mount namespace.
    assert debian.tell("findmnt", "--noheadings", "--output=FSTYPE", "/srv/mounted") == "tmpfs"
    assert debian.tell("systemctl", "is-active", "probe.service") == "active"
    assert debian.run("systemctl", "is-active", "cron", check=False).stdout.strip() == "inactive"
    # What programs make is theirs to protect: they have the usual mask.
    assert debian.tell("cat", "/srv/umask") == "0022"
    assert debian.tell("stat", "--format=%a", "/srv/made") == "644"
