"""What a compilation takes, and how much is too much: stacks may be a mistake or an attack."""

from typing import Final

import msgspec

MOST_FUEL: Final = 300_000_000
"""What the templates of some stacks may take together, in the engine's instructions: some seconds."""

MOST_STAMPED: Final = 100_000
"""What all entries may amount to together, what several have in common counted once."""

MOST_TEXT_BYTES: Final = 128 * 1024 * 1024
"""What the texts in all resources together may take, those that several have in common counted once."""

VARIABLES_LIKE_A_RESOURCE: Final = 5
"""So many variables that a machine needs take about as much memory as a resource, and count as one."""


class TooMuchWorkError(Exception):
    """Stacks that would keep a server busy for good. `hint` says where to look."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Effort(msgspec.Struct):
    """How many resources were made, how much text is in them, and what rendering took."""

    resources: int = 0
    text_bytes: int = 0
    fuel: int = 0

    def copy(self) -> "Effort":
        """Return the same figures, which stay as they are."""
        return Effort(self.resources, self.text_bytes, self.fuel)

    def since(self, former: "Effort") -> "Effort":
        """Return what was done since then."""
        return Effort(self.resources - former.resources, self.text_bytes - former.text_bytes, self.fuel - former.fuel)

    def add(self, other: "Effort") -> None:
        """Count what was done elsewhere too."""
        self.resources += other.resources
        self.text_bytes += other.text_bytes
        self.fuel += other.fuel

    def check(self) -> None:
        """Accept what any fleet may need.

        Raises:
            TooMuchWorkError: it is more.
        """
        if self.resources > MOST_STAMPED:
            message = f"expected at most {MOST_STAMPED:,} resources for all entries together, found more"
            raise TooMuchWorkError(message, "look at loops, and at variables that differ from entry to entry")
        if self.text_bytes > MOST_TEXT_BYTES:
            message = f"expected at most {MOST_TEXT_BYTES >> 20} MiB of text in all resources together, found more"
            raise TooMuchWorkError(
                message, "large files belong into a package, or on a server that machines fetch from"
            )
        if self.fuel > MOST_FUEL:
            message = "expected templates that are quickly rendered, found that all together take too long"
            raise TooMuchWorkError(message, "look at loops inside templates, and at templates inside loops")
