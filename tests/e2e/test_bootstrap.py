"""A machine that has Python and nothing else gets the agent from its server, by the command that `vigocli` prints."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import Ended, call, call_well
from tests.e2e.world import Server
from tests.gates.tree import ROOT

PYTHON = Path(sys.base_prefix) / "bin/python3"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of what an operator puts there: the agent and all that it needs, as wheels."""
    folder = tmp_path_factory.mktemp("packages")
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run((PYTHON, "-m", "venv", folder / "venv"), check=True, timeout=300)
    pip = (folder / "venv/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check")
    needed = ("download", "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", ROOT / "requirements/agent.txt")
    for argv in ((*pip, *needed, "-d", folder), (*pip, "wheel", "--no-deps", "-w", folder, source)):
        subprocess.run(argv, check=True, timeout=300)
    for made in (source, folder / "venv"):
        shutil.rmtree(made)
    return folder


def _server(folder: Path) -> Server:
    server = Server(folder)
    call_well("vigosrv", "init", "--data-dir", server.data)
    return server


def _printed(server: Server) -> str:
    """Return the command that `vigocli tokens create` prints for a machine that has no vigo."""
    made = call("vigocli", "--data-dir", server.data, "tokens", "create", "--hostname", "first")
    found = re.search(r"^curl .*$", made.err, re.MULTILINE)
    assert found is not None
    return found[0]


def _run(command: str, folder: Path, *options: str) -> Ended:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "VIGO_PREFIX": str(folder / "opt"),
        "VIGO_PYTHON": str(PYTHON),
    }
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} {' '.join(options)}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_the_printed_command_installs_enrols_and_can_be_repeated(tmp_path: Path, packages: Path) -> None:
    with _server(tmp_path) as server:
        shutil.copytree(packages, server.data / "packages")
        (tmp_path / "machine").mkdir()
        options = ("--hostname first", f"--root {tmp_path}/machine", f"--state-dir {tmp_path}/state")
        command = _printed(server)
        for told in ("enrolled as first", "already enrolled as first"):
            done = _run(command, tmp_path, *options)
            assert done.status == 0, done
            assert "vigo-bootstrap.sh: OK" in done.out
            assert told in done.out
        run = [tmp_path / "opt/bin/vigo", "run", "--once", "--full", "--state-dir", tmp_path / "state"]
        subprocess.run(run, check=False, timeout=60, capture_output=True)
        assert [item["hostname"] for item in server.get("/api/v1/envoys")["items"]] == ["first"]


def test_a_script_or_a_package_that_was_changed_installs_nothing(tmp_path: Path, packages: Path) -> None:
    with _server(tmp_path) as server:
        shutil.copytree(packages, server.data / "packages")
        command = _printed(server)
        fetch, check, rest = command.split(" && ")
        done = _run(f"{fetch} && echo '# changed' >> vigo-bootstrap.sh && {check} && {rest}", tmp_path)
        assert (done.status, "FAILED" in done.out) == (1, True), done
        # Between the fetching of the script and that of a package.
        wheel = next((server.data / "packages").glob("msgspec-*.whl"))
        replace = f"echo changed >> {wheel}"
        done = _run(f"{fetch} && {check} && {replace} && {rest}", tmp_path)
        assert done.status == 1, done
        assert "expected the SHA-256" in done.err
        assert not (tmp_path / "opt").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [("", "expected a token"), ("--tokn x", "found --tokn"), ("x", "expected packages on")],
    ids=["nothing", "unknown", "no packages"],
)
def test_what_is_missing_is_told(tmp_path: Path, arguments: str, told: str) -> None:
    with _server(tmp_path) as server:
        fetch, check, _ = _printed(server).split(" && ")
        done = _run(f"{fetch} && {check} && sh vigo-bootstrap.sh {arguments}", tmp_path)
        assert (done.status, told in done.err) == (1, True), done
        helped = _run("sh vigo-bootstrap.sh --help", tmp_path)
        assert (helped.status, "VIGO_PREFIX" in helped.out) == (0, True), helped


def test_nothing_beside_the_packages_is_served(tmp_path: Path, packages: Path) -> None:
    with _server(tmp_path) as server:
        folder = server.data / "packages"
        shutil.copytree(packages, folder)
        (folder / "notes.txt").write_text("x")
        (folder / "vault-1.whl").symlink_to(server.data / "keys/vault.key")
        script = _run(f"curl -fsSk https://{server.api}/bootstrap", tmp_path).out
        assert "notes.txt" not in script
        assert "vault-1.whl" not in script
        for name in ("notes.txt", "vault-1.whl", "..%2fkeys%2fca.key", "%2e%2e/keys/ca.key", "../server.yaml"):
            done = _run(
                f"curl -sk --path-as-is -o out -w '%{{http_code}}' https://{server.api}/bootstrap/v1/packages/{name}",
                tmp_path,
            )
            assert done.out in ("404", "401", "403"), (name, done)
