"""The executor of `MakeSwapFile`."""

import errno
import fcntl
import os
import struct
from contextlib import suppress
from datetime import timedelta

from vigo.agent.host.entry import Entry, entry_at
from vigo.agent.host.faults import ABSENT
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import replacing, take_place
from vigo.catalog.api import Command
from vigo.catalog.ops.swap import MakeSwapFile
from vigo.core.errors import BlockedError, UnavailableError

MODE = 0o600
LONGEST = timedelta(minutes=10)
"""How long switching the former area off may take: what is in it goes back into memory."""

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SIGNATURE = b"SWAPSPACE2"
_PAGE_SIZES = (4096, 8192, 16_384, 65_536)
_CHUNK = bytes(1024 * 1024)
_NO_FALLOCATE = frozenset({errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})

# Source: ioctl_iflags(2). A file of btrfs that is copied on each write cannot be swapped to.
_GET_FLAGS, _SET_FLAGS, _NO_COPY_ON_WRITE = 0x80086601, 0x40086602, 0x00800000


def make_swap_file(op: MakeSwapFile, host: RealHost) -> None:
    """Put a swap file in its place at once.

    Raises:
        OSError: the kernel refuses a step, say since the disk is full; what was there is still in its place.
        BlockedError: this is an image, or there is no mkswap.
        UnavailableError: something else is at the path, or mkswap or swapoff fails.
    """
    if host.is_image():
        raise BlockedError("no swap file is made in an image (--root); it is due once the image has been started")
    with host.root.place_to_change(op.path) as place:
        with entry_at(place) as old:
            _require_replaceable(op, old)
        with replacing(place) as temporary:
            descriptor = os.open(temporary, _NEW, MODE, dir_fd=place.directory)
            try:
                _without_copy_on_write(descriptor)
                _allocate(descriptor, op.size_bytes)
                # By its descriptor: whoever may rename in the folder cannot lead mkswap to another file.
                _run(host, "mkswap", f"/proc/{os.getpid()}/fd/{descriptor}")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if op.is_on:
                _run(host, "swapoff", op.path)
            take_place(place, temporary)


def _require_replaceable(op: MakeSwapFile, old: Entry | None) -> None:
    if old is None:
        return
    if not (op.replaces and old.kind == "file" and _is_swap_area(old)):
        raise UnavailableError("expected nothing or a swap file there, found something else; it is not overwritten")


def _is_swap_area(entry: Entry) -> bool:
    descriptor = os.open(entry.handle, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return any(os.pread(descriptor, len(_SIGNATURE), size - len(_SIGNATURE)) == _SIGNATURE for size in _PAGE_SIZES)
    finally:
        os.close(descriptor)


def _without_copy_on_write(descriptor: int) -> None:
    with suppress(OSError):  # most file systems do not know it and do not need it
        flags = struct.unpack("l", fcntl.ioctl(descriptor, _GET_FLAGS, struct.pack("l", 0)))[0]
        fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("l", flags | _NO_COPY_ON_WRITE))


def _allocate(descriptor: int, size_bytes: int) -> None:
    """Give the file all its blocks: one with holes cannot be swapped to."""
    try:
        os.posix_fallocate(descriptor, 0, size_bytes)
    except OSError as error:
        if error.errno not in _NO_FALLOCATE:
            raise
        left = size_bytes
        while left:
            left -= os.write(descriptor, _CHUNK[:left])


def _run(host: RealHost, program: str, path: str) -> None:
    try:
        ending = host.programs.run(Command(argv=(program, "--", path), timeout=LONGEST))
    except OSError as error:
        if error.errno in ABSENT:
            raise BlockedError(f"expected the program {program}, found none; install util-linux") from error
        raise
    if ending.timed_out or ending.status:
        told = ending.stderr.text().strip() or f"status {ending.status}"
        raise UnavailableError(f"{program} failed: {'it took too long' if ending.timed_out else told}")
