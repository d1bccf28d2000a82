"""What a process does first that works with the agent's keys."""

import logging
import os
from pathlib import Path

from vigo.agent.identity.self_check import program_problems, secured

_log = logging.getLogger(__name__)


def keep_private(state_dir: Path) -> None:
    """Make nothing from now on that others may read, and look at the agent's own files.

    Programs that it starts get the usual mask back: what they make is theirs to protect.

    Raises:
        UnavailableError: something in the state folder is another user's.
    """
    os.umask(0o077)
    for problem in (*secured(state_dir), *program_problems()):
        _log.warning("own files problem=%s", problem)
