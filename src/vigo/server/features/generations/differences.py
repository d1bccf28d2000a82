"""How the stacks differ from what is live, by each file's digest."""

from collections.abc import Mapping
from pathlib import Path

from vigo.core.errors import InvalidError, TooLargeError, UnavailableError
from vigo.core.ids import Digest
from vigo.server.features.generations.models import StacksDifference
from vigo.server.features.generations.snapshot import LiveFolder


def stacks_difference(stacks: Path, folder: LiveFolder, live: Mapping[str, Digest]) -> StacksDifference:
    """Return what publishing the stacks would add, change and remove. Stacks that cannot be read are told, not raised.

    It reads every file, so it belongs into a thread.
    """
    try:
        found = folder.fingerprint(stacks)
    except (InvalidError, TooLargeError, UnavailableError) as error:
        return StacksDifference(problem=str(error))
    return StacksDifference(
        added=tuple(sorted(found.keys() - live.keys())),
        changed=tuple(sorted(path for path in found.keys() & live.keys() if found[path] != live[path])),
        removed=tuple(sorted(live.keys() - found.keys())),
    )
