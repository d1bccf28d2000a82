"""The executor of `InstallPackageFile`."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

import msgspec

from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run_package_tool import run_package_tool
from vigo.catalog.ops.package_tool import InstallPackageFile
from vigo.core.errors import InvalidError, UnavailableError

_CHUNK_BYTES = 1024 * 1024
_FOLDER = "/var/tmp"  # noqa: S108 - not in memory as /tmp may be, and the name below it is nobody's to guess
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def install_package_file(op: InstallPackageFile, host: RealHost) -> None:
    """Copy the file to where only root can reach it, check the copy, and have the tool install that.

    Raises:
        BlockedError: as for `RunPackageTool`.
        InvalidError: the file is not the one whose SHA-256 was declared; nothing was installed.
        OSError: the disk is full.
        TimedOutError: it did not end in time.
        UnavailableError: the file is not there, or the tool failed.
    """
    with tempfile.TemporaryDirectory(prefix="vigo-", dir=_FOLDER) as folder:
        os.chmod(folder, 0o711)  # noqa: S103, PTH101 - apt reads what it installs as a user of its own
        copy = Path(folder, op.source.rpartition("/")[2])
        digest = _copied(op.source, copy, host)
        if op.sha256 is not None and digest != op.sha256.lower():
            raise InvalidError(
                f"sha256: expected {op.sha256.lower()} of {op.source}, found {digest}; nothing was installed: correct"
                " sha256, or find out who changed the file"
            )
        argv = tuple(str(copy) if word == "%" else word for word in op.argv)
        run_package_tool(msgspec.structs.replace(op, argv=argv), host)


def _copied(source: str, copy: Path, host: RealHost) -> str:
    digest = hashlib.sha256()
    with host.root.place(source, follow=True) as place:
        if place is None:
            raise UnavailableError(f"expected the package {source}, found none; download it first")
        descriptor = os.open(place.name, _READ, dir_fd=place.directory)
    with os.fdopen(descriptor, "rb") as reader, copy.open("xb") as writer:
        if not stat.S_ISREG(os.fstat(reader.fileno()).st_mode):
            raise UnavailableError(f"expected a regular file at {source}, found something else")
        while chunk := reader.read(_CHUNK_BYTES):
            digest.update(chunk)
            writer.write(chunk)
    copy.chmod(0o644)
    return digest.hexdigest()
