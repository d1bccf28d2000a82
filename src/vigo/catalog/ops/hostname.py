"""Operations on the machine's own name."""

from vigo.catalog.ops.base import Op


class SetHostname(Op, frozen=True, kw_only=True):
    """Give the running kernel its name, as sethostname(2) does: /proc/sys may be read-only where that is allowed."""

    hostname: str
    changes: tuple[str, ...] = ("hostname",)

    def summary(self) -> str:
        """Return `set hostname NAME`."""
        return f"set hostname {self.hostname}"
