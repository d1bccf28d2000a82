"""What every operation is."""

from typing import ClassVar

import msgspec

NOT_TOLD = "what it printed is not told, since it is made of a secret; run it by hand"
"""What stands in the place of what a program printed."""


class Op(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One change. Subclasses are closed data; `summary` is one line for people, without content."""

    only_checks: ClassVar[bool] = False
    """Whether it looks at something that only a real run may ask, and changes nothing: its success is no change."""

    changes: tuple[str, ...] = ()
    conceals: bool = False
    """Whether it is made of a secret, so that nothing may be told of what a program prints about it."""

    def summary(self) -> str:
        """Return what this does in a few words (`write /etc/motd`)."""
        raise TypeError(f"{type(self).__name__} has no summary")

    def paths(self) -> tuple[str, ...]:
        """Return the paths on the host that it writes, changes, removes or gives another name."""
        return ()

    def takes_away(self) -> bool:
        """Return whether it takes away what is at its path, which matters above a protected folder."""
        return False

    def described(self) -> str:
        """Return what it changes as text for people, where it knows that by itself; empty for most."""
        return ""
