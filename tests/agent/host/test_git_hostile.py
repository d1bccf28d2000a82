import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from tests.agent.host.conftest import NOBODY, as_nobody, needs_root, open_to_all
from tests.agent.host.git_remotes import NEEDS_GIT, NO_COMMIT, Checkout, Remote, beside, git
from vigo.agent.host import git_program
from vigo.agent.host.git_program import GitProgram
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.git_checkout import (
    AskRemote,
    CloneRepository,
    RemoveCheckout,
)
from vigo.catalog.resources.files.git_place import read_checkout
from vigo.core.errors import BlockedError, InvalidError, TimedOutError, UnavailableError

pytestmark = NEEDS_GIT


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote")


@pytest.fixture
def checkout(tmp_path: Path, remote: Remote) -> Checkout:
    return Checkout(tmp_path / "checkout", remote)


def test_no_hook_filter_or_monitor_of_the_checkout_is_run_and_no_other_protocol_spoken(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.bring()
    canary = tmp_path / "canary"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {canary}\n")
    program.chmod(0o755)
    hooks = checkout.path / ".git/hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        (hooks / name).symlink_to(program)
    for key in ("core.fsmonitor", "core.sshCommand", "core.askPass", "core.alternateRefsCommand"):
        checkout.git("config", key, str(program))
    checkout.remote.commit("a", "two\n")
    checkout.ask()
    checkout.bring()
    for other in (f"ext::{program}", "http://127.0.0.1:1/", "git://127.0.0.1/"):
        checkout.git("config", f"url.{other}.insteadOf", checkout.remote.address)
        with pytest.raises(UnavailableError, match="not allowed"):
            checkout.ask()
        checkout.git("config", "--unset", f"url.{other}.insteadOf")
    assert not canary.exists()


def test_a_damaged_repository_does_not_have_git_work_on_the_one_around_it(checkout: Checkout) -> None:
    git(checkout.path.parent, "init", "--quiet")
    checkout.bring()
    (checkout.path / ".git/HEAD").unlink()
    with pytest.raises(UnavailableError, match="not a git repository"):
        checkout.bring()
    config = (checkout.path.parent / ".git/config").read_text()
    assert "origin" not in config


def test_a_remote_that_does_not_answer_is_given_up_in_time(checkout: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        op = CloneRepository(
            path=str(checkout.path),
            repo=f"http://127.0.0.1:{port}/x.git",
            revision=NO_COMMIT,
            timeout=timedelta(milliseconds=300),
        )
        with pytest.raises(TimedOutError, match="still at `git fetch`"):
            checkout.execute(op)
    with pytest.raises(BlockedError, match="expected to reach the remote"):
        checkout.execute(
            CloneRepository(path=str(checkout.path), repo=f"http://127.0.0.1:{port}/x.git", revision=NO_COMMIT)
        )
    assert not checkout.path.exists()
    assert beside(checkout.path) == []


def test_a_password_that_settings_bring_in_is_not_told(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    setting = f"url.https://robot:hunter2@127.0.0.1:{port}/.insteadOf=https://git.example.com/"
    monkeypatch.setattr(git_program, "SETTINGS", (*git_program.SETTINGS, setting))
    with pytest.raises(BlockedError) as caught:
        checkout.execute(
            CloneRepository(path=str(checkout.path), repo="https://git.example.com/x.git", revision="main")
        )
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "robot" not in str(caught.value)


@pytest.fixture
def nobodys(tmp_path: Path, remote: Remote) -> Checkout:
    """A checkout in a folder of an unprivileged user."""
    needs_root("to give a folder to another user")
    open_to_all(tmp_path)
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    for path in (remote.folder, *remote.folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    return Checkout(folder / "checkout", remote)


def test_in_a_user_s_folder_git_runs_as_the_user_and_all_is_theirs(nobodys: Checkout) -> None:
    nobodys.bring(user="nobody")
    second = nobodys.remote.commit("a", "two\n")
    nobodys.ask(user="nobody")
    nobodys.bring()
    assert nobodys.head() == second
    owners = {path.stat().st_uid for path in (nobodys.path, *nobodys.path.rglob("*"))}
    assert owners == {NOBODY}


def test_git_never_runs_as_root_where_a_user_decides(nobodys: Checkout, tmp_path: Path) -> None:
    nobodys.bring()
    who = tmp_path / "theirs/who"
    filter_program = tmp_path / "theirs/filter"
    filter_program.write_text(f"#!/bin/sh\nid -u > {who}\nexec cat\n")
    filter_program.chmod(0o755)
    for key in ("smudge", "clean"):
        git(nobodys.path, "config", f"filter.x.{key}", str(filter_program))
    (nobodys.path / ".git/info").mkdir(exist_ok=True)
    (nobodys.path / ".git/info/attributes").write_text("* filter=x\n")
    for path in nobodys.path.rglob("*"):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(InvalidError, match="user: expected nobody"):
        nobodys.planned(user="root", revision=NO_COMMIT)
    second = nobodys.remote.commit("a", "two\n")
    (op,) = nobodys.planned(revision=second)
    nobodys.execute(op)
    assert who.read_text() == f"{NOBODY}\n"
    who.unlink()
    (nobodys.path / "a").write_text("six\n")
    with pytest.raises(InvalidError, match="'a'"):
        nobodys.bring(state="absent")
    assert who.read_text() == f"{NOBODY}\n"


def test_a_symlink_of_a_user_that_leads_elsewhere_is_not_followed(nobodys: Checkout, tmp_path: Path) -> None:
    target = tmp_path / "root"
    target.mkdir()
    link = nobodys.path.parent / "link"
    link.symlink_to(target)
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    for op in (
        CloneRepository(path=f"{link}/x", repo=nobodys.remote.address, revision="main"),
        AskRemote(path=f"{link}/x", repo=nobodys.remote.address, revision="main"),
        RemoveCheckout(path=f"{link}/x", force=True),
    ):
        with pytest.raises(UnavailableError, match="symlink of uid"):
            nobodys.execute(op)
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_what_others_may_write_to_is_not_worked_on_as_root(checkout: Checkout, mode: int) -> None:
    needs_root("to be root")
    checkout.bring()
    (checkout.path / ".git").chmod(mode)
    with pytest.raises(BlockedError, match="expected that only root may change"):
        checkout.planned(revision=NO_COMMIT)


def test_an_unprivileged_agent_works_in_its_own_folder_and_says_where_it_cannot(nobodys: Checkout) -> None:
    def work() -> object:
        mine = Checkout(nobodys.path, nobodys.remote)
        mine.bring()
        return mine.head()

    found = as_nobody(work)
    assert found == nobodys.remote.first, found
    found = as_nobody(lambda: Checkout(nobodys.path, nobodys.remote).planned(user="root", revision=NO_COMMIT))
    assert isinstance(found, InvalidError)


def test_a_hostile_git_folder_is_read_without_its_secrets(checkout: Checkout, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    folder = checkout.path / ".git"
    folder.mkdir(parents=True)
    for name in ("HEAD", "packed-refs", "config", "FETCH_HEAD"):
        (folder / name).symlink_to(secret)
    found = read_checkout(checkout.host, str(checkout.path), "main")
    assert found is not None
    assert "hunter2" not in repr(found)
    (folder / "HEAD").unlink()
    os.mkfifo(folder / "HEAD")
    with pytest.raises(UnavailableError):
        checkout.planned()


def test_every_call_of_git_ends_within_the_time_of_all(tmp_path: Path) -> None:
    program = GitProgram(RealHost(None), str(tmp_path), user=None, within=timedelta(0))
    with pytest.raises(TimedOutError, match="within 0 s"):
        program.tell("version")
