from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats import pacman_settings

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,6}", fullmatch=True).filter(lambda name: name != "options")
TEXTS = st.text("[]optinscre=# \t\nServer\r", max_size=80) | st.text(max_size=30)
SETTINGS = st.lists(st.sampled_from(["Server = https://x/$repo", "SigLevel = Never", "Usage = All"]), max_size=3)


@given(TEXTS, NAMES, SETTINGS)
def test_a_section_is_written_read_and_taken_away_and_no_other_one_changes(
    text: str, name: str, settings: list[str]
) -> None:
    others = [other for other in pacman_settings.section_names(text) if other != name]
    written = pacman_settings.with_section(text, name, settings)
    assert pacman_settings.section_of(written, name) == tuple(settings)
    assert pacman_settings.with_section(written, name, settings) == written
    for other in set(others) | {"options"}:
        assert pacman_settings.section_of(written, other) == pacman_settings.section_of(text, other)
    gone = pacman_settings.without_section(written, name)
    assert [other for other in pacman_settings.section_names(gone) if other != name] == others


@given(st.lists(st.tuples(NAMES, SETTINGS), max_size=4, unique_by=lambda one: one[0]), NAMES, SETTINGS)
def test_a_new_section_goes_without_a_trace(sections: list[tuple[str, list[str]]], name: str, new: list[str]) -> None:
    text = "[options]\nCheckSpace\n"
    for other, settings in sections:
        text = pacman_settings.with_section(text, other, settings)
    if name not in pacman_settings.section_names(text):
        assert pacman_settings.without_section(pacman_settings.with_section(text, name, new), name) == text


@given(TEXTS, NAMES)
def test_what_is_not_there_is_taken_away_without_a_change(text: str, name: str) -> None:
    if pacman_settings.section_of(text, name) is None:
        assert pacman_settings.without_section(text, name) == text


@given(TEXTS)
def test_any_text_is_read_without_an_error(text: str) -> None:
    pacman_settings.ignored_packages(text)


def test_packages_that_are_ignored_stand_in_several_lines() -> None:
    text = "[options]\n IgnorePkg = linux vim\n#IgnorePkg = no\nIgnorePkg=nginx\nIgnoreGroup = base\n"
    assert pacman_settings.ignored_packages(text) == {"linux", "vim", "nginx"}
