import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.kernel_releases import flavour_of, is_newer, newest_like

RELEASES = st.from_regex(r"[0-9]\.[0-9]{1,2}\.[0-9]{1,2}-[0-9]{1,2}-(amd64|cloud-amd64|generic)", fullmatch=True)


@pytest.mark.parametrize(
    ("running", "installed", "newest"),
    [
        ("6.1.0-18-amd64", ["6.1.0-9-amd64", "6.1.0-21-amd64", "6.1.0-22-rt-amd64"], "6.1.0-21-amd64"),
        ("6.5.0-35-generic", ["6.5.0-35-generic", "6.8.0-31-generic", "6.8.0-40-lowlatency"], "6.8.0-31-generic"),
        (
            "5.14.0-362.24.1.el9_3.x86_64",
            ["5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.99.1.el9_4.x86_64+rt"],
            "5.14.0-427.13.1.el9_4.x86_64",
        ),
        ("6.8.9-300.fc40.x86_64", ["6.8.10-300.fc40.x86_64"], "6.8.10-300.fc40.x86_64"),
        ("6.4.0-150600.21-default", ["6.4.0-150600.23.7-default"], "6.4.0-150600.23.7-default"),
        ("6.6.31-0-lts", ["6.6.32-0-lts", "6.9.0-0-virt"], "6.6.32-0-lts"),
        ("6.8.9-arch1-1", ["6.9.1-arch1-1", "6.6.31-1-lts"], "6.9.1-arch1-1"),
        ("6.1.102", ["6.1.0-21-amd64"], ""),
        ("6.1.0-18-amd64", [], ""),
    ],
)
def test_the_newest_is_of_the_running_ones_flavour(running: str, installed: list[str], newest: str) -> None:
    assert newest_like(running, installed) == newest
    assert not newest or is_newer(newest, running)


@given(RELEASES, st.lists(RELEASES))
def test_nothing_installed_of_the_flavour_is_newer_than_the_newest(running: str, installed: list[str]) -> None:
    newest = newest_like(running, installed)
    alike = [release for release in installed if flavour_of(release) == flavour_of(running)]
    assert newest in alike or (not newest and not alike)
    assert not any(is_newer(release, newest) for release in alike)


@given(st.text(), st.lists(st.text()))
def test_any_names_are_compared_without_an_error(running: str, installed: list[str]) -> None:
    assert newest_like(running, installed) in (*installed, "")
