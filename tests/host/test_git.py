"""The kind `git`; git itself and stat judge what is there. The remotes are folders, and servers on the loopback."""

import pytest

from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource

REMOTE, PATH = "/srv/remote/shop", "/srv/shop"
IDENTITY = {f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def shop(**fields: object) -> PlannedResource:
    return declared("git", "shop", **{"path": PATH, "repo": f"file://{REMOTE}", **fields})


def git(debian: BootedDebian, path: str, *words: str) -> str:
    """Return what git printed, whoever the repository belongs to."""
    argv = ("git", "-c", "safe.directory=*", "-C", path, *words)
    return debian.run(*argv, environment=IDENTITY).stdout.removesuffix("\n")


def commit(debian: BootedDebian, file: str, content: str) -> str:
    """Commit a file in the remote, which is made with the first, and return the commit."""
    if debian.run("test", "-d", f"{REMOTE}/.git", check=False).returncode:
        debian.run("mkdir", "-p", REMOTE)
        git(debian, REMOTE, "init", "--quiet", "--initial-branch=main")
    debian.write(f"{REMOTE}/{file}", content)
    git(debian, REMOTE, "add", "--", file)
    git(debian, REMOTE, "commit", "--quiet", "--message=x")
    return git(debian, REMOTE, "rev-parse", "HEAD")


def head(debian: BootedDebian, path: str = PATH) -> str:
    return git(debian, path, "rev-parse", "HEAD")


def let_time_pass(debian: BootedDebian, path: str = PATH) -> None:
    """Have the last question to the remote be an hour old."""
    debian.run("touch", "--date=1 hour ago", f"{path}/.git/FETCH_HEAD")


def test_a_clone_goes_to_a_tag_a_commit_a_branch_and_is_removed(debian: BootedDebian) -> None:
    first = commit(debian, "a", "one\n")
    git(debian, REMOTE, "tag", "--annotate", "--message=x", "v1")
    second = commit(debian, "a", "two\n")
    debian.changes(shop())
    assert head(debian) == second
    assert git(debian, PATH, "status", "--porcelain", "--branch") == "## main...origin/main"
    assert debian.tell("stat", "--format=%F %a %U %G", PATH) == "directory 755 root root"
    assert git(debian, PATH, "fsck", "--strict") == ""
    debian.changes(shop(revision="v1"))
    assert head(debian) == first
    assert debian.tell("cat", f"{PATH}/a") == "one"
    debian.changes(shop(revision=second))
    assert head(debian) == second
    debian.changes(shop(revision="refs/tags/v1"))
    debian.changes(shop(revision="main"))
    assert head(debian) == second
    debian.changes(shop(state="absent"))
    debian.keeps(shop(state="absent"))
    assert debian.tell("ls", "-A", "/srv") == "remote"


def test_a_branch_that_went_on_is_asked_for_by_one_run_and_checked_out_by_the_next(debian: BootedDebian) -> None:
    first = commit(debian, "a", "one\n")
    debian.changes(shop(revision="main", depth=1))
    assert git(debian, PATH, "rev-list", "--count", "HEAD") == "1"
    second = commit(debian, "a", "two\n")
    debian.keeps(shop(revision="main", depth=1))
    let_time_pass(debian)
    asked = debian.apply(shop(revision="main", depth=1))["shop"]
    assert asked.outcome == "unchanged", asked
    assert asked.ops == (f"ask {REMOTE} where main of {PATH} is",)
    assert head(debian) == first
    debian.changes(shop(revision="main", depth=1))
    assert head(debian) == second
    assert git(debian, PATH, "rev-list", "--count", "HEAD") == "1"


def test_what_is_only_looked_at_stays_as_it_is_and_nobody_is_asked(debian: BootedDebian) -> None:
    commit(debian, "a", "one\n")
    debian.changes(shop())
    let_time_pass(debian)
    debian.write(f"{PATH}/a", "by hand\n")
    debian.run("mv", REMOTE, f"{REMOTE}.away")
    seen = ("find", "/srv", "-printf", "%p %i %m %s %T@ %C@\\n")
    before = debian.tell(*seen)
    for fields in ({}, {"revision": "v1"}, {"repo": "/srv/other"}, {"state": "absent"}):
        result = debian.apply(declared("git", "shop", noop=True, path=PATH, **{"repo": f"file://{REMOTE}", **fields}))
        assert result["shop"].ops, result
    assert debian.tell(*seen) == before


def test_local_changes_and_commits_are_kept_unless_it_is_forced(debian: BootedDebian) -> None:
    commit(debian, "a", "one\n")
    debian.changes(shop())
    second = commit(debian, "a", "two\n")
    debian.write(f"{PATH}/a", "by hand\n")
    let_time_pass(debian)
    debian.apply(shop())
    refused = debian.apply(shop())["shop"]
    assert refused.outcome == "failed", refused
    assert "found 'a'; nothing was changed" in refused.reason
    assert debian.tell("cat", f"{PATH}/a") == "by hand"
    git(debian, PATH, "commit", "--quiet", "--all", "--message=mine")
    assert "which is here alone" in debian.apply(shop())["shop"].reason
    assert "which is here alone" in debian.apply(shop(state="absent"))["shop"].reason
    debian.changes(shop(force=True))
    assert head(debian) == second
    debian.write(f"{PATH}/notes", "mine\n")
    assert "found 'notes'" in debian.apply(shop(state="absent"))["shop"].reason
    debian.changes(shop(state="absent", force=True))


def test_a_user_s_checkout_is_worked_on_by_the_user_and_its_hooks_are_not_run(debian: BootedDebian) -> None:
    commit(debian, "a", "one\n")
    debian.run("useradd", "--create-home", "deploy")
    debian.run("chown", "-R", "deploy", REMOTE)
    debian.changes(shop(user="deploy"))
    hook = f"{PATH}/.git/hooks/post-checkout"
    debian.write(hook, "#!/bin/sh\ntouch /tmp/hook\n", "0755")
    debian.run("chown", "-R", "deploy", f"{PATH}/.git/hooks")
    second = commit(debian, "b", "two\n")
    debian.run("chown", "-R", "deploy", REMOTE)
    debian.changes(shop(revision=second))
    assert debian.tell("find", PATH, "!", "-user", "deploy") == ""
    assert debian.run("test", "-e", "/tmp/hook", check=False).returncode == 1
    refused = debian.apply(shop(user="root", revision="v9"))["shop"]
    assert "user: expected deploy" in refused.reason
    # git itself says so too: what belongs to another is not worked on.
    told = debian.run("git", "-C", PATH, "status", check=False)
    assert "dubious ownership" in told.stderr


def test_a_remote_that_does_not_let_in_or_is_gone_blocks_and_changes_nothing(debian: BootedDebian) -> None:
    commit(debian, "a", "one\n")
    for repo in ("https://127.0.0.1:1/shop.git", "ssh://git@127.0.0.1:1/shop.git"):
        result = debian.apply(shop(repo=repo))["shop"]
        assert result.outcome == "blocked", result
        assert "expected to reach the remote" in result.reason
    assert debian.tell("ls", "-A", "/srv") == "remote"
    debian.run("mv", "/usr/bin/git", "/usr/bin/git.away")
    result = debian.apply(shop())["shop"]
    assert result.outcome == "blocked", result
    assert "add a package resource for git" in result.reason


def test_a_commit_comes_over_plain_http_since_its_id_proves_it(debian: BootedDebian) -> None:
    first = commit(debian, "a", "one\n")
    commit(debian, "a", "two\n")
    git(debian, REMOTE, "update-server-info")
    serving = ("python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", "/srv/remote", "8000")
    debian.run("systemd-run", "--quiet", "--unit=files", "--", "/usr/bin/env", *serving)
    answers = "until (exec 3<>/dev/tcp/127.0.0.1/8000) 2>/dev/null; do :; done"
    debian.run("timeout", "60", "bash", "-c", answers)
    debian.changes(shop(repo="http://127.0.0.1:8000/shop/.git", revision=first))
    assert head(debian) == first


@pytest.fixture
def server(ssh_server: BootedDebian) -> BootedDebian:
    """Return a Debian with a repository that `git@127.0.0.1` gives to who has the key of the user `deploy`."""
    commit(ssh_server, "a", "one\n")
    for user in ("git", "deploy"):
        ssh_server.run("useradd", "--create-home", "--password=*", user)
        ssh_server.run("install", "-d", "-o", user, "-g", user, "-m", "0700", f"/home/{user}/.ssh")
    ssh_server.run("chown", "-R", "git", REMOTE)
    key = "/home/deploy/.ssh/id_ed25519"
    ssh_server.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    ssh_server.run("chown", "-R", "deploy:deploy", "/home/deploy/.ssh")
    ssh_server.run("systemctl", "start", "ssh")
    return ssh_server


def test_over_ssh_the_server_has_to_be_known_and_the_user_to_have_a_key(server: BootedDebian) -> None:
    declaration = shop(repo=f"git@127.0.0.1:{REMOTE}", user="deploy")
    unknown = server.apply(declaration)["shop"]
    assert unknown.outcome == "blocked", unknown
    assert "add a known_host resource" in unknown.reason
    key = " ".join(server.tell("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    server.changes(declared("known_host", "git", host="127.0.0.1", key=key))
    refused = server.apply(declaration)["shop"]
    assert refused.outcome == "blocked", refused
    assert "give deploy an ssh key" in refused.reason
    public = server.tell("cat", "/home/deploy/.ssh/id_ed25519.pub")
    server.changes(declared("authorized_key", "deploy", user="git", key=public))
    server.changes(declaration)
    assert server.tell("stat", "--format=%U", f"{PATH}/a") == "deploy"
    assert head(server) == git(server, REMOTE, "rev-parse", "HEAD")
