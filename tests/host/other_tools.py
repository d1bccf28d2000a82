"""Machines whose packages are kept by dnf, zypper or pacman: the real tools, of the Debian archive, on a booted Debian.

apt is taken away, so that Vigo finds the other one. rpm's database is put where the tools' own distributions have it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.host.booted_debian import BootedDebian, boot
from tests.host.debian_root import cached_root
from tests.host.probe_rpms import build_rpm

Tool = Literal["dnf", "zypper", "pacman"]

_DNF_AND_PACMAN = (
    *("rpm", "dnf", "dnf-plugins-core", "createrepo-c"),
    *("pacman-package-manager", "makepkg", "libarchive-tools"),
)
_ZYPPER = ("rpm", "zypper", "createrepo-c")
PACKAGES = {"dnf": _DNF_AND_PACMAN, "pacman": _DNF_AND_PACMAN, "zypper": _ZYPPER}
"""Tool -> what its machine has beside the Debian of all tests. zypper does not go together with dnf's plugins."""

# Plugins and settings that only Debian's packages of these tools have.
_DNF_SETTINGS = {
    "/etc/dnf/plugins/local.conf": "[main]\nenabled = false\n",
    "/etc/dnf/plugins/debuginfo-install.conf": "[main]\nenabled = false\n",
    "/etc/dnf/vars/releasever": "12\n",
    "/etc/dnf/dnf.conf": "[main]\ngpgcheck=1\nbest=True\nskip_if_unavailable=False\n",
}
_RPM_SETTINGS = {"/etc/rpm/macros": "%_dbpath /var/lib/rpm\n"}


@contextmanager
def machine_of(tool: Tool, scratch: Path) -> Iterator[BootedDebian]:
    """Yield a freshly booted machine whose packages this tool keeps."""
    with boot(cached_root(PACKAGES[tool]), scratch) as machine:
        machine.run("rm", "/usr/bin/apt-get")
        if tool != "pacman":
            machine.run("rm", "-rf", "/var/lib/pacman")
        for path, text in {**_RPM_SETTINGS, **(_DNF_SETTINGS if tool == "dnf" else {})}.items():
            machine.write(path, text)
        if tool == "pacman":
            machine.run("rm", "/usr/bin/dnf")
            machine.run("pacman", "-Q", check=False)  # makes the database, which every Arch Linux has
        else:
            machine.run("rm", "-rf", "/var/lib/rpm")
            machine.run("rpm", "--initdb")
        if tool == "zypper":
            # It cannot do without a package and a product, which every SUSE has.
            machine.run("mkdir", "/etc/products.d")
            machine.run("rpm", "--install", build_rpm(machine, "vigo-base", "1-1", folder="/srv/base"))
        yield machine
