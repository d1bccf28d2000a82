import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats import packages
from vigo.catalog.formats.packages import InstalledPackage, compare_rpm

NAMES = st.from_regex(r"[a-z][a-z0-9+-]{0,6}[a-z0-9]", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9][0-9.a-z~^]{0,8}", fullmatch=True)
PARSERS = (
    packages.parse_dpkg_query,
    packages.parse_dpkg_status,
    packages.parse_rpm_query,
    packages.parse_apk_database,
    packages.parse_apt_policy,
    packages.parse_dnf_updates,
    packages.parse_zypper_updates,
    packages.parse_apk_updates,
    packages.parse_pacman_updates,
)


@given(st.text() | st.text("Package: Status:\ninstall ok|<->.0123456789PV\t", max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for parse in PARSERS:
        parse(text)
    packages.parse_pacman_folders((text,))


@given(st.dictionaries(NAMES, VERSIONS))
def test_the_query_and_the_status_file_of_dpkg_say_the_same(installed: dict[str, str]) -> None:
    query = "".join(f"ii \t{name}\tamd64\t{version}\n" for name, version in installed.items())
    status = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nDescription: x\n Package: no\n"
        f"Architecture: amd64\nVersion: {version}\n"
        for name, version in installed.items()
    )
    assert packages.parse_dpkg_query(query) == packages.parse_dpkg_status(status)
    assert {
        name: found.version for name, found in packages.parse_dpkg_query(query).items() if ":" not in name
    } == installed


@given(st.dictionaries(NAMES, VERSIONS))
def test_folders_of_pacman_are_read_back(installed: dict[str, str]) -> None:
    folders = tuple(f"{name}-{version.replace('-', '.')}-1" for name, version in installed.items())
    assert set(packages.parse_pacman_folders(folders)) == set(installed)


def test_states_of_dpkg_are_told_apart() -> None:
    found = packages.parse_dpkg_query("hi \ta\tall\t1\nrc \tb\tall\t1\niU \tc\tall\t1\nit \td\tall\t1\nun \te\tall\t\n")
    assert found["a"] == InstalledPackage("1", held=True)
    assert found["b"].configuration_only
    assert "c" not in found
    assert "d" in found
    assert "e" not in found


def test_one_name_of_two_architectures_is_found_by_each_name() -> None:
    found = packages.parse_dpkg_query("ii \tlibc6\tamd64\t2\nrc \tlibc6\ti386\t1\n")
    assert found["libc6"].version == "2"
    assert found["libc6:i386"].configuration_only


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [  # the examples of rpm-version(7)
        ("1.0", "1.0", 0),
        ("1.0", "2.0", -1),
        ("2.0.1", "2.0", 1),
        ("5.5p1", "5.5p10", -1),
        ("10xyz", "10.1xyz", -1),
        ("xyz10", "xyz10.1", -1),
        ("1.0~rc1", "1.0", -1),
        ("1.0~rc1", "1.0~rc2", -1),
        ("1.0^", "1.0", 1),
        ("1.0^git1", "1.01", -1),
        ("1:1.0", "2.0", 1),
        ("1.05", "1.5", 0),
        ("1.0-1", "1.0", 0),
        ("1.0-2", "1.0-10", -1),
        ("fc4", "fc.4", 0),
    ],
)
def test_versions_are_ordered_as_rpm_orders_them(left: str, right: str, order: int) -> None:
    assert compare_rpm(left, right) == order
    assert compare_rpm(right, left) == -order


@given(st.text("01ab.-:~^", max_size=8), st.text("01ab.-:~^", max_size=8))
def test_the_order_of_versions_is_the_same_from_both_sides(left: str, right: str) -> None:
    assert compare_rpm(left, right) == -compare_rpm(right, left)
    assert compare_rpm(left, left) == 0


def test_a_table_of_dnf_that_goes_on_in_the_next_line_is_read() -> None:
    text = "\nvim.x86_64  2:9.0-1  base\na-very-long-name.noarch\n     2.0-1   updates\nObsoleting Packages\nx.y 1 z\n"
    assert packages.parse_dnf_updates(text) == {"vim", "a-very-long-name"}


def test_every_version_of_the_table_of_apt_is_read() -> None:
    text = (
        "vim:\n  Installed: 2:9.0-1\n  Candidate: 2:9.1-1\n  Version table:\n"
        "     2:9.1-1 500 (phased 20%)\n        500 http://x stable/main amd64 Packages\n"
        " *** 2:9.0-1 100\n        100 /var/lib/dpkg/status\n"
        "git:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n"
    )
    assert packages.parse_apt_policy_versions(text) == {"vim": ("2:9.1-1", "2:9.0-1")}


@given(NAMES, VERSIONS)
def test_a_version_is_itself_and_need_not_say_its_epoch_and_release(name: str, version: str) -> None:
    for written in (version, f"{version}-1", f"3:{version}-1", "*", f"*{version}*"):
        assert packages.is_version(written, f"3:{version}-1"), name
    assert not packages.is_version(f"{version}x", f"3:{version}-1")
