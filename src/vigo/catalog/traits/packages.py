"""The trait set `packages`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.packages import Packages
from vigo.catalog.resources.packages import host_tool
from vigo.catalog.resources.packages.package_tool import PackageTool
from vigo.core.errors import UnavailableError

TOOLS: tuple[PackageTool, ...] = tuple(host_tool.TOOLS.values())
"""In the order of the kind `package`: fact and policy speak of the same database."""
_ARCHITECTURES = """
aarch64 armv7hl i386 i486 i586 i686 loongarch64 noarch ppc64 ppc64le riscv64 s390x src x86_64 (none)
"""
_RPM_ARCHITECTURES = frozenset(_ARCHITECTURES.split())


class PackagesTraits(TraitSet, frozen=True, kw_only=True):
    """What the host's package tool has installed; a package whose settings alone are left is not."""

    tool: Annotated[str, field("Tool that keeps the packages: apt, apk, pacman, zypper, dnf or yum.", example="apt")]
    installed: Annotated[dict[str, str], field("Version by name, as the tool writes both.", example={"curl": "8.5-2"})]


@collector("packages", every=timedelta(hours=1), timeout=timedelta(seconds=30))
def collect_packages(host: ReadHost) -> PackagesTraits:
    """Report the installed packages, read as the kind `package` reads them.

    Raises:
        UnavailableError: the host has no package tool that Vigo knows, or the tool does not answer.
        BlockedError: the database of this image cannot be read from outside.
    """
    tool = next((tool for tool in TOOLS if tool.manages(host)), None)
    if tool is None:
        names = ", ".join(tool.name for tool in TOOLS)
        raise UnavailableError(f"expected one of {names} to keep the packages of this host, found none of them")
    return PackagesTraits(tool=tool.name, installed=dict(_by_name(tool.installed(host))))


def _by_name(packages: Packages) -> Iterator[tuple[str, str]]:
    """Yield the installed packages under their plain names; another architecture's only where it alone is there."""
    for key, package in packages.items():
        if not package.configuration_only and not _is_repeated(key, packages):
            yield key, package.version


def _is_repeated(key: str, packages: Packages) -> bool:
    """Return whether a key is the name with the architecture of a package that is there by its name too."""
    name, colon, _ = key.partition(":")
    if colon:
        return name in packages
    name, _, architecture = key.rpartition(".")
    return architecture in _RPM_ARCHITECTURES and name in packages
