import shlex

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
