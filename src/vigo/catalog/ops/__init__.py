"""Operations: everything that Vigo can do to a host, as data.

Only the agent's executors carry them out. A dry run, the record and the real run are this one list. `changes` names the
fields of the resource that an operation brings into their declared state.

An operation `TakeSnapshot` is carried out by the function `take_snapshot` in `vigo/agent/host/take_snapshot.py`; there
is no list of them to edit.
"""

from vigo.catalog.ops.base import Op
from vigo.catalog.ops.files import (
    MakeDirectory,
    MakeHardLink,
    MakeSymlink,
    RemoveDirectory,
    RemoveFile,
    SetMode,
    SetOwner,
    WriteFile,
    WriteKernelFile,
)
from vigo.catalog.ops.programs import Run

__all__ = [
    "MakeDirectory",
    "MakeHardLink",
    "MakeSymlink",
    "Op",
    "RemoveDirectory",
    "RemoveFile",
    "Run",
    "SetMode",
    "SetOwner",
    "WriteFile",
    "WriteKernelFile",
]
