"""The executor of `CheckOutRevision`."""

from vigo.agent.host.git_checkout import depth_of_fetch, fetch, known, leave_former, point, switch
from vigo.agent.host.git_folder import git_in
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.git_checkout import CheckOutRevision


def check_out_revision(op: CheckOutRevision, host: RealHost) -> None:
    """Fetch the revision unless its commit is here, and check it out if nothing is lost by that.

    Raises:
        BlockedError: there is no git or no such user, or the remote cannot be reached or lets nobody in.
        InvalidError: there are local changes or commits, or the remote has no such revision.
        TimedOutError: it took too long.
        UnavailableError: there is no checkout, or git failed for another reason.
    """
    with git_in(op, host) as git:
        leave_former(git, op.repo)
        target = None if op.commit is None else known(git, op.revision, op.commit)
        if target is None:
            target = fetch(git, op.repo, op.revision, depth_of_fetch(git, op.depth))
        # Not before the remote is known to have it: the next run would take the former one's tags for this one's.
        point(git, op.repo)
        switch(git, target, force=op.force)
