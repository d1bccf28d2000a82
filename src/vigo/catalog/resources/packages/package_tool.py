"""What the kinds of packages need from a package tool."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Literal, Protocol

import msgspec

from vigo.catalog.api import CommandResult, ReadHost
from vigo.catalog.formats.packages import InstalledPackage, Packages
from vigo.catalog.host_clock import host_time
from vigo.catalog.ops import Run
from vigo.catalog.ops.package_tool import InstallPackageFile
from vigo.core.errors import BlockedError, UnavailableError

ToolName = Literal["apt", "apk", "pacman", "zypper", "dnf", "yum"]
TOUCHES = ("packages", "services", "accounts")
"""A package brings services and accounts along."""
LONGEST = timedelta(minutes=30)
"""How long a tool may take: a large package over a slow line, with its triggers."""
INDEX_STAMP = "/var/cache/vigo/package-index"
"""The file whose time says when an index was last fetched, where the tool itself notes that nowhere."""
_FRESH_NS = 24 * 60 * 60 * 1_000_000_000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a tool's index: these packages, at a version, or at the newest one."""

    names: tuple[str, ...]
    version: str | None = None
    latest: bool = False


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """What one call installs: package -> version, None for the newest. `older` are those that go back."""

    versions: Mapping[str, str | None]
    older: frozenset[str] = frozenset()
    allow_downgrade: bool = False
    held: frozenset[str] = frozenset()
    flags: tuple[str, ...] = ()
    refresh: bool = False


class FileToInstall(msgspec.Struct, frozen=True, kw_only=True):
    """A package in a file on the host, and whether it may replace, or replaces, a newer version."""

    path: str
    sha256: str | None
    older: bool = False


class FileContent(msgspec.Struct, frozen=True):
    """What a package file says of itself."""

    package: str
    version: str


class PackageState(msgspec.Struct, frozen=True, kw_only=True):
    """The packages of the resource that are installed, and those of them that have an update."""

    tool: ToolName
    installed: Mapping[str, InstalledPackage]
    outdated: frozenset[str] = frozenset()
    needs_index: bool = False
    is_image: bool = False
    no_hold: str = ""


class PackageTool(Protocol):
    """One package tool: what is installed, and the calls that change it."""

    name: ToolName
    can_choose_version: bool
    keeps_held: frozenset[str]
    """What it does not do to a held package that it is told to do: `change`, `removal`."""

    def manages(self, host: ReadHost) -> bool:
        """Return whether this tool keeps the host's packages."""
        ...

    def installed(self, host: ReadHost) -> Packages:
        """Return every installed package."""
        ...

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        """Return which of the installed packages the index has a newer version of. Never asked of an image."""
        ...

    def needs_index(self, host: ReadHost, wanted: Wanted) -> bool:
        """Return whether what can be installed is to be fetched first: it never was, or too long ago for this."""
        ...

    def refresh(self) -> Run | None:
        """Return the call that fetches what can be installed; None where that alone could do harm."""
        ...

    def install(self, wanted: Installation) -> Iterator[Run]:
        """Yield the calls that install these."""
        ...

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> Run:
        """Return the call that removes these; with `purge` their settings too where the tool tells them apart."""
        ...

    def erase(self, names: tuple[str, ...]) -> Iterator[Run]:
        """Yield the calls that remove exactly these; one fails where another package that stays needs one of them."""
        ...

    def no_hold(self, host: ReadHost) -> str:
        """Return why this host's tool sets no hold, and what to do instead; empty where it does."""
        ...

    def hold(self, versions: Mapping[str, str | None], *, hold: bool) -> Iterator[Run]:
        """Yield the calls that hold these at the version that each has, or let them go."""
        ...

    def read_file(self, host: ReadHost, path: str) -> FileContent:
        """Return the package and version in a file of this tool's format.

        Raises:
            BlockedError: there is no such format.
            UnavailableError: the file is no package.
        """
        ...

    def install_file(self, file: FileToInstall) -> InstallPackageFile:
        """Return the call that installs a package from a file with what it depends on."""
        ...


class NoPackageFiles:
    """A tool that Vigo installs no files by."""

    def read_file(self, host: ReadHost, path: str) -> FileContent:
        """Refuse.

        Raises:
            BlockedError: always.
        """
        del host
        raise BlockedError(
            f"expected a host of .deb or .rpm packages to install {path} on, found another one; put the package into a"
            " repository, and declare that by a repository resource"
        )

    def install_file(self, file: FileToInstall) -> InstallPackageFile:
        """Refuse, since nothing was read.

        Raises:
            BlockedError: always.
        """
        raise BlockedError(f"{file.path}: expected a host of .deb or .rpm packages, found another one")


def answer_of(host: ReadHost, argv: tuple[str, ...], statuses: tuple[int, ...] = (0,)) -> CommandResult:
    """Return a tool's answer.

    Raises:
        UnavailableError: it has none, or says that it failed.
    """
    answer = host.query(argv)
    if answer is None or answer.status not in statuses:
        found = "no such program" if answer is None else answer.stderr.strip()[:200] or f"status {answer.status}"
        raise UnavailableError(f"expected {argv[0]} to tell the packages, found: {found}; run `{' '.join(argv[:2])}`")
    return answer


def pinned(versions: Mapping[str, str | None], joint: str) -> tuple[str, ...]:
    """Return the packages as a tool takes them, with their version behind the joint where one is wanted."""
    return tuple(name if version is None else f"{name}{joint}{version}" for name, version in versions.items())


def with_holds(packages: Packages, held: frozenset[str]) -> Packages:
    """Return the packages with those marked that are held."""
    there = [name for name in held if name in packages]
    if not there:
        return packages
    return {**packages, **{name: msgspec.structs.replace(packages[name], held=True) for name in there}}


def newest_ns(host: ReadHost, paths: Iterable[str]) -> int | None:
    """Return when the newest of these was last changed; None where none is there."""
    stats = (host.stat(path) for path in paths)
    return max((stat.mtime_ns for stat in stats if stat is not None), default=None)


def is_old(host: ReadHost, fetched_ns: int | None) -> bool:
    """Return whether an index of this age is over a day old by the host's own clock; False where that is not told."""
    now = host_time(host)
    return now is not None and (fetched_ns is None or now.timestamp() * 1e9 - fetched_ns > _FRESH_NS)
