"""The kind `git`."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.accounts import parse_passwd
from vigo.catalog.formats.git_names import (
    DEFAULT_BRANCH,
    check_repository,
    check_revision,
    is_commit,
    is_unproven,
    without_credentials,
)
from vigo.catalog.formats.names import SYSTEM_DIRECTORIES, check_account, check_path, shown
from vigo.catalog.ops import Op
from vigo.catalog.ops.git_checkout import (
    AskRemote,
    CheckOutRevision,
    CloneRepository,
    RemoveCheckout,
    name_of_removal,
)
from vigo.catalog.protected import is_protected
from vigo.catalog.resources.files.attributes import require_parent
from vigo.catalog.resources.files.git_place import Checkout, read_checkout, user_for
from vigo.core.errors import BlockedError, InvalidError, VigoError

Depth = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class GitSpec(Spec, frozen=True, kw_only=True):
    """A checkout of a git repository at a branch, a tag or a commit."""

    path: Annotated[str, field("The folder of the checkout.", example="/srv/shop", is_path=True)]
    repo: Annotated[
        str,
        field(
            "Address of the repository, without a password: https://, ssh://, USER@HOST:PATH, file:// or a path.",
            example="https://git.example.com/shop.git",
        ),
    ]
    revision: Annotated[
        str,
        field(
            "Branch, tag or whole commit id; HEAD is the remote's default branch. A branch is followed: one run asks"
            " where it is, the next checks that out.",
            example="v1.4",
        ),
    ] = DEFAULT_BRANCH
    depth: Annotated[
        Depth | None, field("How many commits of the history a new clone has; all where left out.", example=1)
    ] = None
    user: Annotated[
        str | None,
        field("User that git runs as, to whom a new clone belongs; else who owns the folder.", example="deploy"),
    ] = None
    force: Annotated[
        bool,
        field("Give up local changes and commits that no remote has, where they are in the way of a new revision."),
    ] = False
    state: Annotated[Literal["present", "absent"], field("Whether the checkout shall be there.")] = "present"


class GitState(msgspec.Struct, frozen=True, kw_only=True):
    """What is at the path, and what keeps git from working there.

    `is_free` says that nothing is there, or an empty folder; `is_half_removed` that a removal did not end.
    """

    stat: FileStat | None
    is_free: bool
    checkout: Checkout | None = None
    user: str | None = None
    obstacle: VigoError | None = None
    is_half_removed: bool = False
    home_of: str | None = None


class Git(Resource[GitSpec, GitState]):
    """It is as declared where the commit that is checked out is the one that `revision` is at, and `origin` is `repo`.

    Changed and other files in the checkout are no drift. A whole commit id, or a tag, that is checked out needs no
    network. A branch is asked for in each run that comes over five minutes after the last time; what is new there is
    checked out by the next run. A tag that the remote moved is not noticed. Files with local changes, and commits that
    no branch of the remote has, are never given up without `force`; a folder that is no clone is not replaced or
    removed with it either. Without `user` git runs as the first owner on the way to the folder who is not root.
    Hooks are not run, submodules are left out, and nobody is asked for a password: ssh takes a key of the user's, with
    the server known, https a credential helper of the user's. Plain http and git:// need a whole commit id.
    It takes git 2.18 or newer.
    """

    kind, since, spec = "git", "0.1", GitSpec

    def validate(self, spec: GitSpec) -> None:
        """Accept a folder of its own, an address without secrets, and a revision that can be one."""
        check_path("path", spec.path)
        if spec.path in SYSTEM_DIRECTORIES:
            raise InvalidError(
                f"path: expected a folder for the checkout, found the system directory {spec.path}; name one in it"
            )
        if is_protected(spec.path):
            raise InvalidError(f"path: refused: {spec.path} is Vigo's own; choose another path")
        if ".git" in spec.path.split("/"):
            raise InvalidError(f"path: expected the folder that .git is in, found {shown(spec.path)}; name that")
        check_repository("repo", spec.repo)
        check_revision("revision", spec.revision)
        if spec.user is not None:
            check_account("user", spec.user)
        if is_unproven(spec.repo) and not is_commit(spec.revision):
            raise InvalidError(
                "repo: expected https:// or ssh://, found a protocol by which anybody on the way can change what is"
                " checked out; use one of those, or give a whole commit id as revision"
            )

    def observe(self, spec: GitSpec, host: ReadHost) -> GitState:
        """Return what is at the path; neither git nor the remote is asked."""
        stat = host.stat(spec.path)
        is_directory = stat is not None and stat.kind == "directory"
        if stat is None and spec.state == "present":
            require_parent(host, spec.path)
        is_free = stat is None or (is_directory and host.list_directory(spec.path) == ())
        revision = spec.revision if spec.state == "present" else DEFAULT_BRANCH
        checkout = read_checkout(host, spec.path, revision) if is_directory else None
        homes = parse_passwd(host.read_text("/etc/passwd") or "")
        state = GitState(
            stat=stat,
            is_free=is_free,
            checkout=checkout,
            is_half_removed=stat is None and host.stat(name_of_removal(spec.path)) is not None,
            home_of=next((name for name, entry in homes.items() if entry.home.rstrip("/") == spec.path), None),
        )
        try:
            _require_git(host)
            return msgspec.structs.replace(state, user=user_for(host, spec.path, spec.user))
        except (BlockedError, InvalidError) as error:
            return msgspec.structs.replace(state, obstacle=error)

    def plan(self, spec: GitSpec, state: GitState) -> Iterator[Op]:
        """Yield the clone, the change of revision, the question to the remote, or the removal."""
        for op in _removal(spec, state) if spec.state == "absent" else _work(spec, state):
            if state.obstacle is not None:
                raise state.obstacle
            yield op

    def owns(self, spec: GitSpec) -> tuple[str, ...]:
        """Return the checkout; the folder itself may be a directory resource's."""
        return (f"git:{spec.path}",)

    def watches(self, spec: GitSpec) -> tuple[str, ...]:
        """Return what git changes when another commit is checked out, and where the address of the remote stands."""
        return tuple(f"{spec.path}/.git/{name}" for name in ("HEAD", "logs/HEAD", "config"))


def _work(spec: GitSpec, state: GitState) -> Iterator[Op]:
    if state.is_free:
        yield CloneRepository(
            path=spec.path, repo=spec.repo, revision=spec.revision, depth=spec.depth, user=state.user
        )  # fmt: skip
        return
    checkout = state.checkout
    if checkout is None:
        is_folder = state.stat is not None and state.stat.kind == "directory"
        found = "files that are no clone" if is_folder else "something else"
        raise InvalidError(
            f"path: expected nothing, an empty folder or a clone at {spec.path}, found {found}; it is not replaced,"
            " with force neither: move it away, or choose another path"
        )
    is_at_home = checkout.address == spec.repo
    is_there = checkout.head is not None and checkout.head == checkout.known
    if not (is_at_home and is_there):
        fields = (("repo", is_at_home), ("revision", is_there))
        # What is known may be another remote's, or be over: then there is no reason not to ask at once.
        is_known = is_commit(spec.revision) or (is_at_home and not checkout.is_old)
        yield CheckOutRevision(
            path=spec.path,
            repo=spec.repo,
            revision=spec.revision,
            commit=checkout.known if is_known else None,
            depth=spec.depth,
            force=spec.force,
            user=state.user,
            changes=tuple(name for name, is_so in fields if not is_so),
        )
    elif checkout.is_old:
        yield AskRemote(path=spec.path, repo=spec.repo, revision=spec.revision, depth=spec.depth, user=state.user)


def _removal(spec: GitSpec, state: GitState) -> Iterator[Op]:
    if state.stat is not None:
        _require_own(spec, state)
    if state.stat is not None or state.is_half_removed:
        yield RemoveCheckout(path=spec.path, force=spec.force, user=state.user)


def _require_own(spec: GitSpec, state: GitState) -> None:
    """Accept a checkout that is the declared repository's, and nothing more than that.

    Raises:
        InvalidError: it is something else.
    """
    found = ""
    if state.checkout is None:
        found = "something else"
    elif state.home_of is not None:
        found = f"the home of user {state.home_of}"
    elif state.checkout.address != spec.repo:
        address = state.checkout.address
        found = "one of no remote" if address is None else f"one of {shown(without_credentials(address))}"
    if found:
        raise InvalidError(
            f"path: expected a clone of {spec.repo} at {spec.path} to remove, found {found}; nothing was removed:"
            " correct repo or path, or remove it by hand"
        )


def _require_git(host: ReadHost) -> None:
    """Accept a host on which git can be run.

    Raises:
        BlockedError: it cannot.
    """
    if host.is_image():
        raise BlockedError(
            "git is not run in an image (--root): it would go by the running machine's users and keys; it is due once"
            " the image has been started"
        )
    if not host.has_program("git"):
        raise BlockedError(
            "expected the program git, found none; add a package resource for git and put it in depends_on"
        )
