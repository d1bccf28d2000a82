import asyncio
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.agent.watching.writers import Writers, Writing, parse_writings
from vigo.core.errors import BlockedError

LOOP = "import sys, time\nwhile True:\n    open(sys.argv[1], 'w').close()\n    time.sleep(0.01)\n"


def event(pid: int, name: bytes, version: int = 3) -> bytes:
    padded = name + b"\0" * (4 - len(name) % 4)
    info = struct.pack("=BBH", 2, 0, 4 + 16 + 8 + len(padded)) + struct.pack("=IiIi", 1, 2, 8, 1) + b"h" * 8 + padded
    return struct.pack("=IBBHQii", 24 + len(info), version, 0, 24, 8, -1, pid) + info


def test_events_name_the_process_and_what_it_changed() -> None:
    data = event(7, b"conf") + event(8, "ä ü".encode())
    assert list(parse_writings(data)) == [Writing(7, "conf"), Writing(8, "ä ü")]


def test_an_event_of_another_version_ends_it() -> None:
    assert list(parse_writings(event(7, b"conf", version=4) + event(8, b"x"))) == []


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    list(parse_writings(data))


@given(st.data())
def test_no_damage_is_too_odd(data: st.DataObject) -> None:
    whole = bytearray(event(7, b"conf") + event(8, b"other"))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    list(parse_writings(bytes(whole[: data.draw(st.integers(0, len(whole)))])))


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[int]:
    """A process that writes a file again and again; not a child of this one, as whoever fights with an agent is not."""
    argv = ["sh", "-c", '"$0" -c "$1" "$2" > /dev/null & echo $!', sys.executable, LOOP, str(tmp_path / "conf")]
    pid = int(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)
    yield pid
    os.kill(pid, signal.SIGKILL)


def test_the_kernel_names_whoever_writes_and_never_the_agent_itself(tmp_path: Path, writer: int) -> None:
    async def named() -> str:
        looking = asyncio.create_task(Writers(str(tmp_path), look_seconds=20).name("/conf"))
        await asyncio.sleep(0)
        (tmp_path / "conf").write_text("our own")
        return await looking

    try:
        found = asyncio.run(named())
    except BlockedError as error:
        pytest.skip(str(error))
    assert found.endswith(f"(process {writer})")
    assert str(os.getpid()) not in found
