"""Tiny rpm packages of our own in a repository of the booted machine's own disk."""

import textwrap

from tests.host.booted_debian import BootedDebian

SETTINGS = "/etc/vigo-probe.conf"
FOLDER = "/srv/probe-rpms"
LONG_NAME = "vigo-probe-with-a-name-that-is-much-longer-than-a-column-of-the-table"


def publish_rpms(machine: BootedDebian, *packages: tuple[str, str]) -> None:
    """Offer exactly these packages, each a name and `VERSION-RELEASE`; each has a program that prints the version."""
    machine.run("rm", "-rf", FOLDER)
    machine.run("mkdir", "-p", FOLDER)
    for name, version in packages:
        build_rpm(machine, name, version)
    machine.run("createrepo_c", "--quiet", FOLDER)


def build_rpm(machine: BootedDebian, name: str, version: str, *, requires: str = "", folder: str = FOLDER) -> str:
    """Build a package and return where it is. Source: the rpm packaging guide's spec format."""
    number, release = version.split("-")
    settings = f"printf 'version = {version}\\n' > %{{buildroot}}{SETTINGS}" if name == "vigo-probe" else ":"
    spec = textwrap.dedent(f"""\
        Name: {name}
        Version: {number}
        Release: {release}
        Summary: a package to install and remove
        License: none
        BuildArch: noarch
        AutoReqProv: no
        {f"Requires: {requires}" if requires else ""}

        %description
        A package to install and remove.

        %install
        mkdir -p %{{buildroot}}/usr/bin %{{buildroot}}/etc
        printf '#!/bin/sh\\necho {version}\\n' > %{{buildroot}}/usr/bin/{name}
        chmod 0755 %{{buildroot}}/usr/bin/{name}
        {settings}

        %files
        /usr/bin/{name}
        {f"%config(noreplace) {SETTINGS}" if name == "vigo-probe" else ""}
        """)
    machine.write("/srv/probe.spec", spec)
    tree = "/srv/rpmbuild"
    machine.run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {tree}", "/srv/probe.spec")
    machine.run("mkdir", "-p", folder)
    file = f"{name}-{version}.noarch.rpm"
    machine.run("mv", f"{tree}/RPMS/noarch/{file}", f"{folder}/{file}")
    return f"{folder}/{file}"
