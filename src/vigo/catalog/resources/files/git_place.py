"""A checkout as its files show it, and as whom git may work on it.

git itself is not asked: it would obey what a repository's owner wrote into `.git/config`.
"""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.formats.git_files import origin_address, parse_packed_refs, parse_pointer, was_fetched
from vigo.catalog.formats.git_names import BRANCHES, DEFAULT_BRANCH, TAGS, is_commit
from vigo.catalog.host_clock import host_time
from vigo.catalog.paths import real_path
from vigo.catalog.resources.accounts.lookup import user_entry, user_of_uid
from vigo.core.errors import BlockedError, InvalidError

TRACKED = "refs/remotes/origin/"
_FRESH_NS = 5 * 60 * 1_000_000_000
"""For how long what the remote said is gone by."""

_OTHERS_WRITE, _GROUP_WRITES, _STICKY = 0o002, 0o020, 0o1000


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """What is checked out and where from; `known` is the commit that the revision is at, as far as was fetched.

    `is_old` says that it was known of a branch, which moves, and not told by a fetch of the last five minutes.
    """

    head: str | None
    address: str | None
    known: str | None
    is_old: bool


def read_checkout(host: ReadHost, path: str, revision: str) -> Checkout | None:
    """Return the checkout in a folder, or None where the folder has no `.git`.

    Raises:
        BlockedError: its refs are not in files.
        InvalidError: it belongs to another repository, or the revision means two things.
        UnavailableError: something is there and cannot be read.
    """
    git = f"{path}/.git"
    stat = host.stat(git)
    if stat is None:
        return None
    if stat.kind != "directory":
        raise InvalidError(
            f"path: expected a repository of its own in {path}, found that .git is a {stat.kind}: a submodule, or"
            " another working tree of some repository; choose another path"
        )
    if host.stat(f"{git}/reftable") is not None:
        raise BlockedError(
            f"path: expected the refs of {path} in files, found them in the format reftable; run `git -C {path} refs"
            " migrate --ref-format=files`"
        )
    refs = _Refs(host, git)
    head = refs.commit("HEAD")
    branch = None if is_commit(revision) else refs.branch(revision)
    tag = None if is_commit(revision) else refs.tag(revision, head)
    if branch is not None and (tag is not None or host.stat(f"{git}/{TAGS}{revision}") is not None):
        raise two_things(revision)
    return Checkout(
        head=head,
        address=origin_address(host.read_text(f"{git}/config")),
        known=revision.lower() if is_commit(revision) else branch or tag,
        is_old=branch is not None and _is_old(host, git, branch),
    )


class _Refs:
    """The refs of a repository, one that was changed last before the packed ones."""

    def __init__(self, host: ReadHost, git: str) -> None:
        self._host, self._git = host, git
        self._packed = parse_packed_refs(host.read_text(f"{git}/packed-refs"))

    def commit(self, name: str, depth: int = 5) -> str | None:
        """Return what a ref is at, other refs followed."""
        pointer = parse_pointer(self._host.read_text(f"{self._git}/{name}"))
        if pointer.ref is not None:
            return self.commit(pointer.ref, depth - 1) if depth else None
        return pointer.id or self._packed.get(name)

    def branch(self, revision: str) -> str | None:
        """Return the commit that a branch, or the branch that the remote's `HEAD` is, was last seen at."""
        if revision.startswith(TAGS):
            return None
        if revision == DEFAULT_BRANCH:
            named = parse_pointer(self._host.read_text(f"{self._git}/{TRACKED}HEAD")).ref or ""
            return self.commit(named) if named.startswith(TRACKED) else None
        return self.commit(TRACKED + revision.removeprefix(BRANCHES))

    def tag(self, revision: str, head: str | None) -> str | None:
        """Return a tag's commit, where it is known: a file of its own may have the id of the tag object instead."""
        if revision == DEFAULT_BRANCH or revision.startswith(BRANCHES):
            return None
        name = TAGS + revision.removeprefix(TAGS)
        loose = parse_pointer(self._host.read_text(f"{self._git}/{name}")).id
        if loose is None:
            return self._packed.get(name)
        return loose if loose == head else None


def two_things(revision: str) -> InvalidError:
    """Return what is said of a name that is a branch's and a tag's."""
    return InvalidError(
        f"revision: expected the name of one thing, found a branch and a tag called {revision}; write"
        f" {BRANCHES}{revision} or {TAGS}{revision}"
    )


def _is_old(host: ReadHost, git: str, branch: str) -> bool:
    """Return whether the last fetch was long ago, or one of other branches. In an image nobody could ask anew."""
    if host.is_image():
        return False
    fetched = host.stat(f"{git}/FETCH_HEAD")
    if fetched is None or not was_fetched(host.read_text(f"{git}/FETCH_HEAD"), branch):
        return True
    now = host_time(host)
    # One that seems to be yet to come is old too: the clock was wrong once.
    return now is not None and abs(now.timestamp() * 1e9 - fetched.mtime_ns) > _FRESH_NS


def user_for(host: ReadHost, path: str, declared: str | None) -> str | None:
    """Return as whom git works on a checkout: who is declared, else who decides on the path; None for the agent's own.

    Raises:
        BlockedError: there is no such user, or others than root may change what git would obey as root.
        InvalidError: the declared user is another one than decides on the path.
    """
    if declared is not None and user_entry(host, declared) is None:
        raise BlockedError(
            f"user: user {declared} does not exist yet; add a user resource for it and put it in depends_on"
        )
    keeper = _keeper(host, path)
    as_root = declared in (None, "root")
    if keeper is not None:
        if declared not in (None, keeper):
            raise InvalidError(
                f"user: expected {keeper}, who decides on what is at {path}, found {declared}: git would obey what"
                f" {keeper} puts there; correct user, or give the folders on the way to root or {declared}"
            )
        return keeper
    if not as_root:
        if host.stat(f"{path}/.git") is not None:
            raise InvalidError(
                f"user: expected the checkout {path} to belong to {declared}, found it root's; run `chown -R {declared}"
                f" {path}`, or leave user out"
            )
        return declared
    for place, stat in _on_the_way(host, path):
        is_below = place == path or place.startswith(f"{path}/")
        is_open = stat.mode & _OTHERS_WRITE and not stat.mode & _STICKY
        if stat.kind != "symlink" and (is_open or (is_below and stat.mode & _GROUP_WRITES)):
            raise BlockedError(
                f"path: expected that only root may change {place}, where git would work as root, found mode"
                f" {stat.mode:04o}; run `chmod go-w {place}`, or give the checkout to a user and declare that as user"
            )
    return None


def _keeper(host: ReadHost, path: str) -> str | None:
    """Return the first owner on the way to a checkout, or of what git obeys in it, who is not root.

    Raises:
        BlockedError: that user has no name.
    """
    for place, stat in _on_the_way(host, path):
        if stat.uid != 0:
            return user_of_uid(host, stat.uid, "path", place)
    return None


def _on_the_way(host: ReadHost, path: str) -> Iterator[tuple[str, FileStat]]:
    """Yield what is on the way to a checkout, as written and as it is behind symlinks, and its settings."""
    seen: set[str] = set()
    for way in (path, real_path(host, path)):
        parts = way.split("/")[1:]
        places = ["/", *("/" + "/".join(parts[: length + 1]) for length in range(len(parts)))]
        for place in (*places, *(f"{way}/.git{name}" for name in ("", "/config", "/info", "/info/attributes"))):
            if place in seen:
                continue
            seen.add(place)
            stat = host.stat(place)
            if stat is not None:
                yield place, stat
