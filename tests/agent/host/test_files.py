import os
from pathlib import Path

import pytest

from tests.agent.host.conftest import World, as_nobody, open_to_all
from vigo.agent.host import files
from vigo.agent.host.real_host import RealHost
from vigo.core.errors import TooLargeError, UnavailableError


def test_a_pipe_without_a_writer_is_refused_at_once(world: World) -> None:
    os.mkfifo(world.root / "pipe")
    with pytest.raises(UnavailableError, match=r"^/pipe: expected a regular file, found a device, socket or pipe"):
        world.host.read_bytes("/pipe")


def test_a_device_is_not_even_opened(machine: RealHost, monkeypatch: pytest.MonkeyPatch) -> None:
    real, opened = os.open, []

    def watching(path: str, flags: int, *more: int, **options: int) -> int:
        if not flags & os.O_PATH:
            opened.append(path)
        return real(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", watching)
    with pytest.raises(UnavailableError, match="found a device"):
        machine.read_bytes("/dev/null")
    assert opened == []


def test_a_file_over_the_limit_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "f").write_bytes(b"x" * 100)
    assert world.host.read_bytes("/f") == b"x" * 100
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 99)
    with pytest.raises(TooLargeError, match=r"^/f: expected at most 99 bytes, found 100 bytes"):
        world.host.read_bytes("/f")


def test_a_file_that_hides_its_size_is_bounded_too(machine: RealHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 10)
    with pytest.raises(TooLargeError, match="found more"):
        machine.read_bytes("/proc/self/status")


def test_files_of_the_kernel_are_read_whole(machine: RealHost) -> None:
    text = machine.read_text("/proc/self/status")
    assert text is not None
    assert f"Pid:\t{os.getpid()}\n" in text


def test_what_may_not_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    host = RealHost(str(tmp_path))
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "closed").mkdir(mode=0o700)
    for read in (
        lambda: host.read_bytes("/secret"),
        lambda: host.list_directory("/closed"),
        lambda: host.stat("/closed/x"),
    ):
        error = as_nobody(read)
        assert isinstance(error, UnavailableError), error
        assert "Permission denied; the agent runs as uid 65534; run it as root" in str(error)
    assert as_nobody(lambda: host.stat("/secret")) is not None


def test_a_name_that_is_no_text_can_be_read_again(world: World) -> None:
    (world.root / os.fsdecode(b"n\xff")).write_text("x")
    (name,) = world.host.list_directory("/") or ()
    assert world.host.read_text(f"/{name}") == "x"
