"""How the stacks differ from the live generation, as people read it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vigo.cli.client.answers import StacksDifference

# Enough to see what it is about; `--json` has every path.
_SHOWN: Final = 20


def difference_in_short(stacks: "StacksDifference") -> str:
    """Return how many files differ, or that none does."""
    parts = {"added": stacks.added, "changed": stacks.changed, "removed": stacks.removed}
    return ", ".join(f"{len(paths)} {word}" for word, paths in parts.items() if paths) or "none differs"


def difference_lines(stacks: "StacksDifference") -> Iterator[str]:
    """Yield a line for each file that differs: `+` was added, `~` changed, `-` removed."""
    marks = {"+": stacks.added, "~": stacks.changed, "-": stacks.removed}
    lines = [f"{mark} {path}" for mark, paths in marks.items() for path in paths]
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"and {len(lines) - _SHOWN} more; --json has them all"
