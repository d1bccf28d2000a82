from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.accounts import (
    MAX_ID,
    GroupEntry,
    PasswdEntry,
    ShadowEntry,
    free_id,
    gshadow_with_members,
    parse_group,
    parse_passwd,
    parse_shadow,
    with_line,
    without_name,
)

NAMES = st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True)
FIELDS = st.text(st.characters(exclude_characters=":\n", exclude_categories=["Cs"]), max_size=12)
IDS = st.integers(0, MAX_ID)
FILES = st.text(st.sampled_from("ab:\n0123456789,#+-x é"), max_size=80)
USERS = st.builds(PasswdEntry, name=NAMES, uid=IDS, gid=IDS, comment=FIELDS, home=FIELDS, shell=FIELDS, password=FIELDS)
GROUPS = st.builds(GroupEntry, name=NAMES, gid=IDS, members=st.lists(NAMES, unique=True).map(tuple), password=FIELDS)
PASSWORDS = st.builds(
    ShadowEntry,
    name=NAMES,
    hash=FIELDS,
    aging=st.tuples(FIELDS, FIELDS, FIELDS, FIELDS, FIELDS),
    expires_day=st.none() | st.integers(0, 99999),
    reserved=FIELDS,
)


@given(st.lists(USERS, unique_by=lambda user: user.name))
def test_printed_users_are_read_back(users: list[PasswdEntry]) -> None:
    text = "".join(user.line() + "\n" for user in users)
    assert dict(parse_passwd(text)) == {user.name: user for user in users}


@given(st.lists(GROUPS, unique_by=lambda group: group.name))
def test_printed_groups_are_read_back(groups: list[GroupEntry]) -> None:
    text = "".join(group.line() + "\n" for group in groups)
    assert dict(parse_group(text)) == {group.name: group for group in groups}


@given(st.lists(PASSWORDS, unique_by=lambda entry: entry.name))
def test_printed_passwords_are_read_back(entries: list[ShadowEntry]) -> None:
    text = "".join(entry.line() + "\n" for entry in entries)
    assert dict(parse_shadow(text)) == {entry.name: entry for entry in entries}


@given(st.text() | FILES)
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(name == user.name for name, user in parse_passwd(text).items())
    assert all(0 <= group.gid <= MAX_ID for group in parse_group(text).values())
    assert all(":" not in entry.hash for entry in parse_shadow(text).values())


@given(FILES, USERS)
def test_an_edit_changes_the_entry_and_no_other_line(text: str, user: PasswdEntry) -> None:
    edited = with_line(text, user.line())
    assert user.line() in edited.split("\n")
    others = [line for line in text.removesuffix("\n").split("\n") if text and line.partition(":")[0] != user.name]
    kept = [line for line in edited.removesuffix("\n").split("\n") if line.partition(":")[0] != user.name]
    assert kept == others
    assert with_line(edited, user.line()) == edited


@given(FILES, NAMES)
def test_a_removed_name_is_gone_and_removing_again_changes_nothing(text: str, name: str) -> None:
    removed = without_name(text, name)
    assert name not in parse_passwd(removed)
    assert without_name(removed, name) == removed


@given(FILES, NAMES, st.lists(NAMES, unique=True))
def test_a_gshadow_group_keeps_its_password_and_gets_its_members(text: str, name: str, members: list[str]) -> None:
    edited = gshadow_with_members(text, name, members)
    line = next(line for line in edited.split("\n") if line.startswith(f"{name}:"))
    assert line.endswith(f":{','.join(members)}")
    assert gshadow_with_members(edited, name, members) == edited


def test_the_first_of_two_entries_counts_as_in_the_c_library() -> None:
    assert parse_passwd("a:x:1:1:::\na:x:2:2:::\n")["a"].uid == 1


def test_markers_of_other_sources_and_damaged_lines_are_no_users() -> None:
    assert dict(parse_passwd("+nis:x:1:1:::\n-b::::::\n#c:x:1:1:::\nd:x:no:1:::\ne:x:1\nf:x:99999999999:1:::\n")) == {}


@given(st.sets(st.integers(100, 1100)), st.booleans())
def test_a_free_number_is_taken_by_nobody(taken: set[int], system: bool) -> None:  # noqa: FBT001 - a drawn value
    number = free_id(taken, system=system)
    assert number is None or number not in taken
    assert number is None or (100 <= number <= 999) == system


def test_no_number_is_free_when_all_are_taken() -> None:
    assert free_id(range(100, 1000), system=True) is None
