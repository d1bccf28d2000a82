"""Repairs on the machine that the agent runs on."""

from collections.abc import Callable

from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.watching.fights import Fights
from vigo.agent.watching.inotify_folders import InotifyFolders
from vigo.agent.watching.repairs import MakeRepairs, Repairer, Repairs, Turn, Work
from vigo.agent.watching.writers import Writers
from vigo.core.clock import Clock


def local_repairs(folder: IdentityFolder, clock: Clock) -> MakeRepairs:
    """Return what makes the repairs of the machine that an identity is for, or of its `--root`."""

    async def name_writer(path: str) -> str:
        return await Writers(folder.load().root).name(path)

    def make(repairer: Repairer, turn: Turn, work: Work, check_all: Callable[[], None]) -> Repairs:
        return Repairs(
            repairer,
            lambda: InotifyFolders(folder.load().root),
            clock,
            turn,
            work,
            check_all,
            Fights(name_writer),
        )

    return make
