import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import Command
from vigo.catalog.ops import MakeDirectory, Run, WriteFile
from vigo.core.errors import UnavailableError, VigoError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("one\n")
    (tmp_path / "etc/motd").write_text("one\n")
    return tmp_path


def test_the_accounts_are_read_once_and_other_files_each_time(root: Path) -> None:
    host = RealHost(str(root))
    assert (host.read_text("/etc/passwd"), host.read_text("/etc/motd")) == ("one\n", "one\n")
    for name in ("passwd", "motd"):
        (root / "etc" / name).write_text("two\n")
    assert (host.read_text("/etc/passwd"), host.read_text("/etc/motd")) == ("one\n", "two\n")


def test_a_write_to_the_file_and_any_program_have_it_read_anew(root: Path) -> None:
    host = RealHost(str(root))
    execute = Executors(host).execute
    assert host.read_text("/etc/passwd") == "one\n"
    execute(WriteFile(path="/etc/passwd", content=b"two\n"))
    assert host.read_text("/etc/passwd") == "two\n"
    (root / "etc/passwd").write_text("three\n")
    execute(MakeDirectory(path="/etc/other"))
    assert host.read_text("/etc/passwd") == "two\n"
    with pytest.raises(VigoError):  # an image runs no programs; it may have been half-way all the same
        execute(Run(argv=("useradd", "x")))
    assert host.read_text("/etc/passwd") == "three\n"


def test_who_looks_afresh_reads_anew(root: Path) -> None:
    host = RealHost(str(root))
    assert host.read_text("/etc/passwd") == "one\n"
    (root / "etc/passwd").unlink()
    host.look_afresh()
    assert host.read_text("/etc/passwd") is None


def test_within_one_look_a_path_is_as_it_was_first_seen_and_its_content_as_it_is(root: Path) -> None:
    host = RealHost(str(root))
    with host.one_look():
        before = host.stat("/etc/motd")
        assert host.stat("/etc/new") is None
        (root / "etc/motd").write_text("longer\n")
        (root / "etc/new").write_text("new\n")
        assert host.stat("/etc/motd") == before
        assert host.stat("/etc/new") is None
        assert host.read_text("/etc/motd") == "longer\n"
    after = host.stat("/etc/motd")
    assert after is not None
    assert after.size_bytes == len("longer\n")


def test_an_operation_and_a_guard_end_what_was_seen_in_one_look() -> None:
    host = RealHost(None)
    with TemporaryDirectory() as folder, host.one_look():
        first, second = f"{folder}/first", f"{folder}/second"
        assert (host.stat(first), host.stat(second)) == (None, None)
        host.forget(WriteFile(path=first, content=b""))
        Path(first).touch()
        assert host.stat(first) is not None
        host.check(Command(argv=("touch", second)))
        assert host.stat(second) is not None


def test_what_became_a_pipe_within_one_look_is_not_waited_for() -> None:
    host = RealHost(None)
    with TemporaryDirectory() as folder, host.one_look():
        path = f"{folder}/file"
        Path(path).touch()
        host.stat(path)
        Path(path).unlink()
        os.mkfifo(path)
        with pytest.raises(UnavailableError, match="expected a regular file"):
            host.read_bytes(path)
