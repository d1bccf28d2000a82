"""The executor of `UnpackArchive`."""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import IO

from vigo.agent.host.archive_reader import Budget, content_of, members_of
from vigo.agent.host.entry import change_owner, entry_at
from vigo.agent.host.faults import ABSENT
from vigo.agent.host.fetch_file import MAX_DOWNLOAD_BYTES, fetch_known, require_digest
from vigo.agent.host.files import called
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import PREFIX, sync_directory, temporary_name
from vigo.agent.host.root import Place
from vigo.agent.host.unpacked_tree import (
    TreeWriter,
    move_in,
    new_folder,
    opened_folder,
    read_record,
    remove_recorded,
    require_room,
    sync_file_system,
    write_record,
)
from vigo.agent.host.write_file import write_all
from vigo.catalog.formats.archive_members import Members
from vigo.catalog.formats.archive_record import ArchiveRecord
from vigo.catalog.formats.download_urls import is_url
from vigo.catalog.ops.unpack_archive import UnpackArchive
from vigo.core.errors import InvalidError, TimedOutError, TooLargeError, UnavailableError

TREE = f"{PREFIX}tree"
"""Where a new tree is written inside a folder that is there; after a kill the next run removes it."""

_ARCHIVE = f"{PREFIX}archive"
_FOLDER_MODE = 0o755
_CHUNK_BYTES = 1024 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NAMED = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NAMELESS = os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC
_NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})


def unpack_archive(op: UnpackArchive, host: RealHost) -> None:
    """Check the archive's SHA-256, write all of it beside or in the folder, and then put it in place.

    A folder that is missing appears with all that is in it by one rename. In one that is there the record names, before
    the first change, all that may be there until the last: a run that was killed is repaired by the next.

    Raises:
        BlockedError: the server cannot be reached, or this Python cannot read such archives.
        InvalidError: it is another archive, has a member that may not be unpacked, or one for which a foreign file is
            in the way; nothing was changed.
        OSError: the kernel refuses a step, say since the disk is full.
        TimedOutError: it took too long.
        TooLargeError: it is larger, or holds more, than an archive may.
        UnavailableError: the source cannot be read, or something else is at the path.
    """
    deadline = time.monotonic() + op.timeout.total_seconds()
    with host.root.place_to_change(op.path) as place, entry_at(place) as old:
        if place.name == ".":
            raise UnavailableError("expected a folder below the root, found the root itself; nothing is unpacked there")
        if old is not None and old.kind != "directory":
            raise UnavailableError(f"expected a folder or nothing, found {called(old.kind)}; it is not replaced")
        if old is None:
            beside = Place(place.directory, temporary_name(place.name))
            with _archive(op, host, place.directory, deadline) as archive, new_folder(beside) as tree:
                _make_whole(op, tree, _written(op, archive, tree, deadline))
                os.rename(beside.name, place.name, src_dir_fd=place.directory, dst_dir_fd=place.directory)
                sync_directory(place)
            return
        with (
            opened_folder(place) as folder,
            _archive(op, host, folder, deadline) as archive,
            new_folder(Place(folder, TREE)) as tree,
        ):
            _bring_in(op, folder, tree, _written(op, archive, tree, deadline))


def _written(op: UnpackArchive, archive: IO[bytes], tree: int, deadline: float) -> Members:
    """Write all members into a new tree and return what they are."""
    members = Members(op.strip)
    budget = Budget(os.fstat(archive.fileno()).st_size, deadline)
    writer = TreeWriter(tree, op.uid, op.gid)
    for found in members_of(archive, members, budget, os.readlink(f"/proc/self/fd/{tree}")):  # noqa: PTH115
        writer.write(found.member, content_of(found, budget))
    if not members.files and not members.directories:
        raise InvalidError(
            f"strip: expected something in the archive below {op.strip} leading names, found nothing; lower it"
        )
    # One call rather than one a file. The record comes after: it says that all is there.
    sync_file_system(tree)
    return members


def _make_whole(op: UnpackArchive, tree: int, members: Members) -> None:
    """Give a new tree the record, and then the owner and mode of the folder that it becomes."""
    write_record(tree, _record(op, members, members.directories, made=True))
    TreeWriter(tree, op.uid, op.gid).settle(tree, _FOLDER_MODE)


def _bring_in(op: UnpackArchive, folder: int, tree: int, members: Members) -> None:
    """Bring a new tree into a folder that is there."""
    former = read_record(folder)
    ours = frozenset() if former is None else frozenset(former.directories)
    made = ours.union(require_room(tree, folder, former))
    directories = tuple(one for one in members.directories if one in made)
    record = _record(op, members, directories, made=former is not None and former.made)
    write_record(folder, record.unfinished(former))
    if former is not None:
        kept = frozenset(members.files)
        remove_recorded(
            folder,
            (path for path in former.files if path not in kept),
            ours.difference(members.directories),
        )
        if record.made and (op.uid, op.gid) != (former.uid, former.gid):
            change_owner(folder, op.uid, op.gid)
    move_in(tree, folder, ours)
    sync_file_system(folder)
    write_record(folder, record)


def _record(op: UnpackArchive, members: Members, directories: tuple[str, ...], *, made: bool) -> ArchiveRecord:
    return ArchiveRecord(
        sha256=op.sha256,
        strip=op.strip,
        uid=op.uid,
        gid=op.gid,
        made=made,
        files=tuple(sorted(members.files)),
        directories=tuple(sorted(directories)),
    )


@contextmanager
def _archive(op: UnpackArchive, host: RealHost, directory: int, deadline: float) -> Iterator[IO[bytes]]:
    """Give the archive in a file that nobody else can write to, its SHA-256 checked."""
    with os.fdopen(_nameless_file(directory), "w+b") as stream:
        if is_url(op.source):
            left = timedelta(seconds=max(0.0, deadline - time.monotonic()))
            fetch_known(op.source, op.sha256, stream.fileno(), left)
        else:
            _copy(op, host, stream.fileno(), deadline)
        stream.seek(0)
        yield stream


def _nameless_file(directory: int) -> int:
    """Return the descriptor of a file that is gone once it is closed, whatever ends the agent. Source: open(2)."""
    try:
        return os.open(".", _NAMELESS, 0o600, dir_fd=directory)
    except OSError as error:
        if error.errno not in _NO_NAMELESS:
            raise
    with suppress(FileNotFoundError):
        os.unlink(_ARCHIVE, dir_fd=directory)
    descriptor = os.open(_ARCHIVE, _NAMED, 0o600, dir_fd=directory)
    os.unlink(_ARCHIVE, dir_fd=directory)
    return descriptor


def _copy(op: UnpackArchive, host: RealHost, descriptor: int, deadline: float) -> None:
    digest, size_bytes = hashlib.sha256(), 0
    with _source(op.source, host) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            size_bytes += len(chunk)
            if size_bytes > MAX_DOWNLOAD_BYTES:
                raise TooLargeError(f"expected an archive of at most {MAX_DOWNLOAD_BYTES} bytes, found a larger one")
            if time.monotonic() > deadline:
                raise TimedOutError("expected to be done in time, found the archive too large for that")
            digest.update(chunk)
            write_all(descriptor, chunk)
    require_digest(op.sha256, digest.hexdigest(), op.source)


@contextmanager
def _source(path: str, host: RealHost) -> Iterator[IO[bytes]]:
    with host.root.place(path, follow=True) as place:
        try:
            if place is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            # Opening a device can act on it, so it is looked at first.
            mode = os.stat(place.name, dir_fd=place.directory, follow_symlinks=False).st_mode
            descriptor = os.open(place.name, _READ, dir_fd=place.directory) if stat.S_ISREG(mode) else -1
        except OSError as error:
            if error.errno in ABSENT:
                raise UnavailableError(
                    f"source: expected the archive {path}, found none; put it there first"
                ) from error
            raise
    if descriptor < 0:
        raise UnavailableError(f"source: expected a regular file at {path}, found something else")
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnavailableError(f"source: expected a regular file at {path}, found something else")
        yield stream
