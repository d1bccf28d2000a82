from pathlib import Path

import pytest

from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops import MakeDirectory, Run, WriteFile
from vigo.core.errors import VigoError


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
