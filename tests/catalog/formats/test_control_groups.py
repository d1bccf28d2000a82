from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.control_groups import (
    UNIFIED,
    levels,
    parse_attached_controllers,
    parse_limit,
    parse_memberships,
)

PATHS = st.lists(st.text("ab.:-@ ", min_size=1, max_size=6).filter(lambda part: part != ".."), max_size=5)


@given(PATHS)
def test_a_membership_is_read_back_whatever_its_path(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    text = f"4:cpu,cpuacct:{path}\n1:name=systemd:/init.scope\n0::{path}\n"
    assert parse_memberships(text) == {
        "cpu": path,
        "cpuacct": path,
        "name=systemd": "/init.scope",
        UNIFIED: path,
    }


def test_controllers_of_version_1_are_those_that_are_on_and_in_a_hierarchy() -> None:
    text = (
        "#subsys_name\thierarchy\tnum_cgroups\tenabled\npids\t8\t1\t1\nmemory\t4\t16\t1\ncpu\t0\t1\t1\nrdma\t9\t1\t0\n"
    )
    assert parse_attached_controllers(text) == ("memory", "pids")


@given(PATHS)
def test_levels_lead_from_a_group_to_the_root(parts: list[str]) -> None:
    found = levels("/" + "/".join(parts))
    assert found[-1] == ""
    assert len(found) == len(parts) + 1
    assert all(inner.startswith(outer) for inner, outer in pairwise(found))


def test_of_a_group_outside_only_the_root_is_known() -> None:
    assert levels("/../../system.slice") == ("",)
    assert levels("/a/b") == ("/a/b", "/a", "")


def test_no_limit_is_none_in_both_versions() -> None:
    assert [parse_limit(text) for text in ("max\n", "9223372036854771712\n", "", "536870912\n")] == [
        None,
        None,
        None,
        536_870_912,
    ]


@given(st.text() | st.text("0123:/,a.\n\t", max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_attached_controllers(text)
    parse_limit(text)
    assert all(path.startswith("/") for path in parse_memberships(text).values())
    assert len(levels(text)) <= 32
