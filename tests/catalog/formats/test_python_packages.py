import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats import python_packages

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,4}([-_.]{1,2}[a-z0-9]{1,4})?", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}((a|b|rc)[0-9]|\.post[0-9]|\.dev[0-9])?", fullmatch=True)


@given(st.text() | st.text("a-_.[], =<>1", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    python_packages.base_name(text)
    python_packages.is_version(text)
    python_packages.same_version(text, "1")
    python_packages.newest_of_report(text)
    python_packages.installed_packages([text])


@given(NAMES, VERSIONS)
def test_the_folder_that_pip_leaves_is_read_back(name: str, version: str) -> None:
    folder = f"{python_packages.normalised_name(name).replace('-', '_')}-{version}.dist-info"
    assert python_packages.installed_packages([folder, "x.pth", "__pycache__"]) == {
        python_packages.normalised_name(name): version
    }


@given(VERSIONS, VERSIONS)
def test_versions_are_equal_both_ways_and_to_themselves_with_further_zeros(left: str, right: str) -> None:
    assert python_packages.same_version(left, right) == python_packages.same_version(right, left)
    assert python_packages.same_version(f"v{left}", left)
    if left.replace(".", "").isdigit():
        assert python_packages.same_version(f"{left}.0", left)


@pytest.mark.parametrize(
    ("left", "right"),
    [("1.0alpha1", "1a1"), ("1.0-1", "1.0-1"), ("1.0.post1", "1-post1"), ("0!1", "1"), ("1+Local_1", "1+local.1")],
)
def test_one_version_is_written_in_several_ways(left: str, right: str) -> None:
    assert python_packages.same_version(left, right)


@pytest.mark.parametrize(("left", "right"), [("1.0", "1.0.1"), ("1", "1a1"), ("10", "1"), ("1!1", "1"), ("1+a", "1")])
def test_other_versions_are_told_apart(left: str, right: str) -> None:
    assert not python_packages.same_version(left, right)


def test_names_are_those_of_an_index() -> None:
    assert python_packages.base_name("My__App.x[a,b-c]") == "my-app-x"
    for wrong in ("-x", "x-", "a b", "a==1", "a[", "a[]", "a[-x]", "a\n", "https://x"):
        assert python_packages.base_name(wrong) is None, wrong


def test_eggs_of_distributions_are_read() -> None:
    found = python_packages.installed_packages(["PyYAML-6.0-py3.11.egg-info", "six-1.16.0.egg-info"])
    assert found == {"pyyaml": "6.0", "six": "1.16.0"}


def test_the_report_names_the_version() -> None:
    report = json.dumps({"version": "1", "install": [{"metadata": {"name": "x", "version": "2.1"}}]})
    assert python_packages.newest_of_report(report) == "2.1"
    for wrong in ("[]", "{}", '{"install": []}', '{"install": [{"metadata": {"version": "-x"}}]}'):
        assert python_packages.newest_of_report(wrong) is None
