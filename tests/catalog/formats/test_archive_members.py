import copy
import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigo.catalog.formats import archive_members
from vigo.catalog.formats.archive_members import Member, MemberKind, Members
from vigo.core.errors import InvalidError, TooLargeError


def accepted(*entries: tuple[str, MemberKind, str], strip: int = 0) -> list[Member | None]:
    members = Members(strip)
    return [members.accept(name, kind, None, to) for name, kind, to in entries]


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "//etc/passwd", "../x", "a/../../x", "a/..", "..", "./../x", "a/./../b"),
        *("a\0b", "a\nb", "a\x1b[31mb", "a\x7f", "a\x9bb", "a\udc80b", "x" * 256, "é" * 128, "/".join("a" * 101)),
        *("a/" * 1025, ".vigo-archive", ".vigo-new-tree/x", "./.vigo-archive"),
    ],
)
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_name_that_may_lead_elsewhere_or_hide_something_is_refused(name: str, kind: MemberKind) -> None:
    with pytest.raises(InvalidError, match="is refused: expected"):
        accepted((name, kind, ""))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a", "a"),
        ("./a/b", "a/b"),
        ("a//b/", "a/b"),
        ("é/…", "é/…"),
        ("...", "..."),
        ("a/.vigo-archive", "a/.vigo-archive"),
    ],
)
def test_a_plain_name_stays(name: str, path: str) -> None:
    (member,) = accepted((name, "file", ""))
    assert member is not None
    assert member.path == path


def test_leading_names_are_left_out_and_what_has_no_more_is_too() -> None:
    entries: list[tuple[str, MemberKind, str]] = [
        ("tool-1", "directory", ""),
        ("README", "file", ""),
        ("tool-1/bin/x", "file", ""),
        ("./tool-1/y", "hard link", "tool-1/bin/x"),
    ]
    found = accepted(*entries, strip=1)
    assert found[:2] == [None, None]
    assert [one and (one.path, one.to, one.parents) for one in found[2:]] == [
        ("bin/x", "", ("bin",)),
        ("y", "bin/x", ()),
    ]


def test_two_members_do_not_meet_at_one_name_once_leading_names_are_left_out() -> None:
    with pytest.raises(InvalidError, match="expected each name once"):
        accepted(("a/x", "file", ""), ("b/x", "file", ""), strip=1)
    with pytest.raises(InvalidError, match="expected each name once, found a second one beside a symlink"):
        accepted(("x", "symlink", "y"), ("x", "file", ""))
    with pytest.raises(InvalidError, match="expected each name once"):
        accepted(("x/y", "file", ""), ("x", "file", ""))
    assert accepted(("x", "directory", ""), ("x/", "directory", ""))[1] is None


def test_nothing_lies_beneath_a_link_or_a_file() -> None:
    for kind, to in (("symlink", "."), ("file", "")):
        with pytest.raises(InvalidError, match="expected a directory on its way"):
            accepted(("a", kind, to), ("a/b", "file", ""))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "to"),
    [
        *(("l", ""), ("l", "/etc"), ("l", ".."), ("l", "../x"), ("a/l", "../../x"), ("a/l", "../..")),
        # Through a link that leads up inside of the folder, `..` behind a name goes further than it is written.
        *(("l", "a/../b"), ("a/b/l", "x/.."), ("l", "a\0"), ("l", "\udc80"), ("l", "x" * 4096)),
    ],
)
def test_a_symlink_that_may_lead_out_is_refused(name: str, to: str) -> None:
    with pytest.raises(InvalidError, match="expected a symlink"):
        accepted((name, "symlink", to))


@pytest.mark.parametrize(
    ("name", "to"), [("l", "x"), ("l", "./a/b"), ("a/l", "../x"), ("a/b/l", "../../x"), ("a/l", "..")]
)
def test_a_symlink_that_stays_in_the_folder_is_one(name: str, to: str) -> None:
    (member,) = accepted((name, "symlink", to))
    assert member is not None
    assert member.to == to


@pytest.mark.parametrize("to", ["", "/etc/passwd", "../x", "missing", "d", "s"])
def test_a_hard_link_leads_to_a_file_of_the_archive(to: str) -> None:
    with pytest.raises(InvalidError, match="refused"):
        accepted(("f", "file", ""), ("d", "directory", ""), ("s", "symlink", "f"), ("h", "hard link", to))


@pytest.mark.parametrize(
    ("kind", "given_mode", "mode"),
    [
        *(("file", None, 0o644), ("file", 0o4777, 0o755), ("file", 0o2750, 0o750), ("file", 0o600, 0o600)),
        *(("file", 0o666, 0o644), ("file", 0, 0o600), ("file", 0o011, 0o600), ("file", 0o1755, 0o755)),
        *(
            ("directory", None, 0o755),
            ("directory", 0o1777, 0o755),
            ("directory", 0o2700, 0o700),
            ("directory", 0, 0o700),
        ),
    ],
)
def test_a_mode_lets_nobody_else_write_and_nothing_run_as_its_owner(
    kind: MemberKind, given_mode: int | None, mode: int
) -> None:
    member = Members().accept("x", kind, given_mode)
    assert member is not None
    assert member.mode == mode


def test_members_and_their_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_members, "MAX_MEMBERS", 3)
    with pytest.raises(TooLargeError, match="at most 3 members"):
        accepted(("a/b/c/d", "file", ""))
    monkeypatch.undo()
    monkeypatch.setattr(archive_members, "MAX_NAMES_BYTES", 5)
    with pytest.raises(TooLargeError, match="5 bytes of names"):
        accepted(("abc", "file", ""), ("def", "file", ""))


PARTS = st.sampled_from(["a", "b", "c", "..", ".", "", "é"])
TEXTS = st.lists(PARTS, max_size=5).map("/".join) | st.text(max_size=8)
KINDS = st.sampled_from(["file", "directory", "symlink", "symlink", "hard link"])


def is_loop(link: Path) -> bool:
    """Return whether a symlink leads to itself: for the kernel nowhere, while `realpath` makes up a place for some."""
    try:
        link.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(TEXTS, KINDS, TEXTS), max_size=12), st.integers(0, 2))
def test_whatever_is_accepted_leads_nowhere_else_on_a_real_file_system(
    entries: list[tuple[str, MemberKind, str]], strip: int
) -> None:
    members = Members(strip)
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder, "deep", "top")
        top.mkdir(parents=True)
        for name, kind, to in entries:
            tried = copy.deepcopy(members)
            try:
                member = tried.accept(name, kind, None, to)
            except InvalidError:  # then the whole archive is; here the others go on
                continue
            members = tried
            if member is None:
                continue
            for parent in member.parents:
                (top / parent).mkdir()
            place = top / member.path
            assert place.parent.resolve() == Path(os.path.normpath(place.parent))
            if kind == "directory":
                place.mkdir()
            elif kind == "symlink":
                place.symlink_to(member.to)
            elif kind == "hard link":
                place.hardlink_to(top / member.to)
            else:
                place.touch()
        for link in (one for one in top.rglob("*") if one.is_symlink() and not is_loop(one)):
            assert Path(os.path.realpath(link)).is_relative_to(top)
        assert sorted(one.name for one in Path(folder).rglob("*") if not one.is_relative_to(top)) == ["deep"]
