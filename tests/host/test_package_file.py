"""The kind `package_file` with the real apt, dnf and zypper."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.booted_debian import BootedDebian, declared
from tests.host.other_tools import machine_of
from tests.host.probe_packages import publish
from tests.host.probe_rpms import FOLDER as RPM_FOLDER
from tests.host.probe_rpms import build_rpm, publish_rpms
from vigo.core.plan import PlannedResource

NAME = "vigo-probe"
FOLDER = "/srv/files"


def file(**fields: object) -> PlannedResource:
    return declared("package_file", "file", **{"package": NAME, **fields})


def deb(debian: BootedDebian, version: str) -> str:
    """Build a package and return where its file is; no repository offers it."""
    publish(debian, (NAME, version))
    debian.run("mkdir", "-p", FOLDER)
    debian.run("mv", f"/srv/probe-packages/{NAME}_{version}.deb", f"{FOLDER}/{version}.deb")
    debian.run("rm", "-r", "/srv/probe-packages", "/etc/apt/sources.list.d/probe.list")
    return f"{FOLDER}/{version}.deb"


def status(debian: BootedDebian, name: str = NAME) -> str:
    return debian.run("dpkg-query", "--show", "--showformat=${Status} ${Version}", name, check=False).stdout


def digest(machine: BootedDebian, path: str) -> str:
    return machine.tell("sha256sum", path).split()[0]


def test_a_file_is_installed_upgraded_and_goes_back_only_where_that_is_allowed(debian: BootedDebian) -> None:
    one, two = deb(debian, "1.0"), deb(debian, "2.0")
    debian.changes(file(path=one, sha256=digest(debian, one)))
    assert status(debian) == "install ok installed 1.0"
    debian.changes(file(path=two))
    assert status(debian) == "install ok installed 2.0"
    refused = debian.apply(file(path=one))["file"]
    assert refused.outcome == "failed"
    assert "downgrade" in refused.reason.lower()
    debian.changes(file(path=one, allow_downgrade=True))
    assert status(debian) == "install ok installed 1.0"
    debian.changes(file(state="absent"))
    assert status(debian) == "deinstall ok config-files 1.0"
    debian.keeps(file(state="absent"))


def test_a_file_of_another_digest_is_not_installed(debian: BootedDebian) -> None:
    one = deb(debian, "1.0")
    refused = debian.apply(file(path=one, sha256="0" * 64))["file"]
    assert refused.outcome == "failed"
    assert digest(debian, one) in refused.reason
    assert not status(debian)


def test_a_file_of_the_stacks_is_put_there_and_installed(debian: BootedDebian) -> None:
    one = deb(debian, "1.0")
    content = debian.tell("base64", "--wrap=0", one)
    debian.run("rm", one)
    debian.changes(file(content_base64=content))
    assert status(debian) == "install ok installed 1.0"
    kept = debian.tell("base64", "--wrap=0", f"/var/cache/vigo/packages/{NAME}.deb")
    assert base64.b64decode(kept) == base64.b64decode(content)
    debian.run("dpkg", "--purge", NAME)
    debian.changes(file(content_base64=content))
    assert status(debian) == "install ok installed 1.0"


def test_what_it_depends_on_comes_from_the_repositories(debian: BootedDebian) -> None:
    publish(debian, ("vigo-other", "3"))
    tree = "/srv/tree"
    control = (
        f"Package: {NAME}\nVersion: 1\nArchitecture: all\nDepends: vigo-other\nMaintainer: x <x@x>\nDescription: x\n"
    )
    debian.write(f"{tree}/DEBIAN/control", control)
    debian.run("dpkg-deb", "--build", tree, "/srv/one.deb")
    debian.run("apt-get", "update")
    debian.changes(file(path="/srv/one.deb"))
    assert status(debian, "vigo-other") == "install ok installed 3"


def test_what_is_no_package_or_another_one_is_refused(debian: BootedDebian) -> None:
    debian.write("/srv/no.deb", "hello\n")
    assert debian.apply(file(path="/srv/no.deb"))["file"].outcome == "failed"
    other = debian.apply(declared("package_file", "file", package="vigo-else", path=deb(debian, "1.0")))["file"]
    assert other.outcome == "failed"
    assert f"found {NAME} in it" in other.reason


@pytest.fixture(params=["dnf", "zypper"])
def rpm_machine(request: pytest.FixtureRequest, debian_root: Path, tmp_path: Path) -> Iterator[BootedDebian]:
    with machine_of(request.param, tmp_path) as machine:
        yield machine


def test_rpm_s_tools_install_a_file_with_what_it_depends_on_upgrade_it_and_go_back(rpm_machine: BootedDebian) -> None:
    publish_rpms(rpm_machine, ("vigo-other", "3-1"))
    settings = f"[probe]\nname=probe\nbaseurl=file://{RPM_FOLDER}\nenabled=1\ngpgcheck=0\nautorefresh=1\n"
    for folder in ("yum.repos.d", "zypp/repos.d"):
        rpm_machine.write(f"/etc/{folder}/probe.repo", settings)
    one = build_rpm(rpm_machine, NAME, "1.0-1", requires="vigo-other", folder=FOLDER)
    two = build_rpm(rpm_machine, NAME, "2.0-1", requires="vigo-other", folder=FOLDER)
    rpm_machine.changes(file(path=one, sha256=digest(rpm_machine, one)))
    assert rpm_machine.tell("rpm", "-q", NAME, "vigo-other").split("\n") == [
        f"{NAME}-1.0-1.noarch",
        "vigo-other-3-1.noarch",
    ]
    rpm_machine.changes(file(path=two, sha256=digest(rpm_machine, two)))
    assert rpm_machine.tell("rpm", "-q", NAME) == f"{NAME}-2.0-1.noarch"
    refused = rpm_machine.apply(file(path=one, sha256=digest(rpm_machine, one)))["file"]
    assert refused.outcome == "failed"
    assert "allow_downgrade" in refused.reason
    rpm_machine.changes(file(path=one, sha256=digest(rpm_machine, one), allow_downgrade=True))
    assert rpm_machine.tell("rpm", "-q", NAME) == f"{NAME}-1.0-1.noarch"
    rpm_machine.changes(file(state="absent"))
    assert rpm_machine.run("rpm", "-q", NAME, check=False).returncode == 1
