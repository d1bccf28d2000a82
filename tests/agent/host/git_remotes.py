"""Repositories for tests, made by the git of this machine."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops import Op
from vigo.catalog.ops.git_checkout import AskRemote
from vigo.catalog.resources.files.git import Git, GitSpec

NEEDS_GIT = [
    pytest.mark.processes,
    pytest.mark.skipif(shutil.which("git") is None, reason="expected git; install it with `make system-packages`"),
]
NO_COMMIT = "0123456789" * 4

_CLEAN = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_NAME": "Tester" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "tester@example.com" for who in ("AUTHOR", "COMMITTER")},
}


def git(folder: Path, *words: str) -> str:
    """Return what git printed."""
    argv = ["git", "-c", "init.defaultBranch=main", "-c", "safe.directory=*", "-c", "tag.gpgSign=false", *words]
    done = subprocess.run(argv, cwd=folder, env=_CLEAN, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n")


class Remote:
    """A repository to clone from, with one commit on `main`, and the folder that it is made in."""

    def __init__(self, folder: Path, *, sha256: bool = False) -> None:
        self.folder = folder
        folder.mkdir()
        git(folder, "init", "--quiet", *(("--object-format=sha256",) if sha256 else ()))
        self.first = self.commit("a", "one\n")

    @property
    def address(self) -> str:
        """Return its URL."""
        return f"file://{self.folder}"

    def commit(self, name: str, content: str) -> str:
        """Commit a file on the branch that is checked out, and return the commit."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        git(self.folder, "add", "--", name)
        git(self.folder, "commit", "--quiet", "--message", f"{name} is {content}")
        return git(self.folder, "rev-parse", "HEAD")

    def run(self, *words: str) -> str:
        """Return what git printed in it."""
        return git(self.folder, *words)


class Checkout:
    """A place to clone to, and what carries operations out."""

    def __init__(self, path: Path, remote: Remote) -> None:
        self.path = path
        self.remote = remote
        self.host = RealHost(None)
        self._executors = Executors(self.host)

    def spec(self, **fields: Any) -> GitSpec:
        return GitSpec(path=str(self.path), **{"repo": self.remote.address, **fields})

    def planned(self, **fields: Any) -> list[Op]:
        spec = self.spec(**fields)
        Git().validate(spec)
        return list(Git().plan(spec, Git().observe(spec, self.host)))

    def bring(self, **fields: Any) -> None:
        """Bring it to what is declared, and check that then nothing is left to do."""
        ops = self.planned(**fields)
        assert ops
        for op in ops:
            self.execute(op)
        assert [op.summary() for op in self.planned(**fields) if not op.only_checks] == []

    def ask(self, revision: str = "HEAD", depth: int | None = None, user: str | None = None) -> None:
        asking = AskRemote(path=str(self.path), repo=self.remote.address, revision=revision, depth=depth, user=user)
        self.execute(asking)

    def execute(self, op: Op) -> None:
        self._executors.execute(op)

    def head(self) -> str:
        return git(self.path, "rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        return git(self.path, *words)

    def commit(self, name: str, content: str) -> str:
        (self.path / name).write_text(content)
        self.git("add", "--", name)
        self.git("commit", "--quiet", "--message", "local")
        return self.head()


def beside(path: Path) -> list[str]:
    """Return the hidden names in the folder of a checkout."""
    return sorted(one.name for one in path.parent.iterdir() if one.name.startswith("."))
