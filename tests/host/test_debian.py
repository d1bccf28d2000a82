import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gates.tree import ROOT
from tests.host.booted_debian import LONGEST_END_SECONDS, BootedDebian, boot


def test_real_systemd_runs_a_real_debian(debian: BootedDebian) -> None:
    assert debian.tell("systemctl", "is-system-running") == "running"
    assert debian.tell("cat", "/proc/1/comm") == "systemd"
    assert "ID=debian" in debian.tell("cat", "/etc/os-release").splitlines()


def test_it_cannot_reach_this_machine(debian: BootedDebian) -> None:
    assert debian.tell("ls", "/sys/class/net") == "lo"
    assert debian.run("touch", f"{ROOT}/tests/host/written", check=False).returncode != 0


def test_nothing_of_a_machine_outlives_it(debian_root: Path, tmp_path: Path) -> None:
    before = _entries(debian_root)
    with boot(debian_root, tmp_path) as machine:
        machine.write("/etc/left-behind", "x")
        machine.run("useradd", "left-behind")
        first = machine.leader
    assert not Path(f"/proc/{first}").exists()
    assert not (debian_root / "etc/left-behind").exists()
    assert _entries(debian_root) == before
    with boot(debian_root, tmp_path) as machine:
        assert machine.run("id", "left-behind", check=False).returncode != 0


def test_a_machine_goes_with_a_test_run_that_is_killed(debian_root: Path, tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from tests.host.booted_debian import boot
with boot(Path({str(debian_root)!r}), Path({str(tmp_path)!r})) as machine:
    print(machine.leader, flush=True)
    input()
"""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    run = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdin is not None
    assert run.stdout is not None
    with run.stdin, run.stdout:
        ended = os.pidfd_open(int(run.stdout.readline()))
        run.send_signal(signal.SIGKILL)
        run.wait()
    try:
        assert select.select([ended], [], [], LONGEST_END_SECONDS)[0], "the machine goes on without its test run"
    finally:
        os.close(ended)


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_what_cannot_run_is_skipped_by_name_and_fails_in_ci(ci: str, status: int, tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "CI": ci}
    one = "tests/host/test_debian.py::test_real_systemd_runs_a_real_debian"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", one],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == status, run.stdout + run.stderr
    assert "no Debian can be booted here: expected " in run.stdout
    assert ("A skip is a failure where CI=true" in run.stdout) == (ci == "true")


def _entries(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}
