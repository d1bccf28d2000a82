"""What a repository's address and a revision may be: refused here, they never reach git as an option or a program."""

import re

from vigo.catalog.formats.names import check_path, shown
from vigo.core.errors import InvalidError

BRANCHES, TAGS = "refs/heads/", "refs/tags/"
DEFAULT_BRANCH = "HEAD"
"""What a remote calls the branch that it gives to who names none."""

_MAX_CHARACTERS = 2000
_MAX_REVISION_CHARACTERS = 200
_MAX_PORT = 65_535
_HOST = r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,254}|\[[0-9A-Fa-f:.]{2,45}\])"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_REST = r"/[A-Za-z0-9._~/%+@=,:!$&()-]*"
_URL = re.compile(
    rf"(?:(?P<scheme>https?|git)://|ssh://(?:{_USER}@)?){_HOST}(?::(?P<port>[0-9]{{1,5}}))?{_REST}", re.ASCII
)
_FILE_URL = re.compile(rf"file://{_REST}", re.ASCII)
_SCP = re.compile(rf"(?:{_USER}@)?{_HOST}:[A-Za-z0-9._~/][A-Za-z0-9._~/%+@=,!$&()-]*", re.ASCII)
_UNPROVEN = frozenset({"http", "git"})
_COMMIT = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")
_NOT_IN_A_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|[^\x00-\x7f]")
_CREDENTIALS = re.compile(r"(://)[^/@\s]+@")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def check_repository(field: str, repo: str) -> None:
    """Accept the address of a repository. Source: git-clone(1), Git URLs.

    Nothing of an address that is refused is shown but its beginning: a password or a token may stand in it.

    Raises:
        InvalidError: it is none, names a program (`ext::`), or has a password or token in it.
    """
    if repo.startswith("/"):
        check_path(field, repo)
        return
    authority = repo.partition("://")[2].partition("/")[0].rpartition("@")[0]
    if authority and (not repo.startswith("ssh://") or ":" in authority):
        raise InvalidError(
            f"{field}: expected an address without a password or token, found one in it: it would stand in logs and in"
            " the list of processes; use ssh with a key, or a credential helper in the user's ~/.gitconfig"
        )
    found = _URL.fullmatch(repo)
    if len(repo) <= _MAX_CHARACTERS:
        if found is not None and int(found["port"] or 1) in range(1, _MAX_PORT + 1):
            return
        if _FILE_URL.fullmatch(repo) or ("://" not in repo and _SCP.fullmatch(repo)):
            return
    raise InvalidError(
        f"{field}: expected https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH, file:///PATH or an absolute path,"
        f" without blanks, quotes, `?` and `#`, found one that begins with {shown(repo[:12])}; write the whole address"
    )


def is_unproven(repo: str) -> bool:
    """Return whether the way to a repository lets others change what it gives: plain http, and git's own protocol."""
    found = _URL.fullmatch(repo)
    return found is not None and found["scheme"] in _UNPROVEN


def is_commit(revision: str) -> bool:
    """Return whether a revision is a whole commit id, which says what the files are, whoever gives them."""
    return _COMMIT.fullmatch(revision) is not None


def check_revision(field: str, revision: str) -> None:
    """Accept a branch, a tag, a whole commit id or `HEAD`. Source: git-check-ref-format(1).

    Raises:
        InvalidError: it is none of them.
    """
    name = revision.removeprefix(BRANCHES).removeprefix(TAGS) if revision.startswith("refs/") else revision
    is_ref = (
        0 < len(name) <= _MAX_REVISION_CHARACTERS
        and not _NOT_IN_A_REF.search(name)
        and not name.startswith(("-", "refs/"))
        and not name.endswith(("/", "."))
        and name != "@"
        and all(part and not part.startswith(".") and not part.endswith(".lock") for part in name.split("/"))
    )
    if not is_ref or (revision != DEFAULT_BRANCH and name == DEFAULT_BRANCH):
        raise InvalidError(
            f"{field}: expected a branch, a tag, a whole commit id (40 or 64 hexadecimal digits) or HEAD, found"
            f" {shown(revision)}; name what the remote has"
        )
    if revision.startswith("origin/"):
        raise InvalidError(
            f"{field}: expected the branch as the remote calls it, found {shown(revision)}; write"
            f" {shown(revision.removeprefix('origin/'))}, or {BRANCHES}{revision} if it is really called so"
        )


def wanted_refs(revision: str) -> tuple[str, ...]:
    """Return the names in a remote that a revision may mean; none for a commit id."""
    if is_commit(revision):
        return ()
    if revision == DEFAULT_BRANCH or revision.startswith((BRANCHES, TAGS)):
        return (revision,)
    return (f"{BRANCHES}{revision}", f"{TAGS}{revision}")


def host_of_repository(repo: str) -> str:
    """Return the host of an address, or the path of a local one."""
    if "://" in repo:
        return repo.partition("://")[2].partition("/")[0].rpartition("@")[2] or repo.partition("://")[2]
    return repo if repo.startswith("/") else repo.partition(":")[0].rpartition("@")[2]


def without_credentials(text: str) -> str:
    """Return what git printed without the users and passwords of URLs, which settings may bring in, and escapes."""
    return _CONTROL.sub("?", _CREDENTIALS.sub(r"\1", text))
