"""The files by which a boot loads a module, gives it options or keeps it out.

Source: modprobe.d(5), modules-load.d(5), modules(5), openrc's service `modules`.
"""

import re
from collections.abc import Iterator

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.kernel_modules import module_name
from vigo.catalog.formats.lines import Region, with_line, without_lines
from vigo.catalog.ops import MakeDirectory, Op, RemoveFile, WriteFile
from vigo.catalog.resources.files.attributes import parent_of
from vigo.catalog.resources.system.boot import boots_with_openrc
from vigo.core.errors import InvalidError

OPENRC_LIST = "/etc/modules"

_HEADER = "# Vigo keeps this file; changes made here are taken back.\n"
_MODE = 0o644


class BootFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is and as it shall be; None is for no file. `fields` are those of the resource that it holds."""

    path: str
    found: bytes | None
    wanted: bytes | None
    has_folder: bool
    fields: tuple[str, ...]
    is_private: bool = True
    """Whether all of it is Vigo's, rather than one line."""


def private_paths(module: str) -> tuple[str, str]:
    """Return where the options or the exclusion of a module stand, and what has it loaded at boot but with OpenRC."""
    name = f"vigo-{module_name(module)}.conf"
    return f"/etc/modprobe.d/{name}", f"/etc/modules-load.d/{name}"


def boot_files_of(
    host: ReadHost, module: str, *, loads: bool, options: str | None, blacklist: bool
) -> tuple[BootFile, ...]:
    """Return the file with its options or its exclusion, then the one that has it loaded at boot.

    Raises:
        InvalidError: something else than a file is at one of the paths.
        UnavailableError: one cannot be read.
    """
    settings = _HEADER + f"options {module} {options}\n" if options else None
    if blacklist:
        # A blacklist alone only concerns what the hardware asks for by an alias.
        settings = f"{_HEADER}blacklist {module}\ninstall {module} /bin/false\n"
    settings_path, list_path = private_paths(module)
    fields = ("blacklist",) if blacklist else ("options",)
    return (
        _private(host, settings_path, settings, fields),
        _openrc_list(host, module, loads=loads)
        if boots_with_openrc(host)
        else _private(host, list_path, f"{_HEADER}{module}\n" if loads else None, ("state",)),
    )


def settle_boot_file(file: BootFile) -> Iterator[Op]:
    """Yield what makes a file as it shall be."""
    if file.found == file.wanted:
        return
    if file.wanted is None:
        yield RemoveFile(path=file.path, changes=file.fields)
        return
    if not file.has_folder:
        yield MakeDirectory(path=parent_of(file.path), changes=file.fields)
    yield WriteFile(path=file.path, content=file.wanted, mode=_MODE if file.is_private else None, changes=file.fields)


def _private(host: ReadHost, path: str, wanted: str | None, fields: tuple[str, ...]) -> BootFile:
    return BootFile(
        path=path,
        found=_content(host, path),
        wanted=None if wanted is None else wanted.encode(),
        has_folder=host.stat(parent_of(path)) is not None,
        fields=fields,
    )


def _openrc_list(host: ReadHost, module: str, *, loads: bool) -> BootFile:
    found = _content(host, OPENRC_LIST)
    text = (found or b"").decode(errors="surrogateescape")
    if loads:
        is_there = any(module_name(line.split()[0]) == module_name(module) for line in text.split("\n") if line.split())
        text = text if is_there else with_line(text, module, None, "end", Region())
    else:
        either = "[-_]".join(map(re.escape, re.split("[-_]", module)))
        text = without_lines(text, None, re.compile(rf"^[ \t]*{either}[ \t]*$"), Region()) if text else text
    return BootFile(
        path=OPENRC_LIST,
        found=found,
        wanted=None if found is None and not text else text.encode(errors="surrogateescape"),
        has_folder=True,
        fields=("state",),
        is_private=False,
    )


def _content(host: ReadHost, path: str) -> bytes | None:
    stat = host.stat(path)
    if stat is None:
        return None
    if stat.kind != "file":
        raise InvalidError(f"module: expected a file at {path} or nothing, found a {stat.kind}; remove it")
    return host.read_bytes(path)
