import shlex
from collections.abc import Mapping

import pytest

from tests.catalog.traits.hosts import DPKG_QUERY, Files, alpine, debian, image
from vigo.catalog.api import CommandResult
from vigo.catalog.traits.package_updates import PackageUpdate, PackageUpdatesTraits, collect_package_updates
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

APT_LISTS: Files = {"/var/lib/apt/lists/deb.example.org_debian_dists_bookworm_main_binary-amd64_Packages.lz4": b""}
ARCH: Files = {"/var/lib/pacman/sync/core.db": b"", "/var/lib/pacman/local/linux-6.8-1/desc": ""}
APT_CACHE = ("apt-cache", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=", "policy", "--")
POLICY = f"{shlex.join(APT_CACHE)} curl:amd64 libc6:amd64 libc6:i386"
DNF = "dnf --quiet --cacheonly check-update"
ZYPPER = "zypper --non-interactive --no-refresh --quiet"


def policy(name: str, installed: str, candidate: str, suite: str) -> str:
    return (
        f"{name}:\n  Installed: {installed}\n  Candidate: {candidate}\n  Version table:\n     {candidate} 500\n"
        f"        500 http://deb.example.org/debian {suite}/main amd64 Packages\n *** {installed} 100\n"
    )


def collected(host: FakeHost) -> PackageUpdatesTraits:
    found = collect_package_updates.collect(host)
    assert isinstance(found, PackageUpdatesTraits)
    return found


def test_updates_of_debian_are_told_with_those_for_security() -> None:
    answer = policy("curl", "8.5-2", "8.5-3", "bookworm-security") + policy("libc6:i386", "2", "3", "bookworm")
    host = debian(APT_LISTS, answers={POLICY: answer})
    assert collected(host) == PackageUpdatesTraits(
        tool="apt",
        fetched=True,
        pending=2,
        security=1,
        packages={
            "curl": PackageUpdate(version="8.5-3", security=True),
            "libc6:i386": PackageUpdate(version="3", security=False),
        },
    )


def test_a_debian_without_pending_updates_has_none_for_security() -> None:
    found = collected(debian(APT_LISTS, answers={POLICY: policy("curl", "8.5-2", "8.5-2", "bookworm")}))
    assert (found.fetched, found.pending, found.security) == (True, 0, 0)


def test_updates_of_red_hat_are_looked_up_in_what_dnf_has_fetched() -> None:
    answers = {
        DNF: CommandResult(100, "\ncurl.x86_64 7.76.1-29 baseos\nvim-minimal.x86_64 2:8.2-1 baseos\n"),
        f"{DNF} --security": CommandResult(100, "\ncurl.x86_64 7.76.1-29 baseos\n"),
    }
    host = FakeHost({"/var/cache/dnf/baseos-0123/repodata/repomd.xml": ""}, answers=answers)
    assert collected(host) == PackageUpdatesTraits(
        tool="dnf",
        fetched=True,
        pending=2,
        security=1,
        packages={
            "curl": PackageUpdate(version="7.76.1-29", security=True),
            "vim-minimal": PackageUpdate(version="2:8.2-1", security=False),
        },
    )


def test_suse_counts_its_security_patches() -> None:
    answers = {
        f"{ZYPPER} list-updates": "S | Repository | Name | Current Version | Available Version | Arch\n"
        "v | Main | curl | 8.0.1-1.1 | 8.0.1-2.1 | x86_64\n",
        f"{ZYPPER} list-patches --category security": "Main | SUSE-1 | security | low | --- | needed | x\n"
        "Main | SUSE-2 | security | low | --- | needed | x\n",
    }
    found = collected(FakeHost({"/var/cache/zypp/solv/repo-oss/solv": ""}, answers=answers))
    assert (found.tool, found.pending, found.security) == ("zypper", 1, 2)
    assert found.packages == {"curl": PackageUpdate(version="8.0.1-2.1", security=None)}


def test_alpine_and_arch_do_not_tell_what_is_for_security() -> None:
    apk = FakeHost(
        {"/lib/apk/db/installed": "P:busybox\nV:1\n", "/var/cache/apk/APKINDEX.0123.tar.gz": b""},
        answers={"apk --no-network version --limit '<'": "Installed: Available:\nbusybox-1.36.1-r15 < 1.36.1-r16\n"},
    )
    pacman = FakeHost(ARCH, answers={"pacman -Qu": "linux 6.8-1 -> 6.9-1\n"})
    for host, tool, name, version in ((apk, "apk", "busybox", "1.36.1-r16"), (pacman, "pacman", "linux", "6.9-1")):
        assert collected(host) == PackageUpdatesTraits(
            tool=tool,
            fetched=True,
            pending=1,
            security=None,
            packages={name: PackageUpdate(version=version, security=None)},
        )


def test_an_arch_that_is_up_to_date_ends_with_a_status_of_its_own() -> None:
    found = collected(FakeHost(ARCH, answers={"pacman -Qu": CommandResult(1)}))
    assert (found.tool, found.fetched, found.pending) == ("pacman", True, 0)


@pytest.mark.parametrize(
    ("host", "tool"),
    [
        (debian({"/var/lib/apt/lists/lock": "", "/var/lib/apt/lists/partial": FakeNode.directory()}), "apt"),
        (alpine(), "apk"),
        (FakeHost({"/var/cache/dnf/expired_repos.json": ""}, programs=("dnf",)), "dnf"),
        (FakeHost({"/var/cache/zypp/solv/@System/solv": ""}, programs=("zypper",)), "zypper"),
        (FakeHost(), ""),
    ],
    ids=["apt", "apk", "dnf", "zypper", "no-tool"],
)
def test_without_lists_nothing_is_known_and_nobody_is_asked(host: FakeHost, tool: str) -> None:
    assert collected(host) == PackageUpdatesTraits(tool=tool, fetched=False, pending=0, security=None, packages={})
    assert not host.questions


def test_of_many_those_for_security_are_told_first_and_all_are_counted() -> None:
    names = [f"p{number:03}" for number in range(150)]
    dpkg = "".join(f"ii \t{name}\tall\t1\n" for name in names)
    answer = "".join(policy(name, "1", "2", "bookworm-security" if name == "p149" else "bookworm") for name in names)
    question = shlex.join([*APT_CACHE, *(f"{name}:all" for name in names)])
    found = collected(debian(APT_LISTS, answers={DPKG_QUERY: dpkg, question: answer}))
    assert (len(found.packages), found.pending, found.security) == (100, 150, 1)
    assert "p149" in found.packages
    assert list(found.packages) == sorted(found.packages)


def test_a_tool_that_fails_is_told_in_its_own_words() -> None:
    host = debian(APT_LISTS, answers={POLICY: CommandResult(100, stderr="E: The package lists could not be parsed")})
    with pytest.raises(UnavailableError, match="could not be parsed"):
        collected(host)


def test_an_image_runs_no_tool() -> None:
    with pytest.raises(UnavailableError, match="no program of an image runs"):
        collected(image(APT_LISTS))


# What the tools of each distribution print, as their programs write it.
DEBIAN_10 = """\
base-files:
  Installed: 10.3+deb10u12
  Candidate: 10.3+deb10u13
  Version table:
     10.3+deb10u13 500
        500 http://deb.example.org/debian buster/main amd64 Packages
 *** 10.3+deb10u12 100
        100 /var/lib/dpkg/status
libc6:
  Installed: 2.28-10+deb10u1
  Candidate: 2.28-10+deb10u2
  Version table:
     2.28-10+deb10u2 500
        500 http://deb.example.org/debian-security buster/updates/main amd64 Packages
 *** 2.28-10+deb10u1 500
        500 http://deb.example.org/debian buster/main amd64 Packages
        100 /var/lib/dpkg/status
"""
UBUNTU_24 = """\
firefox:
  Installed: 1:1snap1-0ubuntu5
  Candidate: 1:1snap1-0ubuntu6
  Version table:
     1:1snap1-0ubuntu6 500 (phased 40%)
        500 http://archive.example.com/ubuntu noble-updates/main amd64 Packages
 *** 1:1snap1-0ubuntu5 500
        500 http://archive.example.com/ubuntu noble/main amd64 Packages
        100 /var/lib/dpkg/status
openssl:
  Installed: 3.0.13-0ubuntu3.1
  Candidate: 3.0.13-0ubuntu3.4
  Version table:
     3.0.13-0ubuntu3.4 500
        500 http://archive.example.com/ubuntu noble-updates/main amd64 Packages
        500 http://security.example.com/ubuntu noble-security/main amd64 Packages
 *** 3.0.13-0ubuntu3.1 100
        100 /var/lib/dpkg/status
     3.0.13-0ubuntu3 500
        500 http://archive.example.com/ubuntu noble/main amd64 Packages
python3-scrapy:
  Installed: 2.11.1-1
  Candidate: 2.11.1-1ubuntu0.1~esm2
  Version table:
     2.11.1-1ubuntu0.1~esm2 510
        510 https://esm.example.com/apps/ubuntu noble-apps-security/main amd64 Packages
 *** 2.11.1-1 500
        500 http://archive.example.com/ubuntu noble/universe amd64 Packages
        100 /var/lib/dpkg/status
"""
ROCKY_9 = """

bind-libs.x86_64                     32:9.16.23-18.el9_4.6          appstream
kernel.x86_64                        5.14.0-427.28.1.el9_4          baseos
python3-setuptools-wheel.noarch      53.0.0-12.el9_4.1              baseos
selinux-policy-targeted-with-a-name.noarch
                                     38.1.35-2.el9_4.2              baseos
Obsoleting Packages
iptables-nft.x86_64                  1.8.10-4.el9_4                 baseos
    iptables-libs.x86_64             1.8.10-2.el9                   @baseos
Security: kernel-core-5.14.0-427.20.1.el9_4.x86_64 is an installed security update
Security: kernel-core-5.14.0-427.16.1.el9_4.x86_64 is the currently running version
"""
ROCKY_9_SECURITY = """

bind-libs.x86_64                     32:9.16.23-18.el9_4.6          appstream
"""
FEDORA_41 = """\
curl.x86_64                     8.9.1-3.fc41         updates
glibc-gconv-extra.i686          2.40-21.fc41         updates
Obsoleting packages
zlib-ng-compat.x86_64           2.2.3-1.fc41         updates
    zlib.x86_64                 1.2.13-5.fc39        @System
"""
LEAP_15 = """\
S | Repository      | Name        | Current Version       | Available Version     | Arch
--+-----------------+-------------+-----------------------+-----------------------+-------
v | repo-sle-update | glib2-tools | 2.78.6-150600.4.11.1  | 2.78.6-150600.4.16.1  | x86_64
v | repo-sle-update | timezone    | 2024b-150600.91.3.1   | 2025a-150600.91.6.1   | noarch
"""
LEAP_15_PATCHES = """\
Repository | Name                        | Category | Severity  | Interactive | Status     | Since | Summary
-----------+-----------------------------+----------+-----------+-------------+------------+-------+---------------
sle-update | openSUSE-SLE-15.6-2025-4308 | security | moderate  | ---         | needed     | -     | Security update
sle-update | openSUSE-SLE-15.6-2025-4100 | security | important | reboot      | needed     | -     | Security update
sle-update | openSUSE-SLE-15.6-2025-3999 | security | low       | ---         | not needed | -     | Security update

Found 3 applicable patches:
2 patches needed (2 security patches)
"""
ALPINE = """\
Installed:                                Available:
busybox-1.36.1-r15                      < 1.36.1-r20 \n\
gcc-13.2.1_git20231014-r0               < 13.2.1_git20240309-r0 \n\
nodejs-current-21.7.2-r0                < 22.1.0-r0 @edge
"""
ARCH_LINUX = """\
archlinux-keyring 20240520-1 -> 20240609-1
linux 6.9.3.arch1-1 -> 6.9.5.arch1-1
nvidia 550.78-6 -> 550.90-2 [ignored]
"""


@pytest.mark.parametrize(
    ("answer", "security", "others"),
    [
        (DEBIAN_10, {"libc6": "2.28-10+deb10u2"}, {"base-files": "10.3+deb10u13"}),
        (
            UBUNTU_24,
            {"openssl": "3.0.13-0ubuntu3.4", "python3-scrapy": "2.11.1-1ubuntu0.1~esm2"},
            {"firefox": "1:1snap1-0ubuntu6"},
        ),
    ],
    ids=["debian-10", "ubuntu-24"],
)
def test_apt_of_all_distributions_tells_its_updates(
    answer: str, security: Mapping[str, str], others: Mapping[str, str]
) -> None:
    updates = {name: PackageUpdate(version=version, security=True) for name, version in security.items()}
    updates |= {name: PackageUpdate(version=version, security=False) for name, version in others.items()}
    dpkg = "".join(f"ii \t{name}\tamd64\t1\n" for name in updates)
    question = shlex.join([*APT_CACHE, *(f"{name}:amd64" for name in sorted(updates))])
    found = collected(debian(APT_LISTS, answers={DPKG_QUERY: dpkg, question: answer}))
    assert (found.packages, found.pending, found.security) == (updates, len(updates), len(security))


@pytest.mark.parametrize(
    ("folder", "answers", "updates"),
    [
        (
            "/var/cache/dnf/baseos-522ed8e2b2f761ff",
            (ROCKY_9, ROCKY_9_SECURITY),
            {
                "bind-libs": ("32:9.16.23-18.el9_4.6", True),
                "kernel": ("5.14.0-427.28.1.el9_4", False),
                "python3-setuptools-wheel": ("53.0.0-12.el9_4.1", False),
                "selinux-policy-targeted-with-a-name": ("38.1.35-2.el9_4.2", False),
            },
        ),
        (
            "/var/cache/libdnf5/updates-d8a9e6bc0a5b2f1e",
            (FEDORA_41, ""),
            {"curl": ("8.9.1-3.fc41", False), "glibc-gconv-extra": ("2.40-21.fc41", False)},
        ),
    ],
    ids=["rocky-9", "fedora-41"],
)
def test_both_dnfs_tell_their_updates_and_what_is_obsolete_is_none(
    folder: str, answers: tuple[str, str], updates: Mapping[str, tuple[str, bool]]
) -> None:
    every, security = (CommandResult(100 if text else 0, text) for text in answers)
    host = FakeHost({f"{folder}/repodata/repomd.xml": ""}, answers={DNF: every, f"{DNF} --security": security})
    assert collected(host).packages == {
        name: PackageUpdate(version=version, security=is_security) for name, (version, is_security) in updates.items()
    }


def test_zypper_of_leap_tells_its_updates_and_since_when_a_patch_is_known() -> None:
    answers = {
        f"{ZYPPER} list-updates": LEAP_15,
        f"{ZYPPER} list-patches --category security": LEAP_15_PATCHES,
    }
    found = collected(FakeHost({"/var/cache/zypp/solv/repo-sle-update/solv": ""}, answers=answers))
    assert {name: one.version for name, one in found.packages.items()} == {
        "glib2-tools": "2.78.6-150600.4.16.1",
        "timezone": "2025a-150600.91.6.1",
    }
    assert found.security == 2


def test_a_suse_without_updates_says_so_in_words() -> None:
    answers = {
        f"{ZYPPER} list-updates": "No updates found.\n",
        f"{ZYPPER} list-patches --category security": "No updates found.\n",
    }
    found = collected(FakeHost({"/var/cache/zypp/solv/repo-oss/solv": ""}, answers=answers))
    assert (found.fetched, found.pending, found.security) == (True, 0, 0)


def test_apk_and_pacman_tell_their_updates_with_marks_behind_them() -> None:
    apk = FakeHost(
        {"/lib/apk/db/installed": "P:busybox\nV:1\n", "/var/cache/apk/APKINDEX.66b9ca1f.tar.gz": b""},
        answers={"apk --no-network version --limit '<'": ALPINE},
    )
    assert {name: one.version for name, one in collected(apk).packages.items()} == {
        "busybox": "1.36.1-r20",
        "gcc": "13.2.1_git20240309-r0",
        "nodejs-current": "22.1.0-r0",
    }
    pacman = FakeHost(ARCH, answers={"pacman -Qu": ARCH_LINUX})
    assert {name: one.version for name, one in collected(pacman).packages.items()} == {
        "archlinux-keyring": "20240609-1",
        "linux": "6.9.5.arch1-1",
        "nvidia": "550.90-2",
    }
