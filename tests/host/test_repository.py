"""The kind `repository` with the real apt, dnf, zypper and pacman, which check signatures by its keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.booted_debian import BootedDebian, declared
from tests.host.other_tools import Tool, machine_of
from tests.host.probe_arch import FOLDER as ARCH_FOLDER
from tests.host.probe_arch import publish_arch
from tests.host.probe_keys import exported, fingerprints_in, make_key, sign, sign_rpms
from tests.host.probe_packages import publish
from tests.host.probe_rpms import FOLDER as RPM_FOLDER
from tests.host.probe_rpms import publish_rpms
from vigo.core.plan import PlannedResource

NAME = "vigo-probe"
APT_FOLDER = "/srv/probe-packages"
SOURCES, KEY = "/etc/apt/sources.list.d/mine.sources", "/etc/apt/keyrings/mine.gpg"


def apt_repository(**fields: object) -> PlannedResource:
    return declared(
        "repository", "mine", **{"repository": "mine", "uri": f"file:{APT_FOLDER}", "suites": ["./"], **fields}
    )


def package(**fields: object) -> PlannedResource:
    return declared("package", "probe", **{"package": NAME, "depends_on": ["mine"], **fields})


def publish_signed(debian: BootedDebian, fingerprint: str, *versions: str) -> None:
    """Offer the package in these versions, signed, and leave the sources of the machine alone."""
    publish(debian, *((NAME, version) for version in versions))
    debian.run("rm", "/etc/apt/sources.list.d/probe.list")
    digest = debian.tell("sha256sum", f"{APT_FOLDER}/Packages").split()[0]
    size = debian.tell("stat", "--format=%s", f"{APT_FOLDER}/Packages")
    date = debian.tell("date", "--utc", "+%a, %d %b %Y %T UTC")
    debian.write(f"{APT_FOLDER}/Release", f"Suite: stable\nDate: {date}\nSHA256:\n {digest} {size} Packages\n")
    sign(debian, fingerprint, "--clearsign", "--output", f"{APT_FOLDER}/InRelease", file=f"{APT_FOLDER}/Release")


def installed(debian: BootedDebian) -> str:
    return debian.run("dpkg-query", "--show", "--showformat=${Status} ${Version}", NAME, check=False).stdout


def test_a_signed_repository_and_its_package_come_in_one_run(debian: BootedDebian) -> None:
    fingerprint = make_key(debian)
    publish_signed(debian, fingerprint, "1.0")
    mine = apt_repository(key=exported(debian, fingerprint), key_fingerprint=fingerprint)
    debian.changes(mine, package())
    assert installed(debian) == "install ok installed 1.0"
    assert fingerprints_in(debian, KEY) == [fingerprint]
    assert debian.tell("stat", "--format=%a %u", KEY, SOURCES).split("\n") == ["644 0", "644 0"]
    # What was fetched before does not know the new version; the index is fetched anew since the repository changed.
    publish_signed(debian, fingerprint, "1.0", "2.0")
    debian.changes(
        apt_repository(key=exported(debian, fingerprint), architectures=["all", "amd64"]), package(version="2.0")
    )
    assert installed(debian) == "install ok installed 2.0"


def test_what_another_key_signed_is_not_installed(debian: BootedDebian) -> None:
    ours, others = make_key(debian, "ours"), make_key(debian, "others")
    publish_signed(debian, others, "1.0")
    results = debian.apply(apt_repository(key=exported(debian, ours)), package())
    assert results["mine"].outcome == "changed"
    assert results["probe"].outcome == "blocked", results["probe"]
    assert not installed(debian)


def test_a_key_is_fetched_and_only_the_known_one_written(debian: BootedDebian) -> None:
    ours, others = make_key(debian, "ours"), make_key(debian, "others")
    publish_signed(debian, ours, "1.0")
    debian.write("/srv/www/key.asc", exported(debian, ours))
    debian.run("systemd-run", "--unit=www", "--working-directory=/srv/www", "--property=ExecStartPost=/bin/sh -c 'until"
               " bash -c \"echo > /dev/tcp/127.0.0.1/8000\" 2> /dev/null; do :; done'",
               "python3", "-m", "http.server", "--bind", "127.0.0.1", "8000")  # fmt: skip
    url = "http://127.0.0.1:8000/key.asc"
    refused = debian.apply(apt_repository(key_url=url, key_fingerprint=others))["mine"]
    assert refused.outcome == "failed"
    assert ours in refused.reason
    assert debian.run("test", "-e", KEY, check=False).returncode == 1
    assert debian.run("test", "-e", SOURCES, check=False).returncode == 1
    debian.changes(apt_repository(key_url=url, key_fingerprint=ours), package())
    assert fingerprints_in(debian, KEY) == [ours]
    assert installed(debian) == "install ok installed 1.0"
    # A key that somebody put beside it is taken away again.
    debian.write("/srv/both.asc", exported(debian, others))
    debian.run("sh", "-c", f"gpg --dearmor < /srv/both.asc >> {KEY}")
    assert len(fingerprints_in(debian, KEY)) == 2
    debian.changes(apt_repository(key_url=url, key_fingerprint=ours))
    assert fingerprints_in(debian, KEY) == [ours]


@pytest.mark.parametrize("layout", ["deb822", "list"])
def test_apt_itself_reads_both_formats_and_what_is_not_enabled_offers_nothing(
    debian: BootedDebian, layout: str
) -> None:
    publish(debian, (NAME, "1.0"))
    debian.run("rm", "/etc/apt/sources.list.d/probe.list")
    debian.changes(apt_repository(trusted=True, format=layout))
    assert APT_FOLDER in debian.tell("apt-get", "update", "--print-uris")
    debian.changes(apt_repository(trusted=True, format=layout, enabled=False))
    assert APT_FOLDER not in debian.tell("apt-get", "update", "--print-uris")
    debian.changes(apt_repository(trusted=True, format="list" if layout == "deb822" else "deb822"), package())
    assert installed(debian) == "install ok installed 1.0"
    debian.changes(apt_repository(state="absent"))
    assert debian.tell("find", "/etc/apt/sources.list.d", "/etc/apt/keyrings", "-type", "f") == ""
    debian.keeps(apt_repository(state="absent"))


def rpm_repository(**fields: object) -> PlannedResource:
    return declared("repository", "mine", **{"repository": "mine", "uri": f"file://{RPM_FOLDER}", **fields})


@pytest.fixture(params=["dnf", "zypper"])
def rpm_machine(
    request: pytest.FixtureRequest, debian_root: Path, tmp_path: Path
) -> Iterator[tuple[Tool, BootedDebian]]:
    with machine_of(request.param, tmp_path) as machine:
        yield request.param, machine


def test_rpm_knows_the_key_and_the_tool_installs_what_it_signed(rpm_machine: tuple[Tool, BootedDebian]) -> None:
    tool, machine = rpm_machine
    fingerprint = make_key(machine)
    publish_rpms(machine, (NAME, "1.0-1"))
    sign_rpms(machine, fingerprint, RPM_FOLDER)
    mine = rpm_repository(key=exported(machine, fingerprint), key_fingerprint=fingerprint)
    machine.changes(mine, package())
    assert machine.tell("rpm", "-q", NAME) == f"{NAME}-1.0-1.noarch"
    assert fingerprint[-8:].lower() in machine.tell("rpm", "-q", "gpg-pubkey")
    assert "Key ID" in machine.tell("rpm", "-q", "--queryformat", "%{RSAHEADER:pgpsig}", NAME)
    listed = ("zypper", "--quiet", "repos", "--uri") if tool == "zypper" else ("dnf", "--quiet", "repolist")
    assert "mine" in machine.tell(*listed)
    machine.changes(rpm_repository(key=exported(machine, fingerprint), enabled=False))
    if tool == "dnf":
        assert "mine" not in machine.tell(*listed)
    machine.changes(rpm_repository(state="absent"))
    assert "mine" not in machine.run(*listed, check=False).stdout


def test_what_nobody_or_another_key_signed_is_not_installed_by_rpm_s_tools(
    rpm_machine: tuple[Tool, BootedDebian],
) -> None:
    _, machine = rpm_machine
    ours, others = make_key(machine, "ours"), make_key(machine, "others")
    publish_rpms(machine, (NAME, "1.0-1"))
    results = machine.apply(rpm_repository(key=exported(machine, ours)), package())
    assert results["probe"].outcome in ("failed", "blocked"), results
    sign_rpms(machine, others, RPM_FOLDER)
    results = machine.apply(rpm_repository(key=exported(machine, ours)), package())
    assert results["probe"].outcome in ("failed", "blocked"), results
    assert machine.run("rpm", "-q", NAME, check=False).returncode == 1
    publish_rpms(machine, (NAME, "1.0-1"))
    machine.changes(rpm_repository(trusted=True), package())


def test_pacman_trusts_the_key_and_has_its_section(debian_root: Path, tmp_path: Path) -> None:
    with machine_of("pacman", tmp_path) as machine:
        fingerprint = make_key(machine)
        settings = "[options]\nArchitecture = auto\nSigLevel = Required DatabaseOptional\n"
        publish_arch(machine, NAME, "1.0-1", settings=settings)
        sign(machine, fingerprint, "--detach-sign", file=f"{ARCH_FOLDER}/{NAME}-1.0-1-any.pkg.tar.gz")
        mine = declared(
            "repository", "mine", repository="probe", uri=f"file://{ARCH_FOLDER}", key=exported(machine, fingerprint)
        )
        blocked = machine.apply(mine)["mine"]
        assert blocked.outcome == "blocked"
        assert "pacman-key --init" in blocked.reason
        machine.run("pacman-key", "--init")
        machine.changes(mine, package())
        assert machine.tell("pacman", "-Q", NAME) == f"{NAME} 1.0-1"
        assert fingerprint in machine.tell("pacman-key", "--finger").replace(" ", "")
        assert machine.tell("pacman-conf", "--repo-list") == "probe"
        machine.changes(declared("repository", "mine", repository="probe", state="absent"))
        assert machine.tell("cat", "/etc/pacman.conf") + "\n" == settings
