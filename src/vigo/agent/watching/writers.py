"""Who changes a file, as the kernel tells root. Source: fanotify(7), fanotify_init(2), fanotify_mark(2)."""

import asyncio
import ctypes
import os
import posixpath
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from vigo.agent.host.root import Root
from vigo.core.errors import BlockedError

LOOK_SECONDS: Final = 12.0
"""A little longer than the first pause of what is fought over, so that the answer to its next repair is seen."""

_MOST_EVENTS: Final = 5_000
_READ_BYTES: Final = 64 * 1024
_SHOWN_CHARACTERS: Final = 100

_CLOEXEC, _NONBLOCK, _REPORT_DFID_NAME = 0x1, 0x2, 0xC00
_MARK_ADD, _MARK_ONLYDIR = 0x1, 0x8
_ATTRIB, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x4, 0x8, 0x40, 0x80, 0x100, 0x200
_ON_CHILD, _ON_DIRECTORY = 0x0800_0000, 0x4000_0000
_MASK: Final = _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _ON_CHILD | _ON_DIRECTORY
_AT_FDCWD: Final = -100

_HEAD: Final = struct.Struct("=IBBHQii")
_INFO: Final = struct.Struct("=BBH")
_HANDLE: Final = struct.Struct("=IiIi")  # the file system's id, then the size and type of the folder's handle
_VERSION: Final = 3
_INFO_DFID_NAME: Final = 2


class Writing(NamedTuple):
    """A process that changed a name in the folder."""

    pid: int
    name: str


def parse_writings(data: bytes) -> Iterator[Writing]:
    """Yield the writings in what the kernel hands over; what is cut short or of another version yields nothing."""
    at = 0
    while at + _HEAD.size <= len(data):
        length, version, _, head_length, _, _, pid = _HEAD.unpack_from(data, at)
        end = at + length
        if version != _VERSION or length < max(_HEAD.size, head_length) or end > len(data):
            return
        yield from (Writing(pid, name) for name in _names(data[at + head_length : end]))
        at = end


def _names(infos: bytes) -> Iterator[str]:
    at = 0
    while at + _INFO.size <= len(infos):
        kind, _, length = _INFO.unpack_from(infos, at)
        if length < _INFO.size or at + length > len(infos):
            return
        start = at + _INFO.size + _HANDLE.size
        if kind == _INFO_DFID_NAME and start <= at + length:
            handle_bytes = _HANDLE.unpack_from(infos, at + _INFO.size)[2]
            name = infos[start + handle_bytes : at + length].split(b"\0", 1)[0]
            if name:
                yield os.fsdecode(name)
        at += length


class Writers:
    """Names whoever changes a path beneath a root."""

    def __init__(self, root: str | None, look_seconds: float = LOOK_SECONDS) -> None:
        self._root = Root(root)
        self._look_seconds = look_seconds

    async def name(self, path: str) -> str:
        """Return the process that changes a path next, such as `puppet (process 812)`, or an empty text after a while.

        Raises:
            BlockedError: the kernel does not tell this program.
        """
        descriptor = self._listening(path)
        try:
            async with asyncio.timeout(self._look_seconds):
                return await _first(descriptor, posixpath.basename(path))
        except TimeoutError:
            return ""
        finally:
            os.close(descriptor)

    def _listening(self, path: str) -> int:
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            init, mark = libc.fanotify_init, libc.fanotify_mark
        except AttributeError as error:
            raise BlockedError("expected the C library to know fanotify, found that it does not") from error
        mark.argtypes = (ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p)
        descriptor = int(init(_CLOEXEC | _NONBLOCK | _REPORT_DFID_NAME, os.O_RDONLY | os.O_CLOEXEC))
        if descriptor < 0:
            raise _refused()
        with self._root.place(path, follow=False) as place:
            folder = b"" if place is None else f"/proc/self/fd/{place.directory}".encode()
            status = mark(descriptor, _MARK_ADD | _MARK_ONLYDIR, _MASK, _AT_FDCWD, folder)
        if status != 0:
            refusal = _refused()
            os.close(descriptor)
            raise refusal
        return descriptor


def _refused() -> BlockedError:
    reason = os.strerror(ctypes.get_errno())
    return BlockedError(f"expected the kernel to tell who writes (fanotify, as root), found: {reason}")


async def _first(descriptor: int, name: str) -> str:
    """Return who first changes a name in the folder, other than this agent and those that it started."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        for _ in range(_MOST_EVENTS):
            await readable.wait()
            readable.clear()
            with suppress(BlockingIOError):
                for writing in parse_writings(os.read(descriptor, _READ_BYTES)):
                    if writing.name == name and not _is_own(writing.pid):
                        return _called(writing.pid)
    finally:
        loop.remove_reader(descriptor)
    return ""


def _is_own(pid: int) -> bool:
    return pid == os.getpid() or _parent(pid) == os.getpid()


def _parent(pid: int) -> int:
    try:
        # The name before it may hold anything, brackets too. Source: proc_pid_stat(5).
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _called(pid: int) -> str:
    """Return how a process is told of: its program's name, never its arguments, which may hold secrets."""
    if pid <= 0:
        return "a process outside of this machine's view (another container)"
    try:
        name = Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return f"a process that has ended (process {pid})"
    return f"{''.join(one if one.isprintable() else '?' for one in name)[:_SHOWN_CHARACTERS]} (process {pid})"
