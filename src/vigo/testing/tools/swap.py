"""Swap areas of a fake host: what is in use shows in its /proc/swaps, what is one by its content."""

from collections.abc import Sequence
from typing import ClassVar

from vigo.catalog.api import CommandResult
from vigo.catalog.ops import Op, Run, SetMode
from vigo.catalog.ops.swap import MakeSwapFile
from vigo.testing.fake_host import FakeHost, FakeTool

TABLE = "/proc/swaps"
AREA = "SWAPSPACE2"
_HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


class FakeSwap(FakeTool):
    """Partitions that are swap areas are named; a file is one whose content begins with the kernel's signature."""

    name: ClassVar[str] = "swap"
    programs = frozenset({"blkid", "mkswap", "swapon", "swapoff"})
    ops: ClassVar[tuple[type[Op], ...]] = (MakeSwapFile,)

    def __init__(self, partitions: Sequence[str] = ()) -> None:
        self._partitions = set(partitions)

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Tell what is on a device or in a file."""
        path = argv[-1]
        stat = host.stat(path)
        content = (host.read_bytes(path) or b"").decode() if stat is not None and stat.kind == "file" else ""
        if path in self._partitions or content.startswith(AREA):
            return CommandResult(0, f'{path}: UUID="6e2b" VERSION="1" TYPE="swap" USAGE="other"\n')
        if content.startswith("SQLite"):
            return CommandResult(0, f'{path}: TYPE="sqlite"\n')
        return CommandResult(2)

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Make an area, or switch one on or off."""
        program, path = op.argv[0], op.argv[-1]
        if program == "mkswap":
            self._partitions.add(path)
            return CommandResult(0)
        lines = [line for line in (host.read_text(TABLE) or _HEADER).splitlines() if line.split()[0] != path]
        if program == "swapon":
            priority = op.argv[op.argv.index("-p") + 1] if "-p" in op.argv else "-2"
            lines.append(f"{path} file 1020 0 {priority}")
        host.tree.replace(TABLE, "".join(f"{line}\n" for line in lines))
        return CommandResult(0)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Put a swap file in its place; what was in use there is no more."""
        if isinstance(op, MakeSwapFile):
            self.run(Run(argv=("swapoff", "--", op.path)), host)
            host.tree.replace(op.path, AREA.ljust(op.size_bytes, "\0"))
            host.tree.apply(SetMode(path=op.path, mode=0o600), lambda _: True)
