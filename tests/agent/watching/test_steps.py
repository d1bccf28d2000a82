from hypothesis import given
from hypothesis import strategies as st

from vigo.agent.watching.steps import Step, Walker
from vigo.catalog.ops import MakeDirectory, MakeSymlink
from vigo.testing.fake_host import FakeHost


def test_every_name_on_the_way_is_a_step() -> None:
    way, end = Walker(FakeHost({"/etc/app/conf": ""})).steps_to("/etc/app/conf")
    assert way == {Step("/", "etc"), Step("/etc", "app")}
    assert end == Step("/etc/app", "conf")


def test_where_a_folder_is_missing_its_name_is_the_last_step() -> None:
    way, end = Walker(FakeHost({"/etc/x": ""})).steps_to("/etc/app/deep/conf")
    assert way == {Step("/", "etc"), Step("/etc", "app")}
    assert end is None


def test_symlinks_are_walked_as_the_kernel_walks_them() -> None:
    host = FakeHost({"/srv/two/conf": "", "/etc/x": ""})
    host.apply(MakeSymlink(path="/etc/current", to="../srv/./two"))
    way, end = Walker(host).steps_to("/etc/current/conf")
    assert Step("/etc", "current") in way
    assert Step("/srv", "two") in way
    assert end == Step("/srv/two", "conf")


def test_the_target_of_a_last_symlink_is_on_the_way_too() -> None:
    host = FakeHost({"/run/x": "", "/etc/x": ""})
    host.apply(MakeSymlink(path="/etc/conf", to="/run/x"))
    way, end = Walker(host).steps_to("/etc/conf")
    assert end == Step("/etc", "conf")
    assert Step("/run", "x") in way


@given(st.lists(st.sampled_from(["a", "b", "..", ".", "", "/a", "/b/..", "a/b", "../b"]), min_size=1, max_size=4))
def test_no_loop_of_links_keeps_a_walk_from_its_end(targets: list[str]) -> None:
    host = FakeHost({"/x": ""})
    host.apply(MakeDirectory(path="/e"))
    for index, target in enumerate(targets):
        host.apply(MakeSymlink(path=f"/{'abcd'[index]}", to=target or "."))
    Walker(host).steps_to("/a/b/c/d")
