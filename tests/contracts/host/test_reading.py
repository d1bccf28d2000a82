import hashlib
from collections.abc import Callable

import pytest

from tests.contracts.host.conftest import Files, Subject
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeNode

Make = Callable[[Files], Subject]

TREE: Files = {
    "/etc/motd": "hello\n",
    "/etc/bytes": b"\xff\x00x",
    "/etc/private": FakeNode(content=b"s", mode=0o600),
    "/etc/suid": FakeNode(content=b"s", mode=0o4755),
    "/etc/d": FakeNode.directory(0o2750),
    "/etc/pipe": FakeNode(kind="other", mode=0o644),
    "/etc/link": FakeNode.symlink("motd"),
    "/etc/absolute": FakeNode.symlink("/etc/motd"),
    "/etc/up": FakeNode.symlink("../../../../etc/motd"),
    "/etc/gone": FakeNode.symlink("nowhere"),
    "/etc/loop": FakeNode.symlink("loop"),
    "/etc/to_d": FakeNode.symlink("/etc"),
    "/etc/d/inner": "in",
}


@pytest.mark.parametrize(
    ("path", "kind", "mode", "size"),
    [
        ("/etc/motd", "file", 0o644, 6),
        ("/etc/private", "file", 0o600, 1),
        ("/etc/suid", "file", 0o4755, 1),
        ("/etc/d", "directory", 0o2750, None),
        ("/etc/pipe", "other", 0o644, 0),
        ("/etc/link", "symlink", 0o777, 4),
        ("/etc/to_d/motd", "file", 0o644, 6),
        ("/etc/to_d/link", "symlink", 0o777, 4),
        ("/etc/d/../motd", "file", 0o644, 6),
        ("/../../etc/motd", "file", 0o644, 6),
        ("/etc//./motd", "file", 0o644, 6),
        ("/etc/d/", "directory", 0o2750, None),
        ("/etc/to_d/", "directory", 0o755, None),
        ("/etc/loop", "symlink", 0o777, 4),
        ("/etc/gone", "symlink", 0o777, 7),
    ],
)
def test_what_is_at_a_path_itself(make: Make, path: str, kind: str, mode: int, size: int | None) -> None:
    stat = make(TREE).host.stat(path)
    assert stat is not None
    assert (stat.kind, stat.mode) == (kind, mode)
    assert size is None or stat.size_bytes == size


@pytest.mark.parametrize("path", ["/none", "/none/x", "/etc/motd/x", "/etc/motd/", "/etc/gone/x", "/none/../etc/motd"])
def test_absent_is_none(make: Make, path: str) -> None:
    host = make(TREE).host
    assert host.stat(path) is None
    assert host.read_bytes(path) is None
    assert host.read_text(path) is None
    assert host.read_digest(path) is None
    assert host.read_link(path) is None
    assert host.list_directory(path) is None


def test_the_root_is_a_directory_and_what_is_above_it_is_itself(make: Make) -> None:
    host = make(TREE).host
    for path in ("/", "/..", "/etc/.."):
        stat = host.stat(path)
        assert stat is not None
        assert stat.kind == "directory"
        assert host.list_directory(path) == ("etc",)


@pytest.mark.parametrize("path", ["/etc/motd", "/etc/link", "/etc/absolute", "/etc/up", "/etc/to_d/link"])
def test_reading_follows_symlinks_inside_the_root(make: Make, path: str) -> None:
    assert make(TREE).host.read_text(path) == "hello\n"


def test_a_symlink_to_nothing_reads_as_absent(make: Make) -> None:
    assert make(TREE).host.read_bytes("/etc/gone") is None


def test_undecodable_bytes_are_replaced_in_text_and_kept_in_bytes(make: Make) -> None:
    host = make(TREE).host
    assert host.read_bytes("/etc/bytes") == b"\xff\x00x"
    assert host.read_text("/etc/bytes") == "\ufffd\x00x"


@pytest.mark.parametrize(
    ("path", "found"), [("/etc/d", "directory"), ("/etc/pipe", "(other|device)"), ("/etc/to_d", "dir")]
)
def test_what_is_no_regular_file_is_not_read(make: Make, path: str, found: str) -> None:
    with pytest.raises(UnavailableError, match=rf"^{path}: .*expected a regular file, found a {found}"):
        make(TREE).host.read_bytes(path)


@pytest.mark.parametrize("read", ["read_bytes", "read_text", "list_directory"])
def test_a_loop_of_symlinks_is_an_error_and_not_absence(make: Make, read: str) -> None:
    with pytest.raises(UnavailableError, match="symlinks"):
        getattr(make(TREE).host, read)("/etc/loop")


def test_a_symlinks_target_is_given_as_written(make: Make) -> None:
    host = make(TREE).host
    assert host.read_link("/etc/up") == "../../../../etc/motd"
    assert host.read_link("/etc/absolute") == "/etc/motd"
    assert host.read_link("/etc/motd") is None
    assert host.read_link("/etc/d") is None


def test_names_are_sorted_and_symlinks_to_directories_followed(make: Make) -> None:
    host = make({"/d/b": "", "/d/a": "", "/d/C/x": "", "/l": FakeNode.symlink("d")}).host
    assert host.list_directory("/d") == ("C", "a", "b")
    assert host.list_directory("/l") == ("C", "a", "b")
    assert host.list_directory("/d/a") is None


def test_a_folder_is_an_image_in_which_no_program_is_asked(make: Make) -> None:
    host = make({}).host
    assert host.is_image()
    assert host.query(("getent", "passwd", "root")) is None
    assert not host.has_program("getent")


@pytest.mark.parametrize("path", ["/etc/bytes", "/etc/to_d/bytes"])
def test_a_digest_is_that_of_the_content(make: Make, path: str) -> None:
    assert make(TREE).host.read_digest(path) == hashlib.sha256(b"\xff\x00x").hexdigest()


@pytest.mark.parametrize("path", ["/etc/d", "/etc/pipe", "/etc"])
def test_what_is_no_file_has_no_digest(make: Make, path: str) -> None:
    with pytest.raises(UnavailableError, match="expected a regular file"):
        make(TREE).host.read_digest(path)
