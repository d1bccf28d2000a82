import pytest

from tests.catalog.traits.hosts import alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.groups import Group, GroupsTraits, collect_groups
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost


def test_groups_of_debian_have_their_numbers_and_members() -> None:
    text = "root:x:0:\nsudo:x:27:bob,ann\nann:x:1000:\n"
    assert collect_groups.collect(debian({"/etc/group": text})) == GroupsTraits(
        groups={
            "ann": Group(gid=1000, members=()),
            "root": Group(gid=0, members=()),
            "sudo": Group(gid=27, members=("ann", "bob")),
        },
        count=3,
    )


def test_lines_of_nis_and_password_hashes_of_red_hat_are_not_told() -> None:
    found = collect_groups.collect(redhat({"/etc/group": "wheel:$6$hash:10:ann\n+::\n# x\nbroken:x:y:\n"}))
    assert found == GroupsTraits(groups={"wheel": Group(gid=10, members=("ann",))}, count=1)
    assert "hash" not in repr(found)


def test_a_member_that_alpine_lists_twice_is_told_once() -> None:
    found = collect_groups.collect(alpine({"/etc/group": "adm:x:4:root,adm,root,daemon\n"}))
    assert found == GroupsTraits(groups={"adm": Group(gid=4, members=("adm", "daemon", "root"))}, count=1)


@pytest.mark.parametrize("host", [FakeHost(), image()])
def test_a_host_without_groups_has_none(host: FakeHost) -> None:
    assert collect_groups.collect(host) == GroupsTraits(groups={}, count=0)


def test_an_image_has_groups() -> None:
    found = collect_groups.collect(image({"/etc/group": "root:x:0:\n"}))
    assert found == GroupsTraits(groups={"root": Group(gid=0, members=())}, count=1)


def test_of_many_the_first_are_told_and_all_are_counted() -> None:
    members = ",".join(f"u{number}" for number in range(300))
    text = "".join(f"g{number}:x:{number}:{members}\n" for number in range(600))
    found = collect_groups.collect(debian({"/etc/group": text}))
    assert isinstance(found, GroupsTraits)
    assert (len(found.groups), found.count, len(found.groups["g0"].members)) == (500, 600, 100)
    assert "g499" in found.groups
    assert "g500" not in found.groups


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_groups.collect(debian(unreadable("/etc/group")))
