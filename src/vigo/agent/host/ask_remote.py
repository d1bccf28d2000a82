"""The executor of `AskRemote`."""

from vigo.agent.host.git_checkout import depth_of_fetch, fetch
from vigo.agent.host.git_folder import git_in
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.git_checkout import AskRemote


def ask_remote(op: AskRemote, host: RealHost) -> None:
    """Fetch the revision into `.git`; git notes there when that was.

    Raises:
        BlockedError: there is no git or no such user, or the remote cannot be reached or lets nobody in.
        InvalidError: the remote has no such revision.
        TimedOutError: it took too long.
        UnavailableError: there is no checkout, or git failed for another reason.
    """
    with git_in(op, host) as git:
        fetch(git, op.repo, op.revision, depth_of_fetch(git, op.depth))
