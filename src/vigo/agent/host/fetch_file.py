"""The executor of `FetchFile`."""

import hashlib
import os
from datetime import timedelta

from vigo.agent.host.entry import Entry, change_mode, entry_at, require_changeable
from vigo.agent.host.files import called
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import replacing, take_place
from vigo.agent.host.root import Place
from vigo.agent.host.web_fetch import fetch_into
from vigo.agent.host.write_file import NEW_FILE_MODE, copy_attributes, give_owner, write_all
from vigo.catalog.formats.download_urls import host_of
from vigo.catalog.ops import WriteFile
from vigo.catalog.ops.fetch_file import FetchFile
from vigo.core.errors import InvalidError, UnavailableError

MAX_DOWNLOAD_BYTES = 4 * 1024 * 1024 * 1024
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def fetch_file(op: FetchFile, host: RealHost) -> None:
    """Download a file beside its place, and give it that once its SHA-256 is the declared one.

    Raises:
        BlockedError: the server cannot be reached, or does not give all of it.
        InvalidError: it is another file, or the URL leads to where it may not; nothing was replaced.
        OSError: the kernel refuses a step, say since the disk is full; the former file is still in its place.
        TimedOutError: it took too long.
        TooLargeError: it is over 4 GiB.
        UnavailableError: the server's certificate is not accepted, or something else is at the path.
    """
    with host.root.place_to_change(op.path) as place, entry_at(place) as old:
        former = _replaceable(place, old)
        with replacing(place) as temporary:
            descriptor = os.open(temporary, _NEW, 0o600, dir_fd=place.directory)
            try:
                fetch_known(op.url, op.sha256, descriptor, op.timeout)
                _give_attributes(op, former, descriptor)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            take_place(place, temporary)


def fetch_known(url: str, sha256: str, descriptor: int, within: timedelta) -> None:
    """Write to a descriptor what a URL gives, and accept it if its SHA-256 is the known one.

    Raises:
        BlockedError, InvalidError, OSError, TimedOutError, TooLargeError, UnavailableError: as `fetch_file`.
    """
    digest = hashlib.sha256()

    def take(chunk: bytes) -> None:
        digest.update(chunk)
        write_all(descriptor, chunk)

    fetch_into(take, url, max_bytes=MAX_DOWNLOAD_BYTES, within=within)
    require_digest(sha256, digest.hexdigest(), f"what {host_of(url)} gives")


def require_digest(wanted: str, found: str, called: str) -> None:
    """Accept a file whose SHA-256 is the declared one.

    Raises:
        InvalidError: it is another.
    """
    if found != wanted:
        raise InvalidError(
            f"sha256: expected {wanted} of {called}, found {found}; nothing was kept: correct sha256, or find out who"
            " changed the file"
        )


def _replaceable(place: Place, old: Entry | None) -> Entry | None:
    """Return the file that is replaced, if one is."""
    if old is None or old.kind == "symlink":
        return None
    if old.kind != "file":
        raise UnavailableError(f"expected a regular file or nothing, found {called(old.kind)}; it is not replaced")
    require_changeable(place)
    if old.stat.st_nlink > 1:
        raise UnavailableError(
            f"expected a file with one name, found one with {old.stat.st_nlink} (hard links): the others would keep the"
            " former content; remove them"
        )
    return old


def _give_attributes(op: FetchFile, former: Entry | None, descriptor: int) -> None:
    """Let others than the agent read what was accepted; the mode comes last, since chown(2) takes bits of it away."""
    give_owner(descriptor, WriteFile(path=op.path, content=b"", uid=op.uid, gid=op.gid), former)
    if former is not None:
        copy_attributes(former, descriptor)
    kept = NEW_FILE_MODE if former is None else former.stat.st_mode & 0o7777
    change_mode(descriptor, kept if op.mode is None else op.mode)
