import os
import resource
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.agent.host.conftest import World
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.swap import MakeSwapFile
from vigo.core.errors import BlockedError, UnavailableError

MEBIBYTE = 1024 * 1024
SIGNATURE = b"SWAPSPACE2"


def kind_of(path: Path) -> str:
    """Return what blkid finds in a file."""
    argv = ["/sbin/blkid", "-p", "-s", "TYPE", "-o", "value", str(path)]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


def make(host: RealHost, path: Path, size_bytes: int = MEBIBYTE, *, replaces: bool = False) -> None:
    Executors(host).execute(MakeSwapFile(path=str(path), size_bytes=size_bytes, replaces=replaces))


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """Let the kernel refuse larger files, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_it_is_a_swap_area_without_holes_that_nobody_else_can_read(machine: RealHost, tmp_path: Path) -> None:
    path = tmp_path / "swap file"
    before = os.umask(0)
    try:
        make(machine, path)
    finally:
        os.umask(before)
    found = path.stat()
    assert kind_of(path) == "swap"
    assert (stat.S_IMODE(found.st_mode), found.st_size) == (0o600, MEBIBYTE)
    assert found.st_blocks * 512 >= MEBIBYTE
    assert [entry.name for entry in tmp_path.iterdir()] == ["swap file"]


def test_an_area_of_another_size_takes_the_place_of_one(machine: RealHost, tmp_path: Path) -> None:
    path = tmp_path / "swap"
    make(machine, path)
    make(machine, path, 2 * MEBIBYTE, replaces=True)
    assert (kind_of(path), path.stat().st_size) == ("swap", 2 * MEBIBYTE)


@pytest.mark.parametrize("replaces", [False, True])
def test_data_is_never_overwritten(machine: RealHost, tmp_path: Path, *, replaces: bool) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"precious" * 1000)
    with pytest.raises(UnavailableError, match="it is not overwritten"):
        make(machine, path, replaces=replaces)
    assert path.read_bytes() == b"precious" * 1000


def test_a_symlink_is_not_followed_or_replaced(machine: RealHost, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(4096 - len(SIGNATURE)) + SIGNATURE)
    (tmp_path / "link").symlink_to("data")
    with pytest.raises(UnavailableError, match="it is not overwritten"):
        make(machine, tmp_path / "link", replaces=True)
    assert (tmp_path / "link").is_symlink()


def test_an_area_that_came_meanwhile_is_not_replaced_unasked(machine: RealHost, tmp_path: Path) -> None:
    make(machine, tmp_path / "swap")
    with pytest.raises(UnavailableError, match="it is not overwritten"):
        make(machine, tmp_path / "swap", 2 * MEBIBYTE)
    assert (tmp_path / "swap").stat().st_size == MEBIBYTE


def test_what_was_there_stays_where_the_new_one_does_not_fit(machine: RealHost, tmp_path: Path) -> None:
    path = tmp_path / "swap"
    make(machine, path)
    with files_of_at_most(MEBIBYTE), pytest.raises(UnavailableError, match="File too large"):
        make(machine, path, 2 * MEBIBYTE, replaces=True)
    assert (kind_of(path), path.stat().st_size) == ("swap", MEBIBYTE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["swap"]


def test_what_mkswap_refuses_is_told_and_leaves_nothing_behind(machine: RealHost, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="mkswap failed"):
        make(machine, tmp_path / "swap", 4096)
    assert list(tmp_path.iterdir()) == []


def test_it_is_written_where_the_file_system_cannot_allocate(
    machine: RealHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    make(machine, tmp_path / "swap", 3 * MEBIBYTE + 4096)
    assert kind_of(tmp_path / "swap") == "swap"
    assert (tmp_path / "swap").stat().st_blocks * 512 >= 3 * MEBIBYTE


def test_none_is_made_in_an_image(world: World) -> None:
    with pytest.raises(BlockedError, match="no swap file is made in an image"):
        world.execute(MakeSwapFile(path="/swap", size_bytes=MEBIBYTE))
    assert list(world.root.iterdir()) == []
