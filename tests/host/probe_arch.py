"""A tiny package of our own for pacman in a repository of the booted machine's own disk."""

import textwrap

from tests.host.booted_debian import BootedDebian

DATABASE_LOCK = "/var/lib/pacman/db.lck"
FOLDER = "/srv/probe-arch"
SETTINGS = f"[options]\nArchitecture = auto\nSigLevel = Never\n\n[probe]\nServer = file://{FOLDER}\n"
_BUILD = "/srv/build-arch"


def publish_arch(machine: BootedDebian, name: str, version: str, *, settings: str = SETTINGS) -> None:
    """Offer exactly this package, with a program that prints its `VERSION-RELEASE`. Source: PKGBUILD(5)."""
    number, release = version.split("-")
    build = textwrap.dedent(f"""\
        pkgname={name}
        pkgver={number}
        pkgrel={release}
        pkgdesc='a package to install and remove'
        arch=(any)
        license=(none)
        options=(!strip !debug !zipman)
        package() {{
          install -d "$pkgdir/usr/bin"
          printf '#!/bin/sh\\necho {version}\\n' > "$pkgdir/usr/bin/{name}"
          chmod 0755 "$pkgdir/usr/bin/{name}"
        }}
        """)
    machine.run("rm", "-rf", FOLDER, _BUILD)
    machine.write(f"{_BUILD}/PKGBUILD", build)
    machine.run("mkdir", "-p", FOLDER)
    machine.run("chown", "-R", "games", _BUILD)
    make = f"cd {_BUILD} && PKGEXT=.pkg.tar.gz HOME={_BUILD} makepkg --nodeps --noconfirm"
    machine.run("runuser", "-u", "games", "--", "bash", "-c", make)
    file = f"{FOLDER}/{name}-{version}-any.pkg.tar.gz"
    machine.run("mv", f"{_BUILD}/{name}-{version}-any.pkg.tar.gz", file)
    machine.run("repo-add", "--quiet", f"{FOLDER}/probe.db.tar.gz", file)
    if settings:
        machine.write("/etc/pacman.conf", settings)
