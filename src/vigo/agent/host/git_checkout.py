"""Bringing a checkout to a revision, by git: asking the remote, fetching, looking for what would be lost, switching."""

from typing import NamedTuple

from vigo.agent.host.git_program import GitProgram
from vigo.catalog.formats.git_files import RemoteRefs, parse_remote_refs
from vigo.catalog.formats.git_names import BRANCHES, DEFAULT_BRANCH, TAGS, is_commit, wanted_refs
from vigo.core.errors import InvalidError, UnavailableError

TRACKED = "refs/remotes/origin/"
UPSTREAM = "refs/vigo/upstream"
"""The commit that is known to have come from the remote, whatever became of its branches since."""

BRANCHES_SET = "refs/vigo/branches/"
"""The commits, by local branch, that branches were last set to: those too came from the remote."""

SWITCHING = "refs/vigo/switching"
"""The commit whose files are being written; it stays when that is cut short."""

FORMER = "refs/vigo/former/"
"""What tags of a former remote named."""

_FROM_REMOTE = ("--not", "--remotes", "--tags", "--glob=refs/vigo/*")
_FETCH = ("fetch", "--quiet", "--force", "--no-recurse-submodules")
_NAMES_ALONE = ("--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=all", "--name-only", "-z")
_SHA256_DIGITS = 64
_MOST_NAMED = 10
_MOST_CHARACTERS = 100


class Target(NamedTuple):
    """A commit, and the branch or tag of the remote that names it, None where it is asked for by its id."""

    commit: str
    ref: str | None


def start(git: GitProgram, repo: str, revision: str) -> None:
    """Make an empty repository of the remote's format whose `origin` is `repo`.

    Raises:
        BlockedError, TimedOutError, UnavailableError: as `GitProgram.tell`.
        InvalidError: the remote has no such revision.
    """
    digits = len(revision)
    if not is_commit(revision):
        digits = len(next(iter(_asked(git, repo, revision).ids.values())))
    # Only where it is needed: git before 2.29 does not know the option.
    kind = ("--object-format=sha256",) if digits == _SHA256_DIGITS else ()
    git.tell("init", "--quiet", "--template=", *kind)
    point(git, repo)


def point(git: GitProgram, repo: str) -> None:
    """Have `origin` be the repository.

    Raises:
        BlockedError, TimedOutError, UnavailableError: as `GitProgram.tell`.
    """
    if not _is_origin(git, repo):
        git.tell("config", "--local", "--replace-all", "remote.origin.fetch", f"+{BRANCHES}*:{TRACKED}*")
        git.tell("config", "--local", "--replace-all", "remote.origin.url", repo)


def leave_former(git: GitProgram, repo: str) -> None:
    """Forget what another remote's branches and tags were at, if `origin` is another; their commits are kept.

    Raises:
        BlockedError, TimedOutError, UnavailableError: as `GitProgram.tell`.
    """
    if _is_origin(git, repo):
        return
    note_upstream(git)
    deleted, kept = [], set()
    for row in git.tell("for-each-ref", "--format=%(objectname) %(refname)", TRACKED, TAGS).splitlines():
        id_, _, ref = row.partition(" ")
        deleted.append(f"option no-deref\ndelete {ref}\n")
        if ref.startswith(TAGS):
            kept.add(f"update {FORMER}{id_} {id_}\n")  # by the id: of two names one may be the folder of the other
    git.tell("update-ref", "--stdin", stdin="".join((*sorted(kept), *deleted)))


def _is_origin(git: GitProgram, repo: str) -> bool:
    return git.ending("config", "--local", "--get-all", "remote.origin.url").stdout.text() == f"{repo}\n"


def fetch(git: GitProgram, repo: str, revision: str, depth: int | None) -> Target:
    """Bring a revision's commit here and return where it is.

    Raises:
        BlockedError, TimedOutError, UnavailableError: as `GitProgram.tell`.
        InvalidError: the remote has no such revision, or two.
    """
    note_upstream(git)
    if is_commit(revision):
        return _fetch_commit(git, repo, revision.lower(), depth)
    ref = _named(_asked(git, repo, revision), revision)
    if depth is None:
        _fetch_all(git, repo)
    else:
        _fetch(git, f"--depth={depth}", "--no-tags", "--", repo, f"+{ref}:{_here(ref)}")
    if revision == DEFAULT_BRANCH:
        git.tell("symbolic-ref", f"{TRACKED}HEAD", _here(ref))
    # So that the files say which commit an annotated tag names.
    git.tell("pack-refs")
    commit = commit_of(git, _here(ref))
    if commit is None:
        raise InvalidError(f"revision: expected that {ref} names a commit, found something else; choose another one")
    return Target(commit, ref)


def depth_of_fetch(git: GitProgram, depth: int | None) -> int | None:
    """Return how deep to fetch into a checkout that is there: its whole history, once it has that, is not cut."""
    return depth if git.tell("rev-parse", "--is-shallow-repository").strip() == "true" else None


def known(git: GitProgram, revision: str, commit: str) -> Target | None:
    """Return where a revision is known to be at a commit that is here; None where it has to be fetched first."""
    if commit_of(git, commit) != commit:
        return None
    if is_commit(revision):
        return Target(commit, None)
    named = revision
    if revision == DEFAULT_BRANCH:
        named = git.tell("symbolic-ref", f"{TRACKED}HEAD").strip().replace(TRACKED, BRANCHES, 1)
    for ref in wanted_refs(named):
        if commit_of(git, _here(ref)) == commit:
            return Target(commit, ref)
    return None


def commit_of(git: GitProgram, name: str) -> str | None:
    """Return the commit that a ref or an id names, if that is here."""
    ending = git.ending("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return ending.stdout.text().split()[-1] if ending.status == 0 else None


def _here(ref: str) -> str:
    """Return the ref of this repository that says where one of the remote is."""
    return ref.replace(BRANCHES, TRACKED, 1) if ref.startswith(BRANCHES) else ref


def switch(git: GitProgram, target: Target, *, force: bool) -> None:
    """Check a commit out: a branch as the local branch of that name, all else detached.

    Raises:
        BlockedError, TimedOutError: as `GitProgram.tell`.
        InvalidError: files have local changes, or commits would be lost.
        UnavailableError: git refuses, say since a file that it does not know is in the way.
    """
    branch = target.ref.removeprefix(BRANCHES) if target.ref is not None and target.ref.startswith(BRANCHES) else None
    is_resumed = _is_cut_short(git)
    if not force:
        is_resumed = _require_no_changes(git, is_resumed=is_resumed)
        _require_nothing_lost(git, branch)
    git.tell("update-ref", SWITCHING, target.commit)
    way = ("--force",) if force or is_resumed else ("--no-overwrite-ignore",)
    to = ("--detach", target.commit) if branch is None else ("--no-track", "-B", branch, target.commit)
    git.tell("checkout", "--quiet", *way, *to, "--")
    git.tell("update-ref", UPSTREAM, target.commit)
    if branch is not None:
        # In one level: a branch that was may have been the folder of this one.
        git.tell("update-ref", BRANCHES_SET + branch.replace("%", "%25").replace("/", "%2F"), target.commit)
    git.tell("update-ref", "-d", SWITCHING)
    if branch is not None and commit_of(git, TRACKED + branch) is not None:
        git.tell("branch", "--quiet", f"--set-upstream-to=origin/{branch}", branch)


def require_nothing_to_lose(git: GitProgram) -> None:
    """Accept a checkout of which all is in the remote, files that git is told to ignore apart.

    Raises:
        BlockedError, TimedOutError, UnavailableError: as `GitProgram.tell`.
        InvalidError: something is not.
    """
    changed = _changed(git, "--untracked-files=normal")
    if changed:
        raise _local_changes(changed)
    refs = [name for name in ("HEAD", "refs/stash") if commit_of(git, name) is not None]
    lost = git.tell("rev-list", "--max-count=1", *refs, "--branches", *_FROM_REMOTE).strip()
    if lost:
        raise _unpushed(lost)


def note_upstream(git: GitProgram) -> None:
    """Note the commit that is checked out as the remote's if it is, before the remote's branches are fetched anew."""
    head = commit_of(git, "HEAD")
    if head is not None and not git.tell("rev-list", "--max-count=1", head, *_FROM_REMOTE).strip():
        git.tell("update-ref", UPSTREAM, head)


def _asked(git: GitProgram, repo: str, revision: str) -> RemoteRefs:
    """Return what a remote has of a revision's names.

    Raises:
        BlockedError, TimedOutError, UnavailableError: as `GitProgram.tell`.
        InvalidError: it has none of them.
    """
    names = wanted_refs(revision)
    # With a tag comes a row for the commit that it names.
    patterns = [pattern for name in names for pattern in (name, f"{name}^{{}}")]
    refs = parse_remote_refs(git.tell("ls-remote", "--symref", "--", repo, *patterns))
    ids = {name: id_ for name, id_ in refs.ids.items() if name in names}
    if not ids:
        advice = "a commit id has to be whole (40 or 64 digits)" if revision != DEFAULT_BRANCH else "push one first"
        raise InvalidError(f"revision: expected a branch or tag {revision} in {repo}, found none; {advice}")
    return RemoteRefs(ids=ids, head=refs.head)


def _named(refs: RemoteRefs, revision: str) -> str:
    """Return the one branch or tag that a revision is."""
    if revision == DEFAULT_BRANCH:
        if refs.head is None or not refs.head.startswith(BRANCHES):
            raise InvalidError(
                "revision: expected that the remote's HEAD is a branch, found that it is none; name the branch"
            )
        return refs.head
    if len(refs.ids) > 1:
        raise InvalidError(
            f"revision: expected the name of one thing, found a branch and a tag called {revision}; write"
            f" {BRANCHES}{revision} or {TAGS}{revision}"
        )
    return next(iter(refs.ids))


def _fetch_commit(git: GitProgram, repo: str, commit: str, depth: int | None) -> Target:
    if commit_of(git, commit) == commit:
        return Target(commit, None)
    shallow = () if depth is None else (f"--depth={depth}", "--no-tags")
    ending = git.ending(*_FETCH, *shallow, "--", repo, commit)
    if ending.status or depth is None:
        # A server may give no single commits, and without a depth the history has its branches and tags.
        if depth is None:
            _fetch_all(git, repo)
        if commit_of(git, commit) != commit:
            failure = git.failure("fetch", ending)
            if not isinstance(failure, UnavailableError):
                raise failure
            advice = "correct it, or push it" if depth is None else "correct it, or leave depth out"
            raise UnavailableError(f"expected the commit {commit} in the remote, found none; {advice}: {failure}")
        git.tell("pack-refs")
    return Target(commit, None)


def _fetch(git: GitProgram, *words: str) -> None:
    git.tell(*_FETCH, *words)


def _fetch_all(git: GitProgram, repo: str) -> None:
    _fetch(git, "--prune", "--tags", "--", repo, f"+{BRANCHES}*:{TRACKED}*")


def _is_cut_short(git: GitProgram) -> bool:
    """Return whether a switch of ours was ended while it wrote files."""
    target = commit_of(git, SWITCHING)
    return target is not None and target != commit_of(git, "HEAD")


def _require_no_changes(git: GitProgram, *, is_resumed: bool) -> bool:
    """Accept a working tree without local changes; return whether what is changed in it is our own unfinished work.

    Of a switch that was cut short each file is as before or as it shall be, and at most one is half written.
    """
    changed = _changed(git, "--untracked-files=no")
    if is_resumed:
        other = set(git.tell("diff", *_NAMES_ALONE, SWITCHING, "--").split("\0"))
        changed = [name for name in changed if name in other]
        if len(changed) <= 1:
            return True
    if changed:
        raise _local_changes(changed)
    return False


def _changed(git: GitProgram, untracked: str) -> list[str]:
    """Return the names of files that differ from the commit that is checked out. Source: git-status(1), porcelain."""
    told = git.tell("status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=all", untracked)
    return [row[3:] for row in told.split("\0") if row]


def _require_nothing_lost(git: GitProgram, branch: str | None) -> None:
    """Accept a switch after which every commit is still on a branch, or in the remote."""
    lost = [] if git.succeeds("symbolic-ref", "--quiet", "HEAD") else [commit_of(git, "HEAD")]
    if branch is not None:
        lost.append(commit_of(git, BRANCHES + branch))
    commits = [commit for commit in lost if commit is not None]
    if commits and (found := git.tell("rev-list", "--max-count=1", *commits, *_FROM_REMOTE).strip()):
        raise _unpushed(found)


def _local_changes(names: list[str]) -> InvalidError:
    shown = [name if len(name) <= _MOST_CHARACTERS else name[:_MOST_CHARACTERS] + "..." for name in names[:_MOST_NAMED]]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return InvalidError(
        f"expected no local changes, found {', '.join(map(repr, shown))}{more}; nothing was changed: commit and push"
        " them, take them back, or set force to give them up"
    )


def _unpushed(commit: str) -> InvalidError:
    return InvalidError(
        f"expected commits that the remote has too, found {commit}, which is here alone; nothing was changed: push it,"
        " or set force to give it up"
    )
