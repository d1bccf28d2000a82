import os
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host.git_remotes import NEEDS_GIT, Checkout, Remote, beside
from vigo.agent.host import git_checkout
from vigo.catalog.ops.git_checkout import (
    CloneRepository,
    name_of_removal,
)
from vigo.core.errors import BlockedError, InvalidError, UnavailableError

pytestmark = NEEDS_GIT


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout", Remote(tmp_path / "remote"))


def test_local_changes_are_named_and_kept(checkout: Checkout) -> None:
    for number in range(12):
        checkout.remote.commit(f"f{number:02}", "x\n")
    checkout.bring()
    checkout.remote.commit("a", "two\n")
    checkout.ask()
    for path in checkout.path.glob("f*"):
        path.write_text("by hand\n")
    with pytest.raises(InvalidError, match=r"'f00', .*'f09' and 2 more; nothing was changed"):
        checkout.bring()
    assert (checkout.path / "f00").read_text() == "by hand\n"
    assert (checkout.path / "a").read_text() == "one\n"
    checkout.bring(force=True)
    assert (checkout.path / "f00").read_text() == "x\n"


def test_local_changes_alone_are_no_drift(checkout: Checkout) -> None:
    checkout.bring()
    (checkout.path / "a").write_text("by hand\n")
    assert checkout.planned() == []


@pytest.mark.parametrize("ignored", [False, True])
def test_a_file_that_git_does_not_know_is_not_replaced(checkout: Checkout, ignored: bool) -> None:  # noqa: FBT001 - a parameter of the test
    checkout.bring()
    checkout.remote.commit("new", "from the remote\n")
    checkout.ask()
    if ignored:
        (checkout.path / ".git/info").mkdir(exist_ok=True)
        (checkout.path / ".git/info/exclude").write_text("new\n")
    (checkout.path / "new").write_text("mine\n")
    with pytest.raises(UnavailableError, match="new"):
        checkout.bring()
    assert (checkout.path / "new").read_text() == "mine\n"
    assert checkout.head() == checkout.remote.first
    checkout.bring(force=True)
    assert (checkout.path / "new").read_text() == "from the remote\n"


@pytest.mark.parametrize("detached", [False, True])
def test_a_commit_that_the_remote_has_not_is_kept(checkout: Checkout, detached: bool) -> None:  # noqa: FBT001 - a parameter of the test
    checkout.bring()
    if detached:
        checkout.git("checkout", "--quiet", "--detach")
    local = checkout.commit("mine", "x\n")
    checkout.remote.commit("a", "two\n")
    checkout.ask()
    with pytest.raises(InvalidError, match=f"found {local}, which is here alone"):
        checkout.bring()
    assert checkout.head() == local
    checkout.bring(force=True)


def test_commits_on_another_branch_stay_there(checkout: Checkout) -> None:
    checkout.bring()
    checkout.git("checkout", "--quiet", "-b", "mine")
    local = checkout.commit("mine", "x\n")
    checkout.bring(revision="main")
    assert checkout.git("rev-parse", "mine") == local


def test_what_a_killed_clone_left_is_cleared_by_the_next(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as context:
        context.setattr("vigo.agent.host.clone_repository.switch", killed)
        context.setattr("vigo.agent.host.unpacked_tree.remove_entry", lambda _: None)
        with pytest.raises(Killed):
            checkout.bring()
    assert not checkout.path.exists()
    assert len(beside(checkout.path)) == 1
    checkout.bring()
    assert beside(checkout.path) == []


def test_a_switch_that_was_cut_short_is_ended_by_the_next_run(checkout: Checkout) -> None:
    for number in range(5):
        checkout.remote.commit(f"f{number}", "one\n")
    checkout.bring()
    for number in range(5):
        second = checkout.remote.commit(f"f{number}", "two, and longer\n")
    checkout.ask()
    # As a kill leaves it: some files are new, one is half written, and the commit is the former one still.
    checkout.git("update-ref", git_checkout.SWITCHING, second)
    for number in range(3):
        (checkout.path / f"f{number}").write_text("two, and longer\n")
    (checkout.path / "f3").write_text("two, a")
    checkout.bring()
    assert checkout.head() == second
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.git("for-each-ref", git_checkout.SWITCHING) == ""


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock"])
def test_a_lock_of_a_switch_that_was_cut_short_goes_once_nobody_can_hold_it(checkout: Checkout, name: str) -> None:
    checkout.bring()
    second = checkout.remote.commit("a", "two\n")
    checkout.ask()
    lock = checkout.path / ".git" / name
    lock.touch()
    os.utime(lock, (0, 0))
    with pytest.raises(BlockedError, match="found its lock"):  # it may be of somebody who was at work there
        checkout.bring()
    checkout.git("update-ref", git_checkout.SWITCHING, second)
    lock.touch()
    with pytest.raises(BlockedError, match="found its lock"):
        checkout.bring()
    os.utime(lock, (0, 0))
    checkout.bring()
    assert checkout.head() == second


def test_changes_by_hand_are_kept_where_a_switch_was_cut_short(checkout: Checkout) -> None:
    checkout.remote.commit("b", "one\n")
    checkout.bring()
    second = checkout.remote.commit("c", "two\n")
    checkout.ask()
    checkout.git("update-ref", git_checkout.SWITCHING, second)
    for name in ("a", "b"):
        (checkout.path / name).write_text("by hand\n")
    with pytest.raises(InvalidError, match="'a', 'b'; nothing was changed"):
        checkout.bring()


@pytest.mark.parametrize("kind", ["file", "folder", "symlink"])
@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_clone_is_not_replaced(checkout: Checkout, kind: str, force: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of the test
    if kind == "folder":
        checkout.path.mkdir()
        (checkout.path / "notes").write_text("x")
    elif kind == "file":
        checkout.path.write_text("x")
    else:
        (tmp_path / "elsewhere").mkdir()
        checkout.path.symlink_to(tmp_path / "elsewhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidError, match="it is not replaced"):
        checkout.planned(force=force)
    with pytest.raises(UnavailableError, match="it is not replaced"):
        checkout.execute(CloneRepository(path=str(checkout.path), repo=checkout.remote.address, revision="main"))
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_hands_its_mode_on(checkout: Checkout) -> None:
    checkout.path.mkdir()
    checkout.path.chmod(0o2750)
    checkout.bring()
    assert checkout.path.stat().st_mode & 0o7777 == 0o2750


def test_a_checkout_is_removed_as_a_whole(checkout: Checkout) -> None:
    checkout.bring()
    checkout.bring(state="absent")
    assert not checkout.path.exists()
    assert beside(checkout.path) == []


def changed(checkout: Checkout) -> str:
    (checkout.path / "a").write_text("by hand\n")
    return "'a'"


def untracked(checkout: Checkout) -> str:
    (checkout.path / "notes").write_text("mine\n")
    return "'notes'"


def unpushed(checkout: Checkout) -> str:
    checkout.git("checkout", "--quiet", "-b", "mine")
    local = checkout.commit("mine", "x\n")
    checkout.git("checkout", "--quiet", "main")
    return local


def stashed(checkout: Checkout) -> str:
    (checkout.path / "a").write_text("by hand\n")
    checkout.git("stash", "--quiet")
    return "which is here alone"


@pytest.mark.parametrize("leave", [changed, untracked, unpushed, stashed])
def test_a_checkout_with_something_of_its_own_is_only_removed_by_force(checkout: Checkout, leave: Any) -> None:
    checkout.bring()
    told = leave(checkout)
    with pytest.raises(InvalidError, match=told):
        checkout.bring(state="absent")
    assert (checkout.path / ".git").is_dir()
    checkout.bring(state="absent", force=True)
    assert not checkout.path.exists()


def test_a_removal_that_was_cut_short_is_ended_by_the_next_run(checkout: Checkout) -> None:
    checkout.bring()
    aside = Path(name_of_removal(str(checkout.path)))
    checkout.path.rename(aside)
    (aside / "a").unlink()
    checkout.bring(state="absent")
    assert not aside.exists()
    aside.mkdir()
    (aside / "a").write_text("x")
    checkout.bring()
    assert not aside.exists()
