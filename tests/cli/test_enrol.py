import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.desk import Desk
from tests.server.harness import ca_sha256


@contextmanager
def asking(desk: Desk, hostname: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Give a `vigo enroll` that waits, and the fingerprint that it printed."""
    argv = [sys.executable, "-m", "vigo.agent.main", "enroll", "--server", desk.server.url, "--hostname", hostname]
    argv += ["--ca-sha256", ca_sha256(desk.server), "--state-dir", str(desk.folder / hostname), "--wait", "60"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=desk.environment_of_process()) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert f"{hostname} waits to be let in" in line
        try:
            yield process, line.split()[-1]
        finally:
            process.terminate()


def test_a_machine_without_a_token_waits_until_it_is_let_in(desk: Desk) -> None:
    with asking(desk, "web-1") as (process, fingerprint):
        assert desk.here("enrol", "pending").rows[1][:3] == ["web-1", fingerprint, "waiting"]
        done = desk.here("enrol", "approve", fingerprint, "--label", "site=berlin")
        assert (done.status, done.out.startswith(f"web-1 may come in ({fingerprint}")) == (0, True), done.err
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "enrolled as web-1" in out
    shown = desk.here("envoys", "show", "web-1")
    assert "labels       site=berlin" in shown.out
    assert desk.here("envoys", "list", "--label", "site=berlin").rows[1][0] == "web-1"
    assert "no such envoys" in desk.here("envoys", "list", "--label", "site=rome").err
    assert "no machine waits" in desk.here("enrol", "pending").err


def test_a_machine_that_is_denied_is_told_so(desk: Desk) -> None:
    with asking(desk, "web-1") as (process, _):
        assert desk.here("enrol", "deny", "web-1", "--json").json["state"] == "denied"
        process.communicate(timeout=60)
        assert process.returncode == 1
    assert desk.here("enrol", "pending", "--json").json["items"][0]["decided_by"] == "admin"


def test_patience_ends_with_what_to_do(desk: Desk) -> None:
    argv = [sys.executable, "-m", "vigo.agent.main", "enroll", "--server", desk.server.url, "--hostname", "web-1"]
    argv += ["--ca-sha256", ca_sha256(desk.server), "--state-dir", str(desk.folder / "state"), "--wait", "0"]
    done = subprocess.run(argv, capture_output=True, text=True, env=desk.environment_of_process(), check=False)
    assert done.returncode == 1
    assert "the same command goes on with it" in done.stderr


@pytest.mark.parametrize("name", ["..", "nosuch", "a/b", ""])
def test_what_does_not_wait_is_told(desk: Desk, name: str) -> None:
    result = desk.here("enrol", "approve", name)
    assert result.status == 1
    assert "vigocli enrol pending" in result.err


@pytest.mark.parametrize("label", ["site", "=x", "Site=x", "site="])
def test_what_is_no_label_is_told(offline: Desk, label: str) -> None:
    result = offline.here("tokens", "create", "--hostname", "x", "--label", label)
    assert result.status == 2
    assert "label" in result.err
