"""Waiting until runit has taken up a service."""

from vigo.catalog.ops.base import Op


class AwaitSupervision(Op, frozen=True, kw_only=True):
    """Wait until runsvdir(8) has found an entry of its folder, which it looks through every five seconds."""

    only_checks = True

    entry: str
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `wait for runit to take up ENTRY`."""
        return f"wait for runit to take up {self.entry}"
