"""Operations on swap areas."""

from vigo.catalog.ops.base import Op


class MakeSwapFile(Op, frozen=True, kw_only=True):
    """Put a swap file at a path at once: all of it allocated, mode 0600 from the first byte, then renamed.

    With `replaces` a swap area is there, which it takes the place of; anything else is never replaced. With `is_on`
    that area is in use and is switched off once the new one is complete.
    """

    path: str
    size_bytes: int
    replaces: bool = False
    is_on: bool = False
    changes: tuple[str, ...] = ("state", "size")

    def summary(self) -> str:
        """Return `make swap file PATH (SIZE bytes)`."""
        return f"make swap file {self.path} ({self.size_bytes} bytes)"

    def paths(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)

    def takes_away(self) -> bool:
        """Return whether an area that was there goes."""
        return self.replaces
