"""The folder of published generations: each written as a whole, checked before it is used, never changed.

`.live/NUMBER-DIGEST/` holds `stacks/` and `manifest.json`; `.live/current` names the folder that is live.
"""

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from vigo.core.encoding import NOT_DECODED, digest, digest_of
from vigo.core.errors import DamagedError, InvalidError, TooLargeError, UnavailableError
from vigo.core.ids import Digest, GenerationNumber
from vigo.server.features.generations.models import Manifest
from vigo.server.platform.folder.files import PRIVATE, make_private_folder, sync_folder, write_atomically

MOST_FILES: Final = 20_000
MOST_BYTES: Final = 256 * 1024 * 1024
_NAME: Final = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{12})")
_STAGING: Final = ".staging-"
_STACKS, _MANIFEST, _CURRENT = "stacks", "manifest.json", "current"


class Staged:
    """A copy of the stacks that is being checked. What is compiled is what would be published."""

    def __init__(self, folder: Path, files: dict[str, Digest]) -> None:
        self.folder = folder
        self.files = files
        self.digest: Digest = digest_of(files)

    @property
    def stacks(self) -> Path:
        """The copy itself."""
        return self.folder / _STACKS

    def discard(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.folder, ignore_errors=True)


class LiveFolder:
    """`.live` in the data folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def stage(self, source: Path) -> Staged:
        """Return a copy of the stacks. Names that begin with a dot are left out.

        Raises:
            InvalidError: there are no stacks, or something in them is neither file nor folder.
            TooLargeError: they hold too many files or bytes.
            UnavailableError: they cannot be read, or the copy not be written.
        """
        folder = self._root / f"{_STAGING}{secrets.token_hex(8)}"
        with _explained(source):
            try:
                make_private_folder(folder)
                return Staged(folder, _copy(source, folder / _STACKS))
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise

    def fingerprint(self, source: Path) -> dict[str, Digest]:
        """Return each path of the stacks with its content's SHA-256, copying nothing.

        Raises: as `stage`.
        """
        with _explained(source):
            return {path: digest(content) for path, content in _contents(source)}

    def keep(self, staged: Staged, manifest: Manifest) -> Path:
        """Make a staged copy a generation that is not live yet, durable when this returns.

        Raises:
            UnavailableError: it cannot be written.
        """
        target = self._root / _folder_name(manifest)
        with _explained(self._root):
            write_atomically(staged.folder / _MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
            for folder, _, _ in os.walk(staged.folder):
                sync_folder(Path(folder))
            staged.folder.rename(target)
            sync_folder(self._root)
        return target

    def forget(self, kept: Path) -> None:
        """Remove a generation that never became live."""
        shutil.rmtree(kept, ignore_errors=True)

    def was_never_live(self, name: str) -> bool:
        """Return whether the pointer never reached this generation. Where the pointer is damaged, nobody can tell."""
        try:
            current = self.current()
        except DamagedError:
            return False
        return current is None or number_of(name) > number_of(current)

    def discard(self, name: str) -> None:
        """Remove a generation by its name."""
        self.forget(self._root / name)

    def make_live(self, manifest: Manifest) -> None:
        """Point at a generation; a crash leaves the former or the new one live.

        Raises:
            UnavailableError: the pointer cannot be written; the former one stays.
        """
        with _explained(self._root):
            write_atomically(self._root / _CURRENT, f"{_folder_name(manifest)}\n".encode(), PRIVATE)

    def current(self) -> str | None:
        """Return the name of the live folder, or None where nothing was ever live.

        Raises:
            DamagedError: the pointer holds something else, or is missing where it must have been there.
        """
        try:
            text = (self._root / _CURRENT).read_text("ascii", errors="replace").strip()
        except FileNotFoundError:
            # A crash may leave a first generation that never became live; a second one only follows a live one.
            if len(self.names()) > 1:
                raise DamagedError(
                    f"{self._root / _CURRENT}: expected the name of the live generation, found no such file"
                ) from None
            return None
        if not _NAME.fullmatch(text):
            raise DamagedError(f"{self._root / _CURRENT}: expected the name of a generation, found {text[:60]!r}")
        return text

    def names(self) -> list[str]:
        """Return the names of all generations, the newest first."""
        found = [entry.name for entry in self._root.iterdir() if _NAME.fullmatch(entry.name)]
        return sorted(found, key=number_of, reverse=True)

    def stacks_of(self, name: str) -> Path:
        """Return where a generation's files stand."""
        return self._root / name / _STACKS

    def manifest(self, name: str) -> Manifest:
        """Return a generation's manifest after a check of its form.

        Raises:
            DamagedError: it is missing, or is another's.
        """
        path = self._root / name / _MANIFEST
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
        except (OSError, *NOT_DECODED) as error:
            raise DamagedError(f"{path}: expected the manifest of a generation: {error}") from error
        if _folder_name(manifest) != name:
            raise DamagedError(f"{path}: expected the manifest of {name}, found that of {_folder_name(manifest)}")
        return manifest

    def verified(self, name: str) -> Manifest:
        """Return a generation's manifest once every file holds what was published, and no other file is there.

        Raises:
            DamagedError: something was changed, added or lost.
        """
        manifest = self.manifest(name)
        root = self.stacks_of(name)
        try:
            found = {path: digest((root / path).read_bytes()) for path in _paths(root)}
        except (OSError, InvalidError) as error:
            raise DamagedError(f"{root}: cannot be read: {error}") from error
        changed = sorted(path for path in found.keys() | manifest.files if found.get(path) != manifest.files.get(path))
        if changed or digest_of(found) != manifest.digest:
            shown = ", ".join(changed[:3]) or "the manifest"
            raise DamagedError(f"{root}: expected the files that were published, found others: {shown}")
        return manifest

    def sweep(self) -> None:
        """Remove what a crash left behind."""
        for entry in self._root.iterdir():
            if entry.name.startswith(_STAGING):
                shutil.rmtree(entry, ignore_errors=True)


def number_of(name: str) -> GenerationNumber:
    """Return the number in a generation's folder name."""
    return GenerationNumber(int(name.partition("-")[0]))


def folder_name(number: GenerationNumber, content: Digest) -> str:
    """Return the name of a generation's folder."""
    return f"{number}-{content[:12]}"


def _folder_name(manifest: Manifest) -> str:
    return folder_name(manifest.number, manifest.digest)


def _copy(source: Path, target: Path) -> dict[str, Digest]:
    make_private_folder(target)
    files: dict[str, Digest] = {}
    for path, content in _contents(source):
        files[path] = digest(content)
        copy = target / path
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with copy.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    return files


def _contents(source: Path) -> Iterator[tuple[str, bytes]]:
    if not source.is_dir():
        raise InvalidError(
            f"{source}: expected the folder of the stacks, found none; make it, and put .vgo files in it"
        )
    size_bytes = 0
    for count, path in enumerate(_paths(source)):
        content = _read(source / path)
        size_bytes += len(content)
        if size_bytes > MOST_BYTES or count == MOST_FILES:
            raise TooLargeError(
                f"{source}: expected stacks of at most {MOST_FILES} files and {MOST_BYTES >> 20} MiB, found more;"
                " large files belong elsewhere"
            )
        yield path, content


def _paths(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names + [name for name in folders if Path(folder, name).is_symlink()]):
            path = Path(folder, name)
            if name.startswith("."):
                continue
            if not stat.S_ISREG(path.lstat().st_mode):
                raise InvalidError(
                    f"{path}: expected files and folders in the stacks, found something else; a link would publish"
                    " what stands outside: copy the file instead"
                )
            yield path.relative_to(root).as_posix()


def _read(path: Path) -> bytes:
    # Between the look and the reading someone may have put a link there.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MOST_BYTES + 1)


def _raise(error: OSError) -> None:
    raise error


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Say what the disk refused, in words for who publishes."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        found = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise UnavailableError(
            f"{where}: {found}; the live generation stays. Look at the server's disk (`df -h`) and at who may read the"
            " stacks, then do it again"
        ) from error
