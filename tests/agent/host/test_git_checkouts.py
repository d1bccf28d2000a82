import shutil
from pathlib import Path

import pytest

from tests.agent.host.git_remotes import NEEDS_GIT, NO_COMMIT, Checkout, Remote, beside, git
from vigo.agent.host import git_checkout
from vigo.core.errors import InvalidError, UnavailableError

pytestmark = NEEDS_GIT


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout", Remote(tmp_path / "remote"))


def test_a_clone_is_on_the_default_branch_and_its_own_files_say_so(checkout: Checkout) -> None:
    checkout.bring()
    assert checkout.head() == checkout.remote.first
    assert (checkout.path / "a").read_text() == "one\n"
    assert checkout.git("status", "--short", "--branch") == "## main...origin/main"
    assert checkout.git("fsck", "--strict") == ""
    assert checkout.path.stat().st_mode & 0o7777 == 0o755
    assert beside(checkout.path) == []
    assert list((checkout.path / ".git").glob("hooks/*")) == []


@pytest.mark.parametrize("options", [("--annotate", "--message=x"), ()], ids=["annotated", "lightweight"])
@pytest.mark.parametrize("depth", [None, 1])
@pytest.mark.parametrize("revision", ["v1", "refs/tags/v1"])
def test_a_tag_is_checked_out_and_then_needs_no_remote(
    checkout: Checkout, options: tuple[str, ...], depth: int | None, revision: str
) -> None:
    checkout.remote.run("tag", *options, "v1")
    checkout.remote.commit("a", "two\n")
    checkout.bring(revision=revision, depth=depth)
    assert checkout.head() == checkout.remote.first
    shutil.rmtree(checkout.remote.folder)
    assert checkout.planned(revision=revision) == []


@pytest.mark.parametrize("depth", [None, 1])
def test_a_commit_is_checked_out_and_then_needs_no_remote(checkout: Checkout, depth: int | None) -> None:
    checkout.remote.commit("a", "two\n")
    checkout.bring(revision=checkout.remote.first.upper(), depth=depth)
    assert checkout.head() == checkout.remote.first
    shutil.rmtree(checkout.remote.folder)
    assert checkout.planned(revision=checkout.remote.first) == []


@pytest.mark.parametrize("depth", [None, 1])
def test_a_branch_that_went_on_is_fetched_by_the_question_and_checked_out_after_it(
    checkout: Checkout, depth: int | None
) -> None:
    checkout.bring(revision="main", depth=depth)
    second = checkout.remote.commit("sub/b", "two\n")
    assert checkout.planned(revision="main", depth=depth) == []
    checkout.ask("main", depth)
    assert checkout.head() == checkout.remote.first
    (op,) = checkout.planned(revision="main", depth=depth)
    assert op.summary() == f"check out main ({second[:12]}) in {checkout.path}"
    checkout.bring(revision="main", depth=depth)
    assert checkout.head() == second
    assert checkout.git("status", "--porcelain", "--branch").startswith("## main...origin/main")
    assert checkout.git("rev-list", "--count", "HEAD") == ("2" if depth is None else "1")


@pytest.mark.parametrize("depth", [None, 1])
def test_a_branch_whose_history_was_written_anew_is_followed_without_force(
    checkout: Checkout, depth: int | None
) -> None:
    checkout.remote.commit("a", "two\n")
    checkout.bring(depth=depth)
    checkout.remote.run("reset", "--quiet", "--hard", "HEAD~1")
    third = checkout.remote.commit("a", "three\n")
    checkout.ask(depth=depth)
    checkout.bring(depth=depth)
    assert checkout.head() == third


def test_a_shallow_clone_of_somebody_else_is_followed_without_force(checkout: Checkout) -> None:
    git(checkout.path.parent, "clone", "--quiet", "--depth=1", checkout.remote.address, str(checkout.path))
    second = checkout.remote.commit("a", "two\n")
    checkout.ask(depth=1)
    checkout.bring(depth=1)
    assert checkout.head() == second


def test_a_clone_made_by_hand_is_taken_as_it_is(checkout: Checkout) -> None:
    checkout.remote.run("tag", "--annotate", "--message=x", "v1")
    git(checkout.path.parent, "clone", "--quiet", checkout.remote.address, str(checkout.path))
    (asking,) = checkout.planned()
    assert asking.only_checks
    for revision in ("HEAD", "main", "v1", checkout.remote.first):
        assert [op for op in checkout.planned(revision=revision) if not op.only_checks] == []


def test_it_goes_from_one_revision_to_any_other_and_back(checkout: Checkout) -> None:
    remote = checkout.remote
    remote.run("tag", "v1")
    second = remote.commit("a", "two\n")
    remote.run("branch", "next")
    remote.run("tag", "--annotate", "--message=x", "v2")
    third = remote.commit("a", "three\n")
    for revision, commit in (("v1", remote.first), ("next", second), (third, third), ("v2", second), ("main", third)):
        checkout.bring(revision=revision)
        assert checkout.head() == commit
    assert checkout.git("symbolic-ref", "--short", "HEAD") == "main"


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_checkout_gets_another_remote(checkout: Checkout, tmp_path: Path, by_hand: bool) -> None:  # noqa: FBT001 - a parameter of the test
    if by_hand:
        git(tmp_path, "clone", "--quiet", checkout.remote.address, str(checkout.path))
    else:
        checkout.bring()
    other = Remote(tmp_path / "other")
    commit = other.commit("b", "of another\n")
    checkout.remote = other
    (op,) = checkout.planned()
    assert op.changes == ("repo",)
    checkout.bring()
    assert checkout.head() == commit
    assert checkout.git("remote", "get-url", "origin") == other.address


def test_a_remote_that_cannot_be_asked_is_not_taken_for_the_former_one(checkout: Checkout, tmp_path: Path) -> None:
    checkout.remote.run("tag", "v1")
    checkout.bring(revision="v1")
    first, other = checkout.remote, Remote(tmp_path / "other")
    checkout.remote = other
    with pytest.raises(InvalidError, match="expected a branch or tag v1"):
        checkout.bring(revision="v1")
    assert checkout.planned(revision="v1") != []
    commit = other.commit("b", "x\n")
    other.run("tag", "v1")
    checkout.bring(revision="v1")
    assert checkout.head() == commit
    assert checkout.git("for-each-ref", "--format=%(objectname)", git_checkout.FORMER) == first.first


def test_a_branch_that_was_not_fetched_lately_is_asked_for_before_it_is_checked_out(checkout: Checkout) -> None:
    remote = checkout.remote
    remote.run("checkout", "--quiet", "-b", "x/next")
    remote.commit("b", "next\n")
    remote.run("checkout", "--quiet", "main")
    for revision in ("main", "x/next"):
        checkout.bring(revision=revision, depth=1)
    second = remote.commit("a", "two\n")
    checkout.ask("x/next", 1)
    (op,) = checkout.planned(revision="main", depth=1)
    assert op.summary() == f"check out main in {checkout.path}"
    checkout.bring(revision="main", depth=1)
    assert checkout.head() == second


@pytest.mark.parametrize(
    ("revision", "told"),
    [
        ("nosuch", "expected a branch or tag nosuch"),
        ("refs/heads/v1", "expected a branch or tag refs/heads/v1"),
        ("both", "a branch and a tag called both"),
        ("tree", "names a commit, found something else"),
    ],
)
def test_a_revision_that_the_remote_has_not_leaves_nothing(checkout: Checkout, revision: str, told: str) -> None:
    for words in (("tag", "v1"), ("tag", "both"), ("branch", "both"), ("tag", "tree", "HEAD^{tree}")):
        checkout.remote.run(*words)
    with pytest.raises(InvalidError, match=told):
        checkout.bring(revision=revision)
    assert not checkout.path.exists()
    assert beside(checkout.path) == []


@pytest.mark.parametrize("depth", [None, 1])
def test_a_commit_that_the_remote_has_not_is_named(checkout: Checkout, depth: int | None) -> None:
    with pytest.raises(UnavailableError, match=f"{NO_COMMIT} in the remote, found none"):
        checkout.bring(revision=NO_COMMIT, depth=depth)
    checkout.bring()
    with pytest.raises(UnavailableError, match=f"{NO_COMMIT} in the remote, found none"):
        checkout.bring(revision=NO_COMMIT, depth=depth)
    assert checkout.head() == checkout.remote.first


def test_a_remote_without_commits_says_so(checkout: Checkout, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "--quiet", "--bare")
    with pytest.raises(InvalidError, match="push one first"):
        checkout.bring(repo=f"file://{empty}")


def test_a_remote_of_longer_ids_is_cloned(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout", Remote(tmp_path / "remote", sha256=True))
    checkout.bring()
    assert checkout.head() == checkout.remote.first
    shutil.rmtree(checkout.path)
    checkout.bring(revision=checkout.remote.first)


def test_a_path_of_the_host_is_a_remote_too(checkout: Checkout) -> None:
    checkout.bring(repo=str(checkout.remote.folder))
    objects = [path for path in (checkout.path / ".git/objects").rglob("*") if path.is_file()]
    assert objects
    assert {path.stat().st_nlink for path in objects} == {1}


def test_submodules_are_left_out(checkout: Checkout, tmp_path: Path) -> None:
    inner = Remote(tmp_path / "inner")
    checkout.remote.run("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.address, "inner")
    checkout.remote.run("commit", "--quiet", "--message=submodule")
    checkout.bring()
    assert list((checkout.path / "inner").iterdir()) == []
