"""The script that installs the agent, and the packages that it installs."""

import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

import vigo
from vigo.core.encoding import digest
from vigo.core.errors import NotFoundError
from vigo.core.ids import Digest
from vigo.server.platform.pki.keyring import Keyring

_PACKAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,200}\.whl")
_MOST_PACKAGES: Final = 1_000


class _Look(NamedTuple):
    """What tells that a file is the same as before."""

    modified_ns: int
    size_bytes: int
    inode: int


class BootstrapService:
    """Makes the script from what stands in the folder of packages now."""

    def __init__(self, folder: Path, keyring: Keyring, server_url: Callable[[], str]) -> None:
        self._folder = folder
        self._keyring = keyring
        self._server_url = server_url
        self._template = (resources.files(__package__) / "bootstrap.sh").read_text("utf-8")
        self._known: dict[str, tuple[_Look, Digest]] = {}

    def script(self) -> bytes:
        """Return the script for a shell. It has the CA, and the checksum of each package."""
        packages = "\n".join(f"{sha256} {name}" for name, sha256 in self._packages().items())
        words = {
            "SERVER": self._server_url(),
            "CA_SHA256": self._keyring.presenting.sha256,
            "CA_PEM": self._keyring.presenting.pem.strip(),
            "PACKAGES": packages,
            "VERSION": vigo.__version__,
        }
        return re.sub(r"@([A-Z0-9_]+)@", lambda found: words[found[1]], self._template).encode()

    def script_sha256(self) -> Digest:
        """Return the checksum of the script as it is now."""
        return digest(self.script())

    def package(self, name: str) -> Path:
        """Return where a package stands.

        Raises:
            NotFoundError: there is none of this name.
        """
        if name not in self._packages():
            raise NotFoundError(f"expected the name of a package of this server, found {name[:80]!r}")
        return self._folder / name

    def _packages(self) -> dict[str, Digest]:
        """Return the checksums of the packages by name; one that did not change is not read again."""
        found: dict[str, Digest] = {}
        paths = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        for path in paths[:_MOST_PACKAGES]:
            if not _PACKAGE.fullmatch(path.name) or path.is_symlink() or not path.is_file():
                continue
            seen = path.stat()
            look = _Look(seen.st_mtime_ns, seen.st_size, seen.st_ino)
            known = self._known.get(path.name)
            if known is None or known[0] != look:
                known = self._known[path.name] = (look, digest(path.read_bytes()))
            found[path.name] = known[1]
        return found
