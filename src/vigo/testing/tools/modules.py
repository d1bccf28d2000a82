"""modprobe(8) of a fake host: what it loads shows in its /proc/modules."""

from typing import ClassVar

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.kernel_modules import module_name
from vigo.catalog.ops import Run
from vigo.testing.fake_host import FakeHost, FakeTool

TABLE = "/proc/modules"


class FakeModules(FakeTool):
    """Loads any module, and takes it out again."""

    name: ClassVar[str] = "modules"
    programs = frozenset({"modprobe"})

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Load or unload one module."""
        name = module_name(op.argv[-1])
        lines = [line for line in (host.read_text(TABLE) or "").splitlines() if line.split(" ")[0] != name]
        if "-r" not in op.argv:
            lines.append(f"{name} 16384 0 - Live 0x0000000000000000")
        host.tree.replace(TABLE, "".join(f"{line}\n" for line in lines))
        return CommandResult(0)
