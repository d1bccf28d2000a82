"""Set-up, tried in a copy of the checkout and without a network: what it keeps, what it makes anew, what it says."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gates.tree import ROOT, text

pytestmark = pytest.mark.processes

ENTRY = "tools/bootstrap/setup.py"
CREATING = "creating .venv"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what set-up needs."""
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT / "tools", copy / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", copy / "requirements")
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@pytest.fixture
def environment(checkout: Path) -> Path:
    """The environment of a checkout whose set-up ends before it installs anything, for its pip was altered."""
    wheel = next(checkout.glob("tools/bootstrap/*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    told = _set_up(checkout)
    assert CREATING in told
    assert "is not the file that was committed" in told
    return checkout / ".venv"


def test_packages_out_of_reach_are_told_with_what_to_do(checkout: Path) -> None:
    told = _set_up(checkout)
    assert "set-up: pip install failed with status 1" in told
    assert "No matching distribution found" in told
    assert "check that this machine reaches it, then run `make setup` again" in told
    assert CREATING in _set_up(checkout), "an installation that did not end is not built upon"


def test_a_pip_that_was_altered_is_not_run(environment: Path) -> None:
    assert not (environment / "set-up.log").exists()


def test_an_environment_is_kept(environment: Path) -> None:
    assert CREATING not in _set_up(environment.parent)


def test_what_an_interruption_left_is_thrown_away(environment: Path) -> None:
    (environment / "set-up.unfinished").touch()
    (environment / "half-installed").touch()
    assert CREATING in _set_up(environment.parent)
    assert not (environment / "half-installed").exists()


def test_an_environment_without_its_interpreter_is_made_anew(environment: Path) -> None:
    (environment / "bin" / "python").unlink()
    assert CREATING in _set_up(environment.parent)


def test_an_environment_of_another_python_is_made_anew(environment: Path) -> None:
    configuration = environment / "pyvenv.cfg"
    configuration.write_text(configuration.read_text().replace("version = 3.", "version = 2."))
    assert CREATING in _set_up(environment.parent)


def test_an_environment_that_was_moved_is_made_anew(environment: Path) -> None:
    (environment / "set-up.json").write_text('{"venv": "/elsewhere/.venv"}')
    assert CREATING in _set_up(environment.parent)


def test_an_older_python_is_told_what_was_found_and_what_to_install() -> None:
    ast.parse(text(ENTRY), feature_version=(3, 6))
    older = f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path({ENTRY!r}, run_name='__main__')"
    ended = subprocess.run([sys.executable, "-c", older], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Vigo needs Python 3.11 or later" in ended.stderr
    assert "is Python 3.9.2" in ended.stderr


def test_a_system_package_that_cannot_be_installed_is_named(tmp_path: Path) -> None:
    asked = ["no-such-command=some-package", "bash=bash"]
    bash = shutil.which("bash")
    assert bash is not None
    (tmp_path / "bash").symlink_to(bash)
    # On this path there is no apt-get, as for someone who may not run it.
    argv = [bash, str(ROOT / "tools/system-packages"), *asked]
    ended = subprocess.run(argv, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0
    assert "missing: some-package;" in ended.stdout
    assert "apt-get install some-package" in ended.stdout


def _set_up(checkout: Path) -> str:
    """Run set-up where no package can be reached, and return what it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    argv = [sys.executable, str(checkout / ENTRY)]
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    return ended.stderr
