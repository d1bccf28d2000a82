"""Which package tool keeps the packages of a host."""

from collections.abc import Mapping

from vigo.catalog.api import ReadHost
from vigo.catalog.resources.packages.apk import APK
from vigo.catalog.resources.packages.apt import APT
from vigo.catalog.resources.packages.package_tool import PackageTool
from vigo.catalog.resources.packages.pacman import PACMAN
from vigo.catalog.resources.packages.rpm import DNF, YUM
from vigo.catalog.resources.packages.zypper import ZYPPER
from vigo.core.errors import BlockedError

TOOLS: Mapping[str, PackageTool] = {tool.name: tool for tool in (APT, APK, PACMAN, ZYPPER, DNF, YUM)}
"""In the order in which they are looked for: dnf and zypper may be installed on a Debian, too."""


def tool_of(host: ReadHost) -> PackageTool:
    """Return the tool that keeps this host's packages.

    Raises:
        BlockedError: there is none that Vigo knows.
    """
    tool = next((tool for tool in TOOLS.values() if tool.manages(host)), None)
    if tool is None:
        raise BlockedError(
            "expected apt, apk, pacman, zypper, dnf or yum to keep the packages of this host, found none of them"
        )
    return tool
