"""The name of a fake host's kernel."""

from typing import ClassVar

from vigo.catalog.ops import Op
from vigo.catalog.ops.hostname import SetHostname
from vigo.testing.fake_host import FakeHost, FakeTool


class FakeHostname(FakeTool):
    """Takes any name."""

    name: ClassVar[str] = "hostname"
    ops: ClassVar[tuple[type[Op], ...]] = (SetHostname,)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Let the kernel tell the new name."""
        if isinstance(op, SetHostname):
            host.tree.replace("/proc/sys/kernel/hostname", f"{op.hostname}\n")
