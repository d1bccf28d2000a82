"""What the kind `package` needs from a package tool."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Literal, Protocol

import msgspec

from vigo.catalog.api import CommandResult, ReadHost
from vigo.catalog.formats.packages import InstalledPackage, Packages
from vigo.catalog.ops import Run
from vigo.core.errors import UnavailableError

ToolName = Literal["apt", "apk", "pacman", "zypper", "dnf"]
TOUCHES = ("packages", "services", "accounts")
"""A package brings services and accounts along."""
LONGEST = timedelta(minutes=30)
"""How long a tool may take: a large package over a slow line, with its triggers."""


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """What one call installs: package -> version, None for the newest. `older` are those that go back."""

    versions: Mapping[str, str | None]
    older: frozenset[str] = frozenset()
    allow_downgrade: bool = False
    held: bool = False
    flags: tuple[str, ...] = ()
    refresh: bool = False


class PackageState(msgspec.Struct, frozen=True, kw_only=True):
    """The packages of the resource that are installed, and those of them that have an update."""

    tool: ToolName
    installed: Mapping[str, InstalledPackage]
    outdated: frozenset[str] = frozenset()
    needs_index: bool = False
    is_image: bool = False


class PackageTool(Protocol):
    """One package tool: what is installed, and the calls that change it."""

    name: ToolName
    can_choose_version: bool

    def manages(self, host: ReadHost) -> bool:
        """Return whether this tool keeps the host's packages."""
        ...

    def installed(self, host: ReadHost) -> Packages:
        """Return every installed package."""
        ...

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        """Return which of the installed packages have a newer version to go to. Never asked of an image."""
        ...

    def needs_index(self, host: ReadHost) -> bool:
        """Return whether the lists of what can be installed were never fetched."""
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

    def hold(self, names: tuple[str, ...], *, hold: bool) -> Run | None:
        """Return the call that holds these at their version, or lets them go; None where the tool has no hold."""
        ...


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
