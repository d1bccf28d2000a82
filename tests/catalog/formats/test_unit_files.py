import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.unit_files import (
    Setting,
    command_line,
    install_settings,
    job_text,
    last_of,
    parse_settings,
    timer_text,
    words_of,
)

ARGUMENTS = st.lists(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\n")), max_size=4)


def words_by_systemd(text: str) -> list[str]:
    """Return the words of a command line by the rules of systemd.service(5), for what Vigo writes of them."""
    words, current, place, is_quoted = [], "", 0, False
    while place < len(text):
        letter, pair = text[place], text[place : place + 2]
        if is_quoted and pair in ('\\"', "\\\\"):
            current, place = current + pair[1], place + 2
        elif is_quoted and pair == "\\x":
            current, place = current + chr(int(text[place + 2 : place + 4], 16)), place + 4
        elif pair in ("$$", "%%"):
            current, place = current + letter, place + 2
        elif letter == '"':
            if is_quoted:
                words.append(current)
                current = ""
            is_quoted, place = not is_quoted, place + 1
        elif letter == " " and not is_quoted:
            if current:
                words.append(current)
            current, place = "", place + 1
        else:
            current, place = current + letter, place + 1
    return [*words, current] if current else words


@given(ARGUMENTS)
def test_each_argument_means_itself(arguments: list[str]) -> None:
    line = command_line(["/bin/x", *arguments])
    assert "\n" not in line
    assert words_by_systemd(line) == ["/bin/x", *arguments]


@given(ARGUMENTS, st.sampled_from(["root", "ann"]))
def test_a_job_has_one_command_and_no_other_setting(arguments: list[str], user: str) -> None:
    settings = parse_settings(job_text("a %n", ["/bin/x", *arguments], user))
    keys = [one.key for one in settings if one.section == "Service"]
    assert keys == (["Type", "ExecStart"] if user == "root" else ["Type", "User", "ExecStart"])
    assert last_of(settings, "Unit", "Description") == "a %%n"


def test_a_timer_is_due_at_each_of_its_times_and_started_by_the_boot() -> None:
    settings = parse_settings(timer_text("t", ["daily", "Mon 08:30"], persistent=True, random_delay_seconds=60))
    assert [one.value for one in settings if one.key == "OnCalendar"] == ["daily", "Mon 08:30"]
    assert (last_of(settings, "Timer", "Persistent"), last_of(settings, "Timer", "RandomizedDelaySec")) == ("yes", "60")
    assert install_settings(settings) == (Setting("Install", "WantedBy", "timers.target"),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Install]\nWantedBy=a b\nWantedBy=c\n", ("a", "b", "c")),
        ("[Install]\nWantedBy=a\nWantedBy=\nWantedBy=b\n", ("b",)),
        ("[Install]\nWantedBy=a \\\n# comment\n  b\n", ("a", "b")),
        ("[Unit]\nWantedBy=a\n", ()),
        ("; [Install]\nWantedBy=a\n", ()),
    ],
)
def test_lists_add_up_until_they_are_cleared(text: str, words: tuple[str, ...]) -> None:
    assert words_of(parse_settings(text), "Install", "WantedBy") == words


@given(st.text() | st.text(st.sampled_from("[]=ab\\\n #;"), max_size=80))
def test_any_text_has_settings_or_none(text: str) -> None:
    for setting in parse_settings(text):
        assert "\n" not in setting.key
        assert setting.key == setting.key.strip()
