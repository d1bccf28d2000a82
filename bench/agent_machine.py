"""A Debian of its own to measure the agent on: a file system over a cached one, in a mount namespace, without an init.

Nothing of this machine is changed, and the agent runs as on any host: real package database, real accounts.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gates.tree import ROOT
from tests.host.debian_root import cached_root, what_is_missing

_SET_UP = """
set -e
mount -t tmpfs bench "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
shift 1
scratch=$1; shift
for place in "$@"; do mkdir -p "$scratch/root$place"; mount --rbind "$place" "$scratch/root$place"; done
echo ready
exec sleep infinity
"""


class BenchMachine:
    """Runs programs on the machine. `prefix` is what stands before each of them."""

    def __init__(self, pid: int, root: Path) -> None:
        self.prefix = ("nsenter", f"--mount=/proc/{pid}/ns/mnt", f"--root=/proc/{pid}/root{root}", "--wdns=/", "--")

    def tell(self, *argv: str) -> str:
        """Return what a program printed there."""
        return subprocess.run([*self.prefix, *argv], capture_output=True, text=True, check=True).stdout


@contextmanager
def bench_machine(scratch: Path) -> Iterator[BenchMachine]:
    """Give a machine that ends with the block. `scratch` is seen there under the same path.

    Raises:
        SystemExit: this machine cannot have one, with the reason.
    """
    if reason := what_is_missing():
        raise SystemExit(f"bench: no machine to measure on: {reason}")
    place = scratch / "machine"
    shared = scratch / "shared"
    for folder in (place, shared):
        folder.mkdir(parents=True)
    seen = sorted({ROOT, Path(sys.prefix), Path(sys.base_prefix), shared} - {Path("/usr")})
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation=private", "--", "sh", "-c", _SET_UP, "sh", cached_root(), place, *seen],  # noqa: S607 - where it is differs
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != "ready\n":
            raise SystemExit("bench: the machine to measure on could not be set up; see the message above")
        yield BenchMachine(holder.pid, place / "root")
    finally:
        holder.kill()
        holder.wait()
