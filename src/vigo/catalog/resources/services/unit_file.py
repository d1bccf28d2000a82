"""A file of systemd that Vigo keeps, below /etc/systemd/system."""

from collections.abc import Iterator

import msgspec

from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.ops import MakeDirectory, Op, RemoveFile, WriteFile
from vigo.catalog.resources.files.attributes import Attributes
from vigo.catalog.resources.services.image import folders_of
from vigo.core.errors import BlockedError, InvalidError

FOLDER = "/etc/systemd/system"
_MODE = 0o644
_MASK = "/dev/null"


class UnitFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is at the path. `folder` is the directory of all units; `missing_folders` are those to make first."""

    path: str
    stat: FileStat | None
    text: str | None
    to: str | None
    folder: FileStat | None
    missing_folders: tuple[str, ...]

    @property
    def is_there(self) -> bool:
        """Whether anything is at the path."""
        return self.stat is not None


def unit_file(host: ReadHost, path: str) -> UnitFile:
    """Return what is at a path."""
    stat = host.stat(path)
    return UnitFile(
        path=path,
        stat=stat,
        text=host.read_text(path) if stat is not None and stat.kind == "file" else None,
        to=host.read_link(path) if stat is not None and stat.kind == "symlink" else None,
        folder=host.stat(FOLDER),
        missing_folders=tuple(folder for folder in folders_of(path) if host.stat(folder) is None),
    )


def require_replaceable(field: str, file: UnitFile) -> None:
    """Accept a path where a file is or nothing.

    Raises:
        BlockedError: the unit is masked.
        InvalidError: it is an alias or linked from elsewhere, or something else is there.
    """
    if file.to == _MASK:
        unit = file.path.rpartition("/")[2]
        raise BlockedError(
            f"{field}: {unit} is masked: somebody forbade it to start; run `systemctl unmask {unit}` if it shall"
        )
    if file.to is not None:
        raise InvalidError(
            f"{field}: expected a file at {file.path} or nothing, found a symlink to {file.to}: an alias of another"
            " unit, or a unit linked from elsewhere; name that unit, or remove the symlink"
        )
    if file.stat is not None and file.stat.kind != "file":
        raise InvalidError(
            f"{field}: expected a file at {file.path} or nothing, found a {file.stat.kind}; move it away"
        )


def written(file: UnitFile, text: str, *, changes: tuple[str, ...], validate: tuple[str, ...] = ()) -> Iterator[Op]:
    """Yield what gives the file its text, owner and mode; `changes` are the fields that a new text is about."""
    wanted = Attributes(_MODE, file.folder.uid, file.folder.gid) if file.folder is not None else Attributes(_MODE)
    if file.stat is None or file.text is None:
        for folder in file.missing_folders:
            yield MakeDirectory(path=folder)
        yield WriteFile(
            path=file.path, content=text.encode(), mode=_MODE, validate=validate, changes=("state", *changes)
        )
    elif file.text != text:
        owner = (wanted.uid, wanted.gid) if wanted.drift(file.stat) else (None, None)
        yield WriteFile(
            path=file.path,
            content=text.encode(),
            mode=_MODE,
            uid=owner[0],
            gid=owner[1],
            validate=validate,
            changes=changes,
        )
    else:
        for op in wanted.settle(file.path, file.stat):
            yield msgspec.structs.replace(op, changes=("state",))


def removed(file: UnitFile) -> Iterator[Op]:
    """Yield the removal of the file, if it is there."""
    if file.is_there:
        yield RemoveFile(path=file.path)
