"""The kind `package_file`."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Revertible, Spec, field
from vigo.catalog.formats.names import check_package, check_path, shown
from vigo.catalog.formats.packages import InstalledPackage, compare_rpm
from vigo.catalog.ops import MakeDirectory, Op, WriteFile
from vigo.catalog.resources.packages.former_packages import PackageFootprint, PackagePast, PackageTrace
from vigo.catalog.resources.packages.host_tool import TOOLS, tool_of
from vigo.catalog.resources.packages.package import Package, PackageSpec
from vigo.catalog.resources.packages.package_tool import FileContent, FileToInstall, ToolName
from vigo.core.errors import BlockedError, InvalidError

_CACHE = "/var/cache/vigo"
_FOLDER = f"{_CACHE}/packages"
_DEB, _RPM = b"!<arch>\n", b"\xed\xab\xee\xdb"
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_SUFFIX_OF: Mapping[str, str] = {"apt": ".deb", "dnf": ".rpm", "yum": ".rpm", "zypper": ".rpm"}
_PACKAGE = Package()


class PackageFileSpec(Spec, frozen=True, kw_only=True):
    """A package from a file, `.deb` or `.rpm`, with what it depends on from the host's repositories."""

    package: Annotated[str, field("Name of the package that is in the file.", example="agent")]
    path: Annotated[
        str | None, field("Where the file is on the host.", example="/srv/agent_1.2_amd64.deb", is_path=True)
    ] = None
    source: Annotated[
        str | None,
        field("A file in the stacks that is the package.", example="files/agent_1.2_amd64.deb", stacks_file="content"),
    ] = None
    content: Annotated[str | None, field("No use of its own: what `source` names is no text.")] = None
    content_base64: Annotated[str | None, field("The package itself in base64, instead of `source`.")] = None
    sha256: Annotated[
        str | None, field("SHA-256 that the file must have before it is installed, 64 hexadecimal digits.")
    ] = None
    allow_downgrade: Annotated[bool, field("Whether an older version may replace a newer one.")] = False
    state: Annotated[Literal["present", "absent"], field("Whether the package shall be installed.")] = "present"


class PackageFileState(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed, and what the file says of itself; `file` is None as long as it is not on the host."""

    tool: ToolName
    installed: InstalledPackage | None
    path: str
    file: FileContent | None = None
    is_staged: bool = False
    missing_folders: tuple[str, ...] = ()


class PackageFile(
    Resource[PackageFileSpec, PackageFileState], Revertible[PackageFileSpec, PackageFootprint, PackageTrace]
):
    """It is as declared where the installed version equals the file's, which dpkg-deb or rpm reads from the file.

    A file of the stacks is put to `/var/cache/vigo/packages` first and kept there, so that its version is known later.
    What is installed is a copy that only root can write to, after its SHA-256 was checked. On SUSE an unsigned package
    needs `sha256`. A host without its file is blocked, even where the package is installed: nothing tells that it is
    the right one.
    """

    kind, since, spec = "package_file", "0.1", PackageFileSpec
    name_field = "package"
    footprint, trace = PackageFootprint, PackageTrace

    def validate(self, spec: PackageFileSpec) -> None:
        """Accept one file with a package, and names that no tool takes for something else."""
        check_package("package", spec.package)
        if spec.sha256 is not None and not _SHA256.fullmatch(spec.sha256):
            raise InvalidError(f"sha256: expected 64 hexadecimal digits, found {shown(spec.sha256)}")
        if spec.content is not None:
            raise InvalidError("source: expected a .deb or .rpm package, found a text; name the package itself")
        given = [name for name in ("path", "source", "content_base64") if getattr(spec, name) is not None]
        if spec.path is not None:
            check_path("path", spec.path)
            if not spec.path.endswith((".deb", ".rpm")):
                raise InvalidError(f"path: expected a file that ends with .deb or .rpm, found {shown(spec.path)}")
        # What `source` names is filled in as content when the policy is compiled.
        if {"path", "source"} <= set(given) or {"path", "content_base64"} <= set(given):
            raise InvalidError(f"expected one of path and source, found {' and '.join(given)}; keep one")
        if spec.state == "present" and not given:
            raise InvalidError("path: expected the package's file on the host, or source in the stacks, found neither")
        content = _content(spec)
        if content is not None:
            _suffix(content)
            found = hashlib.sha256(content).hexdigest()
            if spec.sha256 is not None and spec.sha256.lower() != found:
                raise InvalidError(f"sha256: expected {spec.sha256.lower()} of the file, found {found}; correct one")

    def observe(self, spec: PackageFileSpec, host: ReadHost) -> PackageFileState:
        """Return the installed version and that of the file."""
        tool = tool_of(host)
        installed = tool.installed(host).get(spec.package)
        content = _content(spec)
        path = spec.path or f"{_FOLDER}/{spec.package}{'' if content is None else _suffix(content)}"
        state = PackageFileState(tool=tool.name, installed=installed, path=path)
        if spec.state == "absent":
            return state
        if host.is_image():
            raise BlockedError(f"{path}: what is in a package file cannot be asked for in an image (--root)")
        suffix = _SUFFIX_OF.get(tool.name)
        if suffix is not None and not path.endswith(suffix):
            raise BlockedError(f"expected a {suffix} package, since {tool.name} keeps this host's, found {path}")
        stat = host.stat(path)
        if content is None and stat is None:
            raise BlockedError(
                f"path: expected the package {path}, found none; add a download or file resource for it and put it in"
                " depends_on"
            )
        is_staged = content is None or (
            stat is not None and stat.kind == "file" and stat.size_bytes == len(content)
            and host.read_bytes(path) == content
        )  # fmt: skip
        missing = tuple(folder for folder in (_CACHE, _FOLDER) if host.stat(folder) is None)
        file = tool.read_file(host, path) if is_staged else None
        return msgspec.structs.replace(state, file=file, is_staged=is_staged, missing_folders=missing)

    def plan(self, spec: PackageFileSpec, state: PackageFileState) -> Iterator[Op]:
        """Yield the call that installs the file, or removes the package."""
        tool, installed, file = TOOLS[state.tool], state.installed, state.file
        is_there = installed is not None and not installed.configuration_only
        if file is not None and file.package != spec.package:
            raise InvalidError(f"package: expected {state.path} to be of {spec.package}, found {file.package} in it")
        held = is_there and installed is not None and installed.held
        if spec.state == "absent":
            if held and "removal" in tool.keeps_held:
                raise _held_back(spec.package, "removed")
            if is_there:
                yield tool.remove((spec.package,), (), purge=False)
            return
        if is_there and installed is not None and file is not None and installed.version == file.version:
            return
        if held and "change" in tool.keeps_held:
            raise _held_back(spec.package, "changed")
        older = _is_older(spec, state)
        changes: tuple[str, ...] = ("path" if spec.path is not None else "source",) if is_there else ("state",)
        yield from _staged(spec, state)
        call = tool.install_file(FileToInstall(path=state.path, sha256=_digest(spec), older=older))
        yield msgspec.structs.replace(call, changes=changes)

    def owns(self, spec: PackageFileSpec) -> tuple[str, ...]:
        """Return the package."""
        return (f"package:{spec.package}",)

    def watches(self, spec: PackageFileSpec) -> tuple[str, ...]:
        """Return the package databases, and the file."""
        databases = _PACKAGE.watches(PackageSpec(package=spec.package))
        return (*databases, spec.path) if spec.path is not None else databases

    def cannot_undo(self, spec: PackageFileSpec) -> str:
        """Say that what a file replaced may be nowhere any more."""
        del spec
        return "a version that the file replaced comes back only where a repository still has it"

    def footprints(self, spec: PackageFileSpec) -> Mapping[str, PackageFootprint]:
        """Return the package, and its version where a file brings one."""
        owned = f"package:{spec.package}"
        return {owned: PackageFootprint(owns=(owned,), package=spec.package, version=spec.state == "present")}

    def look(self, footprint: PackageFootprint, host: ReadHost, *, keep: bool = False) -> PackageTrace:
        """Return whether the package is installed, and its version."""
        return _PACKAGE.look(footprint, host, keep=keep)

    def undo(self, pasts: Sequence[PackagePast]) -> Iterator[Op]:
        """Yield the calls that remove what was not there, or go back to the former version."""
        for op in _PACKAGE.undo(pasts):
            yield msgspec.structs.replace(op, changes=("state",) if op.changes else ())


def _content(spec: PackageFileSpec) -> bytes | None:
    if spec.content_base64 is None:
        return None
    try:
        return base64.b64decode(spec.content_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError(
            f"content_base64: expected base64, found something else ({error}); encode it anew"
        ) from error


def _suffix(content: bytes) -> str:
    if content.startswith(_DEB):
        return ".deb"
    if content.startswith(_RPM):
        return ".rpm"
    raise InvalidError("source: expected a .deb or .rpm package, found another file; name the package itself")


def _digest(spec: PackageFileSpec) -> str | None:
    content = _content(spec)
    return spec.sha256 if content is None else hashlib.sha256(content).hexdigest()


def _staged(spec: PackageFileSpec, state: PackageFileState) -> Iterator[Op]:
    """Yield what puts a file of the stacks onto the host."""
    content = _content(spec)
    if content is None or state.is_staged:
        return
    for folder in state.missing_folders:
        yield MakeDirectory(path=folder, changes=("source",))
    yield WriteFile(path=state.path, content=content, mode=0o644, changes=("source",))


def _is_older(spec: PackageFileSpec, state: PackageFileState) -> bool:
    """Return whether the tool has to be told that it goes back; apt is only told that it may, and compares itself.

    Raises:
        InvalidError: it would go back, and that is not allowed.
    """
    if state.tool == "apt":
        return spec.allow_downgrade
    if state.installed is None or state.file is None or compare_rpm(state.file.version, state.installed.version) >= 0:
        return False
    if not spec.allow_downgrade:
        raise InvalidError(
            f"path: expected nothing newer than {state.file.version}, found {spec.package} {state.installed.version};"
            " set allow_downgrade: true to go back"
        )
    return True


def _held_back(name: str, done: str) -> BlockedError:
    return BlockedError(
        f"package: {name} would have to be {done}, and somebody holds it back on this host; let it go by a package"
        " resource with `hold: false`, or by hand"
    )
