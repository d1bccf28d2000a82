import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
FACTS = 11
READY = "until grep -q '^ready ' try.log; do sleep 0.1; done"


def test_a_first_policy_takes_the_five_commands_of_the_readme(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text().partition("## A first policy")[2].partition("\n## ")[0]
    block = re.search(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert block is not None
    commands = block[1].replace(":1530", ":0").replace(":8443", ":0")
    started, _, rest = commands.partition("&\n")
    script = f"set -eu\ntrap 'kill $server; wait $server' EXIT\n{started}&\nserver=$!\n{READY}\n{rest}"
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "NO_COLOR": "1"}
    ended = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "machine/etc/motd").read_text() == "first belongs to the night shift.\n"
    assert "generation 1: 2 changed" in ended.stdout


def test_the_demo_shows_every_fact() -> None:
    ended = _demo(ROOT / "examples/demo")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [line.split()[0] for line in ended.stdout.splitlines()] == ["ok"] * FACTS


def test_the_demo_names_the_fact_that_does_not_hold(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/demo", tmp_path / "demo", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "demo/stacks/roles.vgo").write_text("rolls: {}\n")
    ended = _demo(tmp_path / "demo", temporary=tmp_path)
    assert ended.returncode == 1
    told = ended.stdout.splitlines()
    assert [line.split()[0] for line in told[:3]] == ["ok", "ok", "FAIL"]
    assert '"file": "roles.vgo"' in ended.stdout
    assert "did you mean 'roles'" in ended.stdout


def _demo(folder: Path, temporary: Path | None = None) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(folder / "run.py"), "--once"]
    environment = {**os.environ, "NO_COLOR": "1"} | ({} if temporary is None else {"TMPDIR": str(temporary)})
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=240)
