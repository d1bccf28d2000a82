"""The small Debian with a part of Debian's archive inside, so that it installs real packages without a network."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.host.debian_root import only_one

PACKAGES = (
    *("nginx", "openssl", "curl", "certbot"),
    *("openssh-server", "openssh-client", "sudo"),
    *("postgresql", "rsync"),
    *("logrotate", "prometheus-node-exporter"),
    *("containerd", "procps", "kmod", "gpg", "gpg-agent"),
    *("git", "zsh", "dconf-cli", "unattended-upgrades"),
)
"""What can be installed, with all that it depends on."""

_FOLDER = "srv/archive"
_LAST_LINES = 20


def with_archive(root: Path) -> Path:
    """Return a folder with the same Debian and the packages, made first where there is none.

    The files of the Debian itself are shared with its folder: nothing may write to either of them.
    """
    stocked = root.with_name(f"{root.name}-archive-{_recipe()}")
    with only_one():
        if not stocked.is_dir():
            # What another recipe made is used by nobody: a booted one holds the lock that we have.
            for former in root.parent.glob(f"{root.name}-archive-*"):
                shutil.rmtree(former)
            _make(root, stocked)
    return stocked


def _make(root: Path, stocked: Path) -> None:
    making = stocked.with_name(f"{stocked.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    try:
        _run("cp", "--archive", "--reflink=auto", str(root), str(making))
        _fetch(root, making)
        packages = making / _FOLDER
        index = "\n".join(_paragraph(path) for path in sorted(packages.glob("*.deb")))
        (packages / "Packages").write_text(index)
        sources = making / "etc/apt/sources.list.d/archive.list"
        sources.write_text(f"deb [trusted=yes] file:/{_FOLDER} ./\n")
        making.rename(stocked)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _fetch(root: Path, making: Path) -> None:
    """Download what the Debian lacks, by the sources of this machine, whose own state stays as it is."""
    state, packages = making / "srv/state", making / _FOLDER
    for folder in (state / "lists/partial", packages / "partial"):
        folder.mkdir(parents=True)
    options = {
        "Dir::State": state,
        "Dir::State::status": root / "var/lib/dpkg/status",
        "Dir::Cache": state,
        "Dir::Cache::archives": packages,
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
    }
    apt = ["apt-get", "--quiet", "--yes", *(f"--option={name}={value}" for name, value in options.items())]
    _run(*apt, "update")
    _run(*apt, "--download-only", "install", *PACKAGES)
    shutil.rmtree(state)
    (packages / "partial").rmdir()
    (packages / "lock").unlink()


def _paragraph(package: Path) -> str:
    """Return a package's paragraph of the index. Source: the format of Debian repositories."""
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    control = _run("dpkg-deb", "--field", str(package))
    return f"{control}Filename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {digest}\n"


def _run(*argv: str) -> str:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-_LAST_LINES:])
        raise RuntimeError(f"expected {argv[0]} to succeed, found that it ended with {done.returncode}:\n{last}")
    return done.stdout


def _recipe() -> str:
    """Return a name that changes with what is installable; the root's own name changes with the sources."""
    return hashlib.sha256("\0".join((*PACKAGES, Path(__file__).read_text())).encode()).hexdigest()[:16]
