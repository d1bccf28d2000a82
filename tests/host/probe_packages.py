"""Tiny packages of our own in a repository of the booted Debian's own disk, so that no test asks a mirror."""

import textwrap

from tests.host.booted_debian import BootedDebian

SETTINGS = "/etc/vigo-probe.conf"
_FOLDER = "/srv/probe-packages"
_SOURCES = "/etc/apt/sources.list.d/probe.list"


def publish(debian: BootedDebian, *packages: tuple[str, str], postinst: str = "") -> None:
    """Offer exactly these packages, each a name and a version; apt learns of them at its next update.

    Each has a program of its name that prints the version, and `vigo-probe` a settings file with the version in it.
    `postinst` is the script that each runs once it is unpacked.
    """
    debian.run("rm", "-rf", _FOLDER)
    index = "\n".join(_build(debian, name, version, postinst) for name, version in packages)
    debian.write(f"{_FOLDER}/Packages", index)
    debian.write(_SOURCES, f"deb [trusted=yes] file:{_FOLDER} ./\n")


def withdraw(debian: BootedDebian) -> None:
    """Take the repository away, and leave its place in the sources."""
    debian.run("rm", "-r", _FOLDER)


def withdraw_files(debian: BootedDebian) -> None:
    """Take the packages away that the index still names."""
    debian.run("find", _FOLDER, "-name", "*.deb", "-delete")


def _build(debian: BootedDebian, name: str, version: str, postinst: str) -> str:
    """Build a package there and return its paragraph of the index. Source: deb-control(5), the repository format."""
    control = textwrap.dedent(f"""\
        Package: {name}
        Version: {version}
        Architecture: all
        Maintainer: Vigo's tests <tests@vigo.invalid>
        Description: a package to install and remove
        """)
    tree, file = f"{_FOLDER}/tree", f"{_FOLDER}/{name}_{version}.deb"
    debian.write(f"{tree}/DEBIAN/control", control)
    debian.write(f"{tree}/usr/bin/{name}", f"#!/bin/sh\necho {version}\n", mode="0755")
    if name == "vigo-probe":
        debian.write(f"{tree}{SETTINGS}", f"version = {version}\n")
        debian.write(f"{tree}/DEBIAN/conffiles", f"{SETTINGS}\n")
    if postinst:
        debian.write(f"{tree}/DEBIAN/postinst", postinst, mode="0755")
    debian.run("dpkg-deb", "--root-owner-group", "--build", tree, file)
    debian.run("rm", "-rf", tree)
    size = debian.tell("stat", "--format=%s", file)
    digest = debian.tell("sha256sum", file).split()[0]
    return f"{control}Filename: ./{name}_{version}.deb\nSize: {size}\nSHA256: {digest}\n"
