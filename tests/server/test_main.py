import json
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vigo.server.platform.folder.layout import DataFolder

pytestmark = pytest.mark.processes

LOOPBACK = ("--grpc-listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0")


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vigo.server", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=_environment())


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": "src"}


@contextmanager
def _running(
    data_dir: Path, *more: str, prepare: Callable[[], None] | None = None
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    command = [sys.executable, "-m", "vigo.server", "run", "--data-dir", str(data_dir), *LOOPBACK, *more]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        preexec_fn=prepare,  # noqa: PLW1509 - no thread of this process holds a lock then
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            if process.poll() is None:
                process.kill()


def _ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def _get(folder: DataFolder, path: str, token: str | None = None) -> tuple[int, str]:
    url = json.loads(folder.running.read_text())["api"] + path
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310 - our own https address
    context = ssl.create_default_context(cafile=str(folder.ca_certificate))
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:  # noqa: S310 - the same
        return answer.status, answer.read().decode()


def test_run_initialises_an_empty_folder_says_ready_once_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    with _running(folder.root) as (process, line):
        words = dict(word.split("=", 1) for word in line.split()[1:])
        assert line.startswith("ready ")
        assert set(words) == {"grpc", "api", "data-dir", "generation"}
        assert words["data-dir"] == str(folder.root)
        running = json.loads(folder.running.read_text())
        assert running["pid"] == process.pid
        assert running["api"] == words["api"]
        assert _get(folder, "/healthz") == (200, "ok\n")
        assert _get(folder, "/api/v1/envoys", folder.admin_token.read_text().strip())[0] == 200
        process.send_signal(signal.SIGTERM)
        status, out, err = _ended(process)
    assert (status, out) == (0, ""), err
    assert not folder.running.exists()


def test_init_says_what_to_do_next_and_a_second_one_refuses(tmp_path: Path) -> None:
    first = _run("init", "--data-dir", tmp_path / "data", "--name", "vigo.example.com")
    assert first.returncode == 0, first.stderr
    assert "vigosrv run --data-dir" in first.stdout
    key = DataFolder(tmp_path / "data").ca_key.read_bytes()
    again = _run("init", "--data-dir", tmp_path / "data")
    assert again.returncode == 1
    assert "initialised already, nothing was changed" in again.stderr
    assert DataFolder(tmp_path / "data").ca_key.read_bytes() == key
    assert 'server_names: ["vigo.example.com"]' in DataFolder(tmp_path / "data").settings.read_text()


def test_a_second_server_of_a_folder_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    with _running(tmp_path / "data") as (process, _):
        second = _run("run", "--data-dir", tmp_path / "data", *LOOPBACK)
        assert second.returncode == 1
        assert f"(process {process.pid})" in second.stderr
        process.send_signal(signal.SIGTERM)
        assert _ended(process)[0] == 0


def test_sigkill_loses_nothing_that_a_restart_needs(tmp_path: Path) -> None:
    for _ in range(2):
        with _running(tmp_path / "data") as (process, line):
            assert line.startswith("ready ")
            process.kill()
            _ended(process)
    with _running(tmp_path / "data") as (process, line):
        assert line.startswith("ready ")
        process.send_signal(signal.SIGTERM)
        assert _ended(process)[0] == 0


def test_a_server_takes_as_many_open_files_as_it_may(tmp_path: Path) -> None:
    def like_systemd() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    with _running(tmp_path / "data", prepare=like_systemd) as (process, _):
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[0] > 256
        process.send_signal(signal.SIGTERM)
        assert _ended(process)[0] == 0


def test_sighup_applies_settings_and_says_what_needs_a_restart(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    with _running(folder.root) as (process, _):
        assert process.stderr is not None
        folder.admin_token.write_text("vigo-admin-chosen\n")
        folder.settings.write_text("max_message_bytes: 100000\nserver_names: [extra.example.com]\n")
        before = folder.server_pem.read_bytes()
        process.send_signal(signal.SIGHUP)
        log = ""
        while "reloaded" not in log:
            log += process.stderr.readline()
        assert "max_message_bytes was changed in server.yaml; it needs a restart" in log
        assert folder.server_pem.read_bytes() != before
        assert _get(folder, "/api/v1/envoys", "vigo-admin-chosen")[0] == 200
        folder.settings.write_text("wrong_name: 1\n")
        process.send_signal(signal.SIGHUP)
        while "not reloaded" not in log:
            log += process.stderr.readline()
        assert _get(folder, "/healthz")[0] == 200
        process.send_signal(signal.SIGTERM)
        assert _ended(process)[0] == 0


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = _run("run", "--data-dir", tmp_path / "data", "--grpc-listen", address, "--api-listen", "127.0.0.1:0")
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("vigosrv: listener grpc: cannot listen on")
    assert "another program has it" in last
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_refused_with_its_line(tmp_path: Path) -> None:
    assert _run("init", "--data-dir", tmp_path / "data").returncode == 0
    (tmp_path / "data" / "server.yaml").write_text("api_listn: 1\n")
    done = _run("run", "--data-dir", tmp_path / "data", *LOOPBACK)
    assert done.returncode == 2
    assert "server.yaml:1: no setting has the name 'api_listn'; did you mean 'api_listen'?" in done.stderr


def test_a_damaged_database_is_one_clear_line_and_left_as_it_is(tmp_path: Path) -> None:
    assert _run("init", "--data-dir", tmp_path / "data").returncode == 0
    database = DataFolder(tmp_path / "data").database
    database.write_bytes(b"garbage" * 1000)
    done = _run("run", "--data-dir", tmp_path / "data", *LOOPBACK)
    assert done.returncode == 1
    assert "vigo.db: damaged" in done.stderr
    assert "Traceback" not in done.stderr
    assert database.read_bytes() == b"garbage" * 1000


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    assert _run("run").returncode == 2
    assert _run("nonsense").returncode == 2
    assert _run(
        "run", "--data-dir", tmp_path / "data", "--grpc-listen", "nowhere", "--api-listen", "127.0.0.1:0"
    ).returncode in (1, 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
def test_a_folder_without_rights_is_one_clear_line(tmp_path: Path) -> None:
    assert _run("init", "--data-dir", tmp_path / "data").returncode == 0
    code = (
        "import os; from vigo.server.main import main;"  # the interpreter may stand where only root may read
        "os.setgid(65534); os.setuid(65534); main()"
    )
    for folder in (tmp_path / "data", Path("/proc/vigo"), tmp_path / "data" / "server.yaml"):
        command = [sys.executable, "-c", code, "run", "--data-dir", str(folder), *LOOPBACK]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=_environment())
        assert done.returncode in (1, 2), done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
        "from vigo.server.main import main; main()"
    )
    command = [sys.executable, "-c", code, "init", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=_environment())
    assert done.returncode == 1
    assert done.stderr.startswith("vigosrv: ")
    assert "Traceback" not in done.stderr
    completed = _run("init", "--data-dir", tmp_path / "data")
    assert completed.returncode == 0, completed.stderr
