"""The machine that is adopted, and the folder that its stacks are written to."""

import socket
from collections.abc import Mapping
from pathlib import Path

from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import ReadHost
from vigo.core.errors import ConflictError, InvalidError, UnavailableError
from vigo.core.hostnames import canonical_hostname


def host_and_name(root: Path | None, hostname: str | None) -> tuple[ReadHost, str]:
    """Return the host to read, and its name: the one given, else the machine's own.

    Raises:
        InvalidError: that is no hostname.
    """
    host = RealHost(None if root is None else str(root))
    own = socket.gethostname() if root is None else (host.read_text("/etc/hostname") or "").strip()
    try:
        return host, canonical_hostname(own if hostname is None else hostname)
    except InvalidError as error:
        raise InvalidError(f"{error}; give the machine's name by --hostname") from error


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder of their own, for its owner alone.

    Raises:
        ConflictError: there is something in the folder.
        UnavailableError: it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConflictError(f"expected {folder} to be empty, found files in it; choose another --output")
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise UnavailableError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
