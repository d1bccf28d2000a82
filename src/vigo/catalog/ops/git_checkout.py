"""The operations that bring a checkout of a git repository to a revision, and take it away."""

import hashlib
from datetime import timedelta

from vigo.catalog.formats.git_names import host_of_repository
from vigo.catalog.ops.base import Op

LONGEST_TRANSFER = timedelta(minutes=30)
LONGEST_QUESTION = timedelta(minutes=10)
_SHORT = 12


class CloneRepository(Op, frozen=True, kw_only=True):
    """Bring a repository, at a revision, to `path`, where nothing is or an empty folder.

    It appears there as a whole. `depth` is how many commits of its history are fetched, None for all. git runs as
    `user`, to whom the checkout then belongs; None is the agent's own.
    """

    path: str
    repo: str
    revision: str
    depth: int | None = None
    user: str | None = None
    timeout: timedelta = LONGEST_TRANSFER
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `clone REPO at REVISION into PATH`."""
        return f"clone {self.repo} at {self.revision} into {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the folder."""
        return (self.path,)


class CheckOutRevision(Op, frozen=True, kw_only=True):
    """Bring a checkout to a revision, and its remote `origin` to `repo`.

    `commit` is where the revision is known to be; with None the remote is asked. Local changes and commits that are
    nowhere else are kept, by failing, unless `force` says otherwise.
    """

    path: str
    repo: str
    revision: str
    commit: str | None = None
    depth: int | None = None
    force: bool = False
    user: str | None = None
    timeout: timedelta = LONGEST_TRANSFER
    changes: tuple[str, ...] = ("revision",)

    def summary(self) -> str:
        """Return `check out REVISION in PATH`, with the commit where it is known."""
        commit = "" if self.commit in (None, self.revision) else f" ({(self.commit or '')[:_SHORT]})"
        return f"check out {self.revision}{commit} in {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the folder."""
        return (self.path,)


class AskRemote(Op, frozen=True, kw_only=True):
    """Fetch what a revision is at in the remote into the checkout's `.git`; the files in it stay as they are.

    The next look at the resource goes by what was fetched, so its success is no change of the resource.
    """

    only_checks = True

    path: str
    repo: str
    revision: str
    depth: int | None = None
    user: str | None = None
    timeout: timedelta = LONGEST_QUESTION

    def summary(self) -> str:
        """Return `ask HOST where REVISION of PATH is`."""
        return f"ask {host_of_repository(self.repo)} where {self.revision} of {self.path} is"

    def paths(self) -> tuple[str, ...]:
        """Return the folder."""
        return (self.path,)


class RemoveCheckout(Op, frozen=True, kw_only=True):
    """Remove a checkout with all that is in it, if nothing in it would be lost, or with `force`."""

    path: str
    force: bool = False
    user: str | None = None
    timeout: timedelta = LONGEST_QUESTION
    changes: tuple[str, ...] = ("state",)

    def summary(self) -> str:
        """Return `remove the checkout PATH`."""
        return f"remove the checkout {self.path}"

    def paths(self) -> tuple[str, ...]:
        """Return the folder."""
        return (self.path,)

    def takes_away(self) -> bool:
        """Return that all beneath the folder goes."""
        return True


def name_of_removal(path: str) -> str:
    """Return the path beside a checkout under which it is while it is being removed, so that a kill leaves a trace."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.vigo-gone-{hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:12]}"
