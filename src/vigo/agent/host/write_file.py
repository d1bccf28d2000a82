"""The executor of `WriteFile`."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vigo.agent.host.entry import Entry, change_mode, change_owner, entry_at, require_changeable
from vigo.agent.host.files import RealFiles, called
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import replacing, take_place
from vigo.agent.host.root import Place
from vigo.agent.host.validation import require_validator, validate
from vigo.catalog.ops import WriteFile
from vigo.core.errors import UnavailableError

NEW_FILE_MODE = 0o644
BACKUP_SUFFIX = ".vigo-backup"

_SET_ID_BITS = 0o6000
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Others tell of the former content (capabilities, integrity signatures) or are the file system's own.
_KEPT_ATTRIBUTES = ("security.selinux", "system.posix_acl_access")
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EOPNOTSUPP})


def write_file(op: WriteFile, host: RealHost) -> None:
    """Replace or create a regular file at once.

    Raises:
        OSError: the kernel refuses a step; the former file is still in its place.
        InvalidError: the new content was not accepted.
        UnavailableError: something else is there, or the file cannot be given its owner or mode.
    """
    with staged(op, host) as (place, temporary):
        take_place(place, temporary)


@contextmanager
def staged(op: WriteFile, host: RealHost) -> Iterator[tuple[Place, str]]:
    """Give where the file goes and the name beside it that has all of it; what has not taken its place at the end goes.

    Raises:
        OSError, InvalidError, UnavailableError: as `write_file`.
    """
    require_validator(op, host)
    with host.root.place_to_change(op.path) as place, entry_at(place) as old:
        if old is not None and old.kind in ("directory", "other"):
            raise UnavailableError(f"expected a regular file or nothing, found {called(old.kind)}; it is not replaced")
        former = old if old is not None and old.kind == "file" else None
        if former is not None:
            require_changeable(place)
            if former.stat.st_nlink > 1 and not op.break_links:
                raise UnavailableError(
                    f"expected a file with one name, found one with {former.stat.st_nlink} (hard links): the others"
                    " would keep the former content; remove them, or use a file resource with break_links: true"
                )
        with replacing(place) as temporary:
            _write(op, place, temporary, former)
            if op.validate:
                validate(op, temporary, host)
            if op.backup and former is not None:
                _keep(place, former, host.files, op.path)
            yield place, temporary


def _write(op: WriteFile, place: Place, temporary: str, former: Entry | None) -> None:
    descriptor = os.open(temporary, _NEW, 0o600, dir_fd=place.directory)
    try:
        give_owner(descriptor, op, former)
        if former is not None:
            copy_attributes(former, descriptor)
        kept = NEW_FILE_MODE if former is None else stat.S_IMODE(former.stat.st_mode)
        mode = kept if op.mode is None else op.mode
        change_mode(descriptor, mode)
        write_all(descriptor, op.content)
        if mode & _SET_ID_BITS:  # writing took them away
            change_mode(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give_owner(descriptor: int, op: WriteFile, former: Entry | None) -> None:
    """Set the declared owner, else the former file's; nothing is asked of the kernel where it is so already.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: only root may give files away, and the agent is not root.
    """
    now = os.fstat(descriptor)
    wanted = now if former is None else former.stat
    uid = wanted.st_uid if op.uid is None else op.uid
    gid = wanted.st_gid if op.gid is None else op.gid
    if (uid, gid) != (now.st_uid, now.st_gid):
        change_owner(descriptor, uid if uid != now.st_uid else None, gid if gid != now.st_gid else None)


def copy_attributes(former: Entry, descriptor: int) -> None:
    """Keep the SELinux label, the access list and users' own attributes where the file system has them."""
    with suppress(OSError):
        for name in os.listxattr(former.handle):
            if name in _KEPT_ATTRIBUTES or name.startswith("user."):
                with suppress(OSError):
                    os.setxattr(descriptor, name, os.getxattr(former.handle, name))


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of a content to a descriptor.

    Raises:
        OSError: the kernel refuses, say since the disk is full.
    """
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _keep(place: Place, former: Entry, files: RealFiles, path: str) -> None:
    """Give the former file a second name, which becomes its only one; a copy where there are no hard links."""
    kept = Place(place.directory, place.name + BACKUP_SUFFIX)
    with replacing(kept) as temporary:
        try:
            os.link(former.handle, temporary, dst_dir_fd=place.directory, follow_symlinks=True)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            copy = WriteFile(path=path + BACKUP_SUFFIX, content=files.read_bytes(path) or b"")
            _write(copy, place, temporary, former)
        take_place(kept, temporary)
