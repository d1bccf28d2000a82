"""Machines on which something is not as it should be: the clock, the rights, the room on a disk."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.processes import LONGEST_SECONDS

NOBODY = 65534
_OTHER_CLOCK = """
import datetime, runpy, sys
from vigo.core import clock
apart = datetime.timedelta(days=float(sys.argv[1]))
clock.SystemClock.now = lambda self: datetime.datetime.now(datetime.UTC) + apart
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
# The interpreter may stand where only root may read, so the modules come before the change of the user.
_OTHER_USER = """
import os, pwd, runpy, sys
import vigo.agent.once, vigo.agent.link.enrolment, vigo.agent.local_machine, vigo.agent.status
import vigo.cli.client.api, vigo.cli.client.stacks, vigo.server.main, vigo.core.terminal
script = compile(open(sys.argv[2]).read(), sys.argv[2], "exec")
user = int(sys.argv[1])
sys.argv = sys.argv[2:]
os.setgroups([])
os.setgid(user)
os.setuid(user)
exec(script, {"__name__": "__main__"})
"""


def with_clock_apart(days: float) -> tuple[str, ...]:
    """Return what stands before a program whose own clock is apart; the TLS library goes by the machine's."""
    return (sys.executable, "-c", _OTHER_CLOCK, str(days))


@contextmanager
def without_rights(*folders: Path) -> Iterator[tuple[str, ...]]:
    """Yield what stands before a program that may not read some folders of ours."""
    if os.geteuid() == 0:  # whom no mode keeps out
        yield (sys.executable, "-c", _OTHER_USER, str(NOBODY))
        return
    modes = {folder: folder.stat().st_mode & 0o7777 for folder in folders}
    try:
        for folder in folders:
            folder.chmod(0)
        yield ()
    finally:
        for folder, mode in modes.items():
            folder.chmod(mode)


class SmallDisk(NamedTuple):
    """A file system of a few megabytes that only programs with this prefix see, at a folder."""

    prefix: tuple[str, ...]
    seen_from_here: Path
    """The same folder for who does not have the prefix."""

    @property
    def _filler(self) -> Path:
        return self.seen_from_here / "filler"

    def fill(self) -> None:
        """Leave not one page."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (65_536, 4_096, 1):
                try:
                    while True:
                        filler.write(b"\0" * size)
                except OSError:
                    continue

    def make_room(self) -> None:
        self._filler.unlink()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount one in a mount namespace of its own, which ends with the block."""
    folder.mkdir(parents=True)
    is_root = os.geteuid() == 0
    apart = ["unshare", "--mount", *([] if is_root else ["--map-root-user"])]
    script = f'mount -t tmpfs -o size={megabytes}m,mode=700 tmpfs "$0" && echo mounted && exec cat'
    with subprocess.Popen(
        [*apart, "sh", "-c", script, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            if holder.stdout.readline() != "mounted\n":
                pytest.skip("this machine lets us mount nothing, not even in a namespace of our own")
            into = ["nsenter", "--mount", f"--target={holder.pid}"]
            prefix = into if is_root else [*into, "--user", "--preserve-credentials"]
            yield SmallDisk(tuple(prefix), Path(f"/proc/{holder.pid}/root{folder}"))
        finally:
            holder.stdin.close()
            holder.wait(LONGEST_SECONDS)
