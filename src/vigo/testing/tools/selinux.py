"""SELinux of a fake host: the contexts of its files, and what the kernel shows of it."""

from collections.abc import Mapping
from typing import ClassVar

from vigo.catalog.ops import Op
from vigo.catalog.ops.label import SetLabel
from vigo.testing.fake_host import FakeHost, FakeTool


class FakeSelinux(FakeTool):
    """`labels` are the contexts of paths. That SELinux runs is told by `/sys/fs/selinux/enforce` among the files."""

    name: ClassVar[str] = "selinux"
    ops: ClassVar[tuple[type[Op], ...]] = (SetLabel,)

    def __init__(self, labels: Mapping[str, str] = {}) -> None:
        self._labels = dict(labels)

    def label(self, path: str) -> str | None:
        """Return the context of a path."""
        return self._labels.get(path)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Label what is at a path."""
        if not isinstance(op, SetLabel) or host.stat(op.path) is None:
            raise LookupError(f"the fake host has nothing to label at {op.paths()}")
        self._labels[op.path] = op.label
