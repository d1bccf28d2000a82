"""Settings that a distribution, or a release of it, keeps in a file of its own beside the usual one."""

from collections.abc import Sequence
from typing import NamedTuple

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.shell_assignments import assigned_value, with_value
from vigo.catalog.ops import WriteFile


class SettingsFile(NamedTuple):
    """A file of assignments, and the variable in it."""

    path: str
    variable: str


def other_settings(
    host: ReadHost, files: Sequence[SettingsFile], value: str, changes: tuple[str, ...]
) -> tuple[WriteFile, ...]:
    """Return the writes that give the variables this value in those of the files that set one already.

    Raises:
        UnavailableError: a file cannot be read.
    """
    found = (_changed(host, file, value, changes) for file in files)
    return tuple(write for write in found if write is not None)


def _changed(host: ReadHost, file: SettingsFile, value: str, changes: tuple[str, ...]) -> WriteFile | None:
    stat = host.stat(file.path)
    if stat is None or stat.kind != "file":
        return None
    text = (host.read_bytes(file.path) or b"").decode(errors="surrogateescape")
    if assigned_value(text, file.variable) in (None, "", value):
        return None
    content = with_value(text, file.variable, value).encode(errors="surrogateescape")
    return WriteFile(path=file.path, content=content, changes=changes)
