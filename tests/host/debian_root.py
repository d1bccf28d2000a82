"""A small Debian in a folder, built once from this machine's own apt sources and kept for later runs."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "cron", "passwd", "python3"),
    *(
        "git",
        "gnupg",
        "iproute2",
        "kmod",
        "locales",
        "nftables",
        "openssh-client",
        "openssl",
        "procps",
        "python3-venv",
        "sudo",
    ),
)
"""What is installed: what boots, and what kinds drive or tests judge them by. With Debian's Python come the libraries
that any Python built on this distribution loads."""

# They would start by themselves in the middle of a test; the last would hide what is bound below /tmp.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "tmp.mount")

PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "apt-config": "apt",
}
"""What building and booting it takes: program -> the Debian package that has it."""

# How to reach the mirrors, and how strictly: what mmdebstrap does not take over from this machine by itself.
_APT_SETTINGS = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries")
_LAST_LINES = 20

PYTHON = Path(sys.executable).resolve()
"""The Python that runs these tests. It is at this path in the Debian too: bound there, or the Debian's own."""


def what_is_missing() -> str:
    """Return why no Debian can be booted on this machine, or an empty text."""
    if os.geteuid() != 0:
        return "expected to run as root, which systemd-nspawn needs"
    absent = [f"{program} (package {package})" for program, package in PROGRAMS.items() if not shutil.which(program)]
    if absent:
        return f"expected the programs {', '.join(absent)}; install them with `make system-packages`"
    if not _sources():
        return "expected apt sources below /etc/apt to build a Debian from"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode:  # noqa: S607 - where it is differs
        return "expected the right to make namespaces, which this container or sandbox withholds"
    return ""


def cached_root(more: tuple[str, ...] = ()) -> Path:
    """Return the folder with the Debian and more packages, built first where there is none of this recipe."""
    root = _cache() / f"debian-{_recipe(more)}"
    with only_one():
        if not root.is_dir():
            _build(root, more)
    return root


def lacks_python(root: Path) -> str:
    """Return why the Debian cannot run the agent, or an empty text: this Python is part of another distribution."""
    if Path(sys.base_prefix) != Path("/usr") or root.joinpath(*PYTHON.parts[1:]).exists():
        return ""
    return f"expected {PYTHON} in the Debian of this machine's apt sources, found another Python"


@contextmanager
def only_one() -> Iterator[None]:
    """Wait until no other test run on this machine builds or has booted one: they would share its control group."""
    _cache().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (_cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(root: Path, more: tuple[str, ...]) -> None:
    building = root.with_name(f"{root.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    settings = root.with_name(f"{root.name}.apt")
    settings.write_text(_apt_settings())
    try:
        built = subprocess.run(
            [  # noqa: S607 - where it is differs
                "mmdebstrap",
                "--mode=root",
                "--format=directory",
                "--variant=apt",
                f"--include={','.join((*PACKAGES, *more))}",
                f"--aptopt={settings}",
                "",
                str(building),
                *map(str, _sources()),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode:
            last = "\n".join(built.stderr.splitlines()[-_LAST_LINES:])
            raise RuntimeError(f"mmdebstrap could not build a Debian; see that apt reaches its mirrors:\n{last}")
        _make_quiet(building)
        building.rename(root)
    finally:
        settings.unlink()
        shutil.rmtree(building, ignore_errors=True)


def _make_quiet(root: Path) -> None:
    """Take away what acts by itself, and the sources: a booted one has no network, and its tests bring their own."""
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for path in (root / "etc/apt/sources.list.d").iterdir():
        path.unlink()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vigo-tests"


def _recipe(more: tuple[str, ...]) -> str:
    """Return a name that changes with everything that the folder is made from."""
    parts = [*PACKAGES, *more, *MASKED, _apt_settings(), *(path.read_text() for path in _sources())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _sources() -> list[Path]:
    folder = Path("/etc/apt")
    found = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]
    return [path for path in found if path.suffix in (".list", ".sources") and path.is_file() and _says_something(path)]


def _says_something(path: Path) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in path.read_text().splitlines())


def _apt_settings() -> str:
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout  # noqa: S607 - where it is differs
    return "".join(f"{line}\n" for line in dump.splitlines() if line.startswith(_APT_SETTINGS))
