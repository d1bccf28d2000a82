"""The development environment `.venv`: what the lock names, and the project itself, installed in place.

It needs nothing but the standard library: Debian ships neither pip nor ensurepip with python3, so a pinned pip wheel
lies beside this file. The user's own pip configuration (`PIP_*`, pip.conf) says where packages come from.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CONFIGURATION = VENV / "pyvenv.cfg"
LOCK = ROOT / "requirements" / "dev.txt"
PROJECT = ROOT / "pyproject.toml"
PIP = Path(__file__).with_name("pip-26.3-py3-none-any.whl")
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"

DONE = VENV / "set-up.json"
UNFINISHED = VENV / "set-up.unfinished"
LOG = VENV / "set-up.log"
SCRIPTS = ("vigo", "vigosrv", "vigocli")
LOG_TAIL_LINES = 15


class SetUpError(Exception):
    """Set-up cannot go on; the message says what was found and what to do."""


def set_up() -> int:
    """Bring `.venv` to what the lock and pyproject.toml say, if it is not there yet; return the exit status."""
    try:
        with _alone():
            _bring_up_to_date()
    except SetUpError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("interrupted; the next `make setup` goes on from here")
        return 130
    return 0


def _bring_up_to_date() -> None:
    if not _is_usable():
        _say(f"creating .venv with Python {sys.version.split()[0]}")
        # First of all it ceases to be an environment, so that a kill amid the deletion leaves none that looks whole.
        CONFIGURATION.unlink(missing_ok=True)
        venv.create(VENV, clear=True, symlinks=True)
    lock, project = _digest(LOCK), _digest(PROJECT)
    done = _done()
    current = done.get("project") == project and all((VENV / "bin" / name).exists() for name in SCRIPTS)
    if done.get("lock") == lock and current:
        return
    if _digest(PIP) != PIP_SHA256:
        raise SetUpError(f"{PIP} is not the file that was committed; get it back: git checkout -- {PIP}")
    if done.get("lock") != lock:
        _install_the_lock()
    _say("installing vigo, vigosrv and vigocli in place")
    # The build backend is in the lock: nothing is fetched here, and no second environment is built.
    _pip("install", "--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    DONE.write_text(json.dumps({"venv": str(VENV), "lock": lock, "project": project}) + "\n")
    _say(".venv is ready")


def _install_the_lock() -> None:
    """Install exactly what the lock names; what else is there goes, so that a stale package hides no missing one."""
    wanted = {_normal(name) for name in re.findall(r"^([\w.-]+)==", LOCK.read_text(), re.MULTILINE)}
    _say(f"installing {len(wanted)} locked packages")
    DONE.unlink(missing_ok=True)
    UNFINISHED.touch()
    _pip("install", "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK))
    present = {_normal(entry["name"]) for entry in json.loads(_pip("list", "--format", "json"))}
    surplus = present - wanted - {"pip", "vigo"}
    if surplus:
        _say(f"removing what the lock does not name: {', '.join(sorted(surplus))}")
        _pip("uninstall", "--yes", *sorted(surplus))
    UNFINISHED.unlink()


def _is_usable() -> bool:
    """Return whether `.venv` is whole, is where it was made, and its interpreter is the one it was made for."""
    if UNFINISHED.exists() or not CONFIGURATION.exists() or not os.access(PYTHON, os.X_OK):
        return False
    if _done().get("venv", str(VENV)) != str(VENV):
        return False
    asked = [str(PYTHON), "-ISc", "import sys; print('%d.%d' % sys.version_info[:2])"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    made_for = re.search(r"^version\s*=\s*(\d+\.\d+)", CONFIGURATION.read_text(), re.MULTILINE)
    return made_for is not None and answer == made_for[1]


def _pip(command: str, *arguments: str) -> str:
    """Run pip from its wheel inside `.venv` and return what it printed; its whole output goes to the log.

    Raises:
        SetUpError: pip failed; with the end of its output.
    """
    argv = [str(PYTHON), f"{PIP}/pip", command, "--disable-pip-version-check", *arguments]
    # A pip.conf that says `user = true` would be refused inside a virtual environment.
    environment = {**os.environ, "PIP_USER": "0"}
    with LOG.open("a") as log:
        ended = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=log, text=True, check=False, env=environment, close_fds=False
        )
        log.write(ended.stdout)
    if ended.returncode == 0:
        return ended.stdout
    tail = "\n".join(f"  | {line}" for line in LOG.read_text().splitlines()[-LOG_TAIL_LINES:])
    raise SetUpError(
        f"pip {command} failed with status {ended.returncode}; its last lines (all of them: {LOG}):\n{tail}\n"
        "Packages come from where your own pip configuration says (PIP_* variables, pip.conf): check that this machine "
        "reaches it, then run `make setup` again"
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Let one set-up work on this checkout at a time; the lock ends with its processes, however they end."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another set-up of this checkout to end")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # pip shares the lock: one that outlives a killed set-up still keeps the next one out.
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no names
        yield
    finally:
        os.close(descriptor)


def _done() -> dict[str, str]:
    """Return what the last whole set-up installed; empty where there was none or its note is damaged."""
    try:
        noted = json.loads(DONE.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _normal(name: str) -> str:
    """Return a distribution's name in the one form that compares (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _say(line: str) -> None:
    print(f"set-up: {line}", file=sys.stderr, flush=True)
