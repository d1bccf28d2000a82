from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats import package_updates
from vigo.catalog.formats.package_updates import (
    AptUpdate,
    count_zypper_security_patches,
    parse_apk_versions,
    parse_apt_updates,
    parse_dnf_versions,
    parse_pacman_versions,
    parse_zypper_versions,
)

NAMES = st.from_regex(r"[a-z][a-z0-9+-]{0,6}[a-z0-9]", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9][0-9.a-z~^]{0,8}", fullmatch=True)
ANY_TEXT = st.text() | st.text("Installed: Candidate(none)\n *0123456789.-<>|:security/needed", max_size=300)

POLICY = """\
curl:
  Installed: 7.88.1-10+deb12u4
  Candidate: 7.88.1-10+deb12u15
  Version table:
     7.88.1-10+deb12u15 500
        500 http://deb.example.org/debian bookworm/main amd64 Packages
     7.88.1-10+deb12u5 500
        500 http://deb.example.org/debian-security bookworm-security/main amd64 Packages
 *** 7.88.1-10+deb12u4 100
        100 /var/lib/dpkg/status
bash:
  Installed: 5.2.15-2+b8
  Candidate: 5.2.15-2+b13
  Version table:
     5.2.15-2+b13 500 (phased 40%)
        500 http://deb.example.org/debian bookworm/main amd64 Packages
 *** 5.2.15-2+b8 100
        100 /var/lib/dpkg/status
     5.2.15-2+b1 500
        500 http://deb.example.org/debian-security bookworm-security/main amd64 Packages
libssl3:i386:
  Installed: 3.0.2-0ubuntu1.14
  Candidate: 3.0.2-0ubuntu1.15
  Version table:
     3.0.2-0ubuntu1.15 500
        500 http://archive.example.com/ubuntu jammy-updates/main i386 Packages
        500 http://security.example.com/ubuntu jammy-security/main i386 Packages
 *** 3.0.2-0ubuntu1.14 100
        100 /var/lib/dpkg/status
same:
  Installed: 1
  Candidate: 1
  Version table:
 *** 1 100
        100 /var/lib/dpkg/status
older:
  Installed: 9
  Candidate: 8
  Version table:
 *** 9 100
        100 /var/lib/dpkg/status
     8 1001
       1001 http://mirror.example/debian bookworm/main amd64 Packages
     7 500
        500 http://deb.example.org/debian-security bookworm-security/main amd64 Packages
gone:
  Installed: (none)
  Candidate: 2
  Version table:
"""


def test_apt_tells_an_update_and_whether_it_or_one_that_it_follows_is_for_security() -> None:
    assert parse_apt_updates(POLICY) == {
        "curl": AptUpdate("7.88.1-10+deb12u15", security=True),
        "bash": AptUpdate("5.2.15-2+b13", security=False),
        "libssl3:i386": AptUpdate("3.0.2-0ubuntu1.15", security=True),
        "older": AptUpdate("8", security=False),
    }


def test_dnf_breaks_long_lines_and_what_is_obsolete_is_no_update() -> None:
    text = (
        "\ncurl.x86_64            7.76.1-29.el9_4      baseos\n"
        "python3-a-very-long-name-of-a-package.noarch\n"
        "                       2:1.0-1.el9          appstream\n"
        "Security: kernel-core-5.14 is an installed security update\n"
        "Obsoleting Packages\nold.x86_64  1-1  baseos\n    new.x86_64  2-1  baseos\n"
    )
    assert parse_dnf_versions(text) == {
        "curl": "7.76.1-29.el9_4",
        "python3-a-very-long-name-of-a-package": "2:1.0-1.el9",
    }


def test_zypper_tells_a_table_of_updates_and_one_of_patches() -> None:
    updates = (
        "S | Repository | Name | Current Version | Available Version | Arch\n--+---+---+---+---+---\n"
        "v | Main Update | curl | 8.0.1-1.1 | 8.0.1-2.1 | x86_64\n"
    )
    patches = (
        "Repository | Name | Category | Severity | Interactive | Status | Summary\n---+---+---+---+---+---+---\n"
        "Updates | SUSE-2024-1 | security | important | --- | needed | Security update for curl\n"
        "Updates | SUSE-2024-2 | security | low | --- | not needed | Security update for x\n"
        "Updates | SUSE-2024-3 | recommended | low | --- | needed | About security\n"
    )
    assert parse_zypper_versions(updates) == {"curl": "8.0.1-2.1"}
    assert count_zypper_security_patches(patches) == 1


def test_apk_and_pacman_tell_the_newer_version() -> None:
    apk = "Installed:                                Available:\nbusybox-extras-1.36.1-r15 < 1.36.1-r16 \n"
    assert parse_apk_versions(apk) == {"busybox-extras": "1.36.1-r16"}
    pacman = "linux 6.8.9.arch1-1 -> 6.9.1.arch1-1\nvim 9.1-1 -> 9.2-1 [ignored]\n"
    assert parse_pacman_versions(pacman) == {"linux": "6.9.1.arch1-1", "vim": "9.2-1"}


@given(st.dictionaries(NAMES, VERSIONS))
def test_what_each_tool_prints_is_read_back(updates: dict[str, str]) -> None:
    dnf = "".join(f"{name}.x86_64 {version} baseos\n" for name, version in updates.items())
    apk = "".join(f"{name}-1-r0 < {version}\n" for name, version in updates.items())
    pacman = "".join(f"{name} 1 -> {version}\n" for name, version in updates.items())
    apt = "".join(
        f"{name}:\n  Installed: 0\n  Candidate: {version}x\n  Version table:\n" for name, version in updates.items()
    )
    assert parse_dnf_versions(dnf) == parse_apk_versions(apk) == parse_pacman_versions(pacman) == updates
    assert {name: update.version for name, update in parse_apt_updates(apt).items()} == {
        name: f"{version}x" for name, version in updates.items()
    }


@given(ANY_TEXT)
def test_any_text_is_read_without_an_error(text: str) -> None:
    lines = text.count("\n") + 1
    assert len(parse_apt_updates(text)) <= lines
    for parse in (parse_dnf_versions, parse_zypper_versions, parse_apk_versions, parse_pacman_versions):
        assert len(parse(text)) <= lines
    assert package_updates.count_zypper_security_patches(text) <= lines
