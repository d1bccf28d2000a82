"""What a look saw, and whether anything of it has moved since, on real file systems."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from vigo.agent.host import look, programs
from vigo.agent.host.real_host import RealHost
from vigo.agent.machine import Marks
from vigo.catalog.api import Command
from vigo.core.errors import UnavailableError

Ask = Callable[[RealHost], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("etc", "srv/one", "srv/two"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/motd").write_text("hello\n")
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (tmp_path / "etc/link").symlink_to("motd")
    for name in ("one", "two"):
        (tmp_path / "srv" / name / "f").write_text("same\n")
    (tmp_path / "srv/now").symlink_to("one")
    return tmp_path


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled however new they are."""
    monkeypatch.setattr(look, "GRAIN_NS", -(10**18))


def seen(host: RealHost, *asked: Ask) -> Marks | None:
    with host.one_look() as one:
        for ask in asked:
            with suppress(UnavailableError):
                ask(host)
    return one.marks()


def marks_of(host: RealHost, *asked: Ask) -> Marks:
    found = seen(host, *asked)
    assert found is not None
    return found


def rewritten(root: Path) -> None:
    """Write other content of the same size, and set the time of the last change back."""
    path = root / "etc/motd"
    before = path.stat()
    path.write_text("HELLO\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(root: Path) -> None:
    new = root / "etc/new"
    new.write_text("hello\n")
    before = (root / "etc/motd").stat()
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.rename(root / "etc/motd")


def led_elsewhere(root: Path) -> None:
    (root / "srv/now").unlink()
    (root / "srv/now").symlink_to("two")


ASKED: dict[str, tuple[Ask, ...]] = {
    "stat": (lambda host: host.stat("/etc/motd"),),
    "content": (lambda host: host.read_bytes("/etc/motd"),),
    "both": (lambda host: host.stat("/etc/motd"), lambda host: host.read_text("/etc/motd")),
    "through a symlink": (lambda host: host.read_text("/etc/link"),),
    "digest": (lambda host: host.read_digest("/etc/motd"),),
}
MOVES: dict[str, Callable[[Path], object]] = {
    "rewritten": rewritten,
    "replaced": replaced,
    "removed": lambda root: (root / "etc/motd").unlink(),
    "mode": lambda root: (root / "etc/motd").chmod(0o600),
    "another name": lambda root: os.link(root / "etc/motd", root / "etc/other"),
    "the folder is another": lambda root: (root / "etc").rename(root / "former"),
}


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("asked", ASKED)
def test_whatever_happens_to_a_file_moves_it(root: Path, asked: str, move: str) -> None:
    host = RealHost(str(root))
    marks = marks_of(host, *ASKED[asked])
    assert not host.has_moved(marks)
    MOVES[move](root)
    assert RealHost(str(root)).has_moved(marks)


@pytest.mark.usefixtures("settled")
def test_what_is_not_there_moves_by_coming(root: Path) -> None:
    host = RealHost(str(root))
    for path in ("/etc/new", "/etc/newer/file"):
        for ask in (host.stat, host.read_bytes, host.read_link, host.list_directory, host.has_program):
            marks = marks_of(host, lambda _, ask=ask, path=path: ask(path))
            assert not host.has_moved(marks)
            target = root / path[1:]
            target.parent.mkdir(exist_ok=True)
            target.write_text("")
            assert host.has_moved(marks)
            target.unlink()


@pytest.mark.usefixtures("settled")
def test_a_folder_moves_with_its_names_and_a_path_with_the_symlinks_on_its_way(root: Path) -> None:
    host = RealHost(str(root))
    names = marks_of(host, lambda host: host.list_directory("/srv/one"))
    content = marks_of(host, lambda host: host.read_text("/srv/now/f"))
    target = marks_of(host, lambda host: host.read_link("/srv/now"))
    assert not any(map(host.has_moved, (names, content, target)))
    (root / "srv/one/new").touch()
    led_elsewhere(root)
    assert all(map(host.has_moved, (names, content, target)))


@pytest.mark.usefixtures("settled")
def test_a_file_that_is_read_once_for_all_is_told_of_in_each_look(root: Path) -> None:
    host = RealHost(str(root))
    first, second = (marks_of(host, lambda host: host.read_text("/etc/passwd")) for _ in range(2))
    assert first == second
    (root / "etc/passwd").write_text("")
    later = seen(host, lambda host: host.read_text("/etc/passwd"))
    assert later == first, "the content is the former one, and so is the mark"
    assert host.has_moved(first)


def test_what_was_changed_a_moment_ago_may_change_again_unseen(root: Path) -> None:
    assert seen(RealHost(str(root)), lambda host: host.stat("/etc/motd")) is None
    assert seen(RealHost(str(root)), lambda host: host.stat("/etc/none")) == (("/etc/none", False, b""),)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    "ask",
    [
        lambda host: host.read_text("/proc/uptime"),
        lambda host: host.read_text("/proc/self/mounts"),
        lambda host: host.read_text("/etc/mtab"),
        lambda host: host.list_directory("/proc"),
        lambda host: host.list_directory("/sys/class/net"),
        lambda host: host.read_text("/sys/kernel/mm/transparent_hugepage/enabled"),
        lambda host: host.query(("true",)),
        lambda host: host.check(Command(argv=("true",))),
        lambda host: host.read_text("/etc"),
    ],
)
def test_what_changes_without_a_trace_or_cannot_be_told_has_no_marks(ask: Ask) -> None:
    host = RealHost(None)
    assert seen(host, lambda host: host.stat("/"), ask) is None or ask(host) is None


@pytest.mark.usefixtures("settled")
def test_an_empty_file_may_be_the_kernels(root: Path) -> None:
    (root / "etc/empty").touch()
    assert seen(RealHost(str(root)), lambda host: host.read_text("/etc/empty")) is None


@pytest.mark.usefixtures("settled")
def test_a_name_that_is_no_text_cannot_be_stored(root: Path) -> None:
    name = os.fsdecode(b"/etc/\xff")
    (root / name[1:]).write_text("x")
    assert seen(RealHost(str(root)), lambda host: host.read_text(name)) is None


@pytest.mark.usefixtures("settled")
def test_an_answer_that_is_made_of_files_moves_with_them(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(root / "etc/motd")
    monkeypatch.setattr(programs, "_MADE_OF", {"cat": (path, str(root / "none"))})
    host = RealHost(None)
    first, second = (marks_of(host, lambda host: host.query(("cat", path))) for _ in range(2))
    assert first == second
    assert {mark[0] for mark in first} == {path, str(root / "none")}
    rewritten(root)
    assert host.has_moved(first)
    # The answer is still the former one, so its marks are too.
    assert seen(host, lambda host: host.query(("cat", path))) == first
