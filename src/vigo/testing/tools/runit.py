"""runit of a fake host: what is linked in its folder is taken up at once and runs unless a file `down` is there."""

from typing import ClassVar

from vigo.catalog.api import CommandResult
from vigo.catalog.ops import Op, Run
from vigo.catalog.ops.await_supervision import AwaitSupervision
from vigo.testing.fake_host import FakeHost, FakeTool


class FakeRunit(FakeTool):
    """What runs shows in each service's `supervise/stat`, which is made when the service is taken up."""

    name: ClassVar[str] = "runit"
    programs = frozenset({"sv"})
    ops: ClassVar[tuple[type[Op], ...]] = (AwaitSupervision,)

    def query(self, argv: tuple[str, ...], host: FakeHost) -> CommandResult | None:  # type: ignore[override]
        """Tell of one service, as sv does on its standard output."""
        entry = argv[-1]
        stat = host.read_text(_stat(entry, host))
        if stat is None:
            return CommandResult(1, f"warning: {entry}: unable to open supervise/ok: file does not exist\n")
        if stat.startswith("fault"):
            return CommandResult(1, f"fail: {entry}: unable to open supervise/ok: access denied\n")
        return CommandResult(0, f"{stat.strip()}: {entry}: (pid 7) 3s; run: log: (pid 8) 3s\n")

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Start or stop one service that was taken up."""
        verb, entry = op.argv[1], op.argv[-1]
        stat = _stat(entry, host)
        if host.read_text(stat) is None:
            return CommandResult(1, f"fail: {entry}: runsv not running\n")
        host.tree.replace(stat, "down\n" if verb == "stop" else "run\n")
        return CommandResult(0)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Take a service up."""
        if isinstance(op, AwaitSupervision):
            folder = host.read_link(op.entry) or op.entry
            is_down = host.stat(f"{folder}/down") is not None
            host.tree.replace(_stat(op.entry, host), "down\n" if is_down else "run\n")


def _stat(entry: str, host: FakeHost) -> str:
    return f"{host.read_link(entry) or entry}/supervise/stat"
