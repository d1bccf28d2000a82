from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats import package_holds

PARSERS = (
    package_holds.parse_versionlocks,
    package_holds.parse_versionlock_toml,
    package_holds.parse_zypper_locks,
    package_holds.parse_apk_pins,
)
NAMES = st.from_regex(r"[a-z][a-z0-9+]{0,6}(-[a-z][a-z0-9]{0,4})?", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9][0-9.a-z~^]{0,8}", fullmatch=True)


@given(st.text() | st.text('abn-:.*!#=\n "[]packgesolvtyu_', max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for parse in PARSERS:
        parse(text)


@given(st.dictionaries(NAMES, VERSIONS), st.booleans())
def test_locks_of_dnf_and_of_yum_are_read_back(held: dict[str, str], of_yum: bool) -> None:  # noqa: FBT001 - drawn
    lines = [f"0:{name}-{one}-1.el9.*" if of_yum else f"{name}-0:{one}-1.el9.*" for name, one in held.items()]
    assert package_holds.parse_versionlocks("# Added lock on Tue\n" + "\n".join(lines)) == set(held)


@given(st.dictionaries(NAMES, st.from_regex(r"[0-9][0-9.a-z_]{0,8}", fullmatch=True)))
def test_pins_of_apk_are_read_back(held: dict[str, str]) -> None:
    words = [f"{name}={version}-r0" for name, version in held.items()]
    assert package_holds.parse_apk_pins("\n".join([*words, "zz", "zz>1", "zz~1.2", "!zz=1", "zz@edge"])) == set(held)


def test_what_excludes_or_ranges_or_matches_is_no_hold_of_a_package() -> None:
    assert package_holds.parse_versionlocks("!vim-0:9-1.*\nngin*-0:1-1.*\n\n") == frozenset()
    assert package_holds.parse_apk_pins("a@edge=1.0-r0 b>=1 c") == {"a"}


def test_locks_of_zypper_on_one_repository_or_version_or_another_sort_do_not_hold_a_package() -> None:
    stanza = "\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: {}\n{}"
    text = "".join(
        stanza.format(name, more)
        for name, more in (("vim", ""), ("git", "repo: base\n"), ("zsh", "version: > 1\n"), ("lib*", ""))
    )
    assert package_holds.parse_zypper_locks(text + "\ntype: patch\nsolvable_name: p1\n") == {"vim"}


def test_dnf_5_ties_a_package_by_a_condition() -> None:
    text = """version = "1.0"
[[packages]]
name = "vim"
[[packages.conditions]]
key = "evr"
comparator = "="
value = "2:9.0-1"
[[packages]]
name = "git"
[[packages.conditions]]
key = "evr"
comparator = "<"
value = "3"
"""
    assert package_holds.parse_versionlock_toml(text) == {"vim"}
    assert package_holds.parse_versionlock_toml("packages = 1") == frozenset()
