"""Processes of a fake host, as its /proc shows them."""

from vigo.catalog.ops import Op, RemoveDirectory
from vigo.catalog.ops.signal_process import SignalProcess
from vigo.testing.fake_host import FakeHost, FakeTool


class FakeProcesses(FakeTool):
    """Each process ends when it is signalled."""

    name = "processes"
    ops = (SignalProcess,)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Take the process out of /proc."""
        if isinstance(op, SignalProcess):
            host.tree.apply(RemoveDirectory(path=f"/proc/{op.pid}", recursive=True), lambda _argv: True)
