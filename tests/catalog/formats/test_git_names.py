import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.git_names import (
    check_repository,
    check_revision,
    host_of_repository,
    is_commit,
    is_unproven,
    wanted_refs,
    without_credentials,
)
from vigo.core.errors import InvalidError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("repo", "host"),
    [
        ("https://git.example.com/shop.git", "git.example.com"),
        ("https://git.example.com:8443/a/b%20c", "git.example.com:8443"),
        ("ssh://git@git.example.com:2222/~me/shop.git", "git.example.com:2222"),
        ("ssh://[2001:db8::1]/x", "[2001:db8::1]"),
        ("git@git.example.com:shop.git", "git.example.com"),
        ("git.example.com:~/shop", "git.example.com"),
        ("file:///srv/git/shop.git", "/srv/git/shop.git"),
        ("/srv/git/shop.git", "/srv/git/shop.git"),
        ("git://git.example.com/shop", "git.example.com"),
    ],
)
def test_an_address_is_accepted_and_told_by_its_host(repo: str, host: str) -> None:
    check_repository("repo", repo)
    assert host_of_repository(repo) == host


@pytest.mark.parametrize(
    "repo",
    [
        *("", "-x", "--upload-pack=id", "ext::sh -c id", "ext::https://a/b", "a::b", "fd::7", "shop", "./shop", "~/x"),
        *("https://", "https:///x", "https://a", "https://-a/x", "https://a/x y", "https://a/x\n", "https://a:0/x"),
        *("https://a:65536/x", "https://a/x?t=1", "https://a/x#y", 'https://a/"', "https://a/\\x", "ftp://a/x"),
        *("ssh://-oProxyCommand=id/x", "ssh://-x@a/b", "-x@a:b", "a:-x", "@a:b", "file://a/x", "/a/../b", "//a"),
        *("HTTPS://a/x", "https://é/x", "a:b c", "https://a/" + "x" * 3000),
    ],
)
def test_what_is_no_address_is_refused(repo: str) -> None:
    with pytest.raises(InvalidError):
        check_repository("repo", repo)


@pytest.mark.parametrize(
    "repo",
    [
        "https://robot:hunter2@a.example/x",
        "https://hunter2@a.example/x",
        "ssh://git:hunter2@a.example/x",
        "https://a.example/x?token=hunter2",
        "http://:hunter2@a.example/x",
    ],
)
def test_a_password_is_refused_and_not_shown(repo: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check_repository("repo", repo)
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=60) | st.from_regex(r"[-a-z@:/.?#%\[\]\n ]{0,30}"))
def test_no_accepted_address_is_an_option_a_program_or_a_secret(repo: str) -> None:
    try:
        check_repository("repo", repo)
    except InvalidError:
        return
    assert not repo.startswith("-")
    assert "::" not in repo.partition("[")[0] or repo.startswith("/")
    assert repo.isprintable()
    assert not re.match(r"https?://[^/]*@", repo)
    assert not host_of_repository(repo).startswith("-")


@pytest.mark.parametrize(
    "revision", ["main", "v1.4", "HEAD", "a/b", "refs/heads/a", "refs/tags/v1", COMMIT, "1.0", "x@y"]
)
def test_a_revision_is_accepted(revision: str) -> None:
    check_revision("revision", revision)


@pytest.mark.parametrize(
    "revision",
    [
        *("", "-x", "--force", "a..b", "a b", "a\n", "a~1", "a^", "a^{commit}", "a:b", "a?", "*", "a[", "a\\b", "@"),
        *("@{u}", "a@{1}", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "refs/x/y", "refs/heads/"),
        *("refs/heads/-x", "refs/heads/refs/heads/a", "refs/heads/HEAD", "origin/main", "a\0", "é", "x" * 300, "refs/"),
    ],
)
def test_what_is_no_revision_is_refused(revision: str) -> None:
    with pytest.raises(InvalidError, match=r"^revision: "):
        check_revision("revision", revision)


@given(st.text(max_size=30))
def test_no_accepted_revision_is_an_option_or_leads_out_of_the_refs(revision: str) -> None:
    try:
        check_revision("revision", revision)
    except InvalidError:
        return
    assert not revision.startswith("-")
    for ref in wanted_refs(revision):
        assert ref == "HEAD" or ref.startswith(("refs/heads/", "refs/tags/"))
        assert not {"", ".", ".."} & set(ref.split("/"))


def test_only_a_whole_id_is_a_commit() -> None:
    assert is_commit(COMMIT)
    assert is_commit(COMMIT.upper())
    assert is_commit("a" * 64)
    assert not any(map(is_commit, ("a" * 39, "a" * 41, "g" * 40, "a" * 40 + "\n", "")))


def test_a_protocol_by_which_others_can_change_what_comes_is_known() -> None:
    assert [is_unproven(f"{scheme}://a/x") for scheme in ("http", "git", "https", "ssh", "file")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@given(st.text(max_size=200))
def test_no_user_and_password_of_a_url_are_left(text: str) -> None:
    shown = without_credentials(f"{text} https://robot:hunter2@a.example/x {text}")
    assert "hunter2" not in shown
    assert "\x1b" not in shown
