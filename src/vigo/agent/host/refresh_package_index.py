"""The executor of `RefreshPackageIndex`."""

from vigo.agent.host.make_directory import make_directory
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run_package_tool import run_package_tool
from vigo.agent.host.write_file import write_file
from vigo.catalog.ops import MakeDirectory, WriteFile
from vigo.catalog.ops.package_tool import RefreshPackageIndex


def refresh_package_index(op: RefreshPackageIndex, host: RealHost) -> None:
    """Have the tool fetch its index, and write the stamp anew: its time is when.

    Raises:
        BlockedError: as for `RunPackageTool`.
        OSError: the stamp cannot be written.
        TimedOutError: it did not end in time.
        UnavailableError: the tool cannot be run, or failed.
    """
    run_package_tool(op, host)
    folder = op.stamp.rpartition("/")[0]
    if host.stat(folder) is None:
        make_directory(MakeDirectory(path=folder), host)
    write_file(WriteFile(path=op.stamp, content=b"", mode=0o644), host)
