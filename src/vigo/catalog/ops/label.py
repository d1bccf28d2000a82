"""The operation on the label of a file. Source: selinux(8), xattr(7)."""

from vigo.catalog.ops.base import Op


class SetLabel(Op, frozen=True, kw_only=True):
    """Set the SELinux context of a file or directory; a symlink is refused."""

    path: str
    label: str
    changes: tuple[str, ...] = ("secontext",)

    def summary(self) -> str:
        """Return `label PATH CONTEXT`."""
        return f"label {self.path} {self.label}"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)
