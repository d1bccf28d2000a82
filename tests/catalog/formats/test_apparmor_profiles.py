from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.apparmor_profiles import parse_apparmor_profiles

NAMES = st.from_regex(r"[a-z/(][a-z/() ._-]{0,20}[a-z)]", fullmatch=True)
MODES = st.sampled_from(["enforce", "complain", "kill", "unconfined", "prompt"])


def test_names_with_blanks_and_parentheses_keep_them() -> None:
    text = (
        "/usr/sbin/ntpd (enforce)\nsnap.firefox.firefox (complain)\n"
        "/usr/bin/man//filter (enforce)\nMongoDB Compass (x) (unconfined)\n"
    )
    assert parse_apparmor_profiles(text) == {
        "/usr/sbin/ntpd": "enforce",
        "snap.firefox.firefox": "complain",
        "/usr/bin/man//filter": "enforce",
        "MongoDB Compass (x)": "unconfined",
    }


def test_lines_of_another_form_are_passed_over() -> None:
    assert parse_apparmor_profiles("no mode\n (enforce)\nx (odd)\n\nx (enforce) more\n") == {}


@given(st.dictionaries(NAMES, MODES))
def test_profiles_are_read_back(profiles: dict[str, str]) -> None:
    text = "".join(f"{name} ({mode})\n" for name, mode in profiles.items())
    assert parse_apparmor_profiles(text) == profiles


@given(st.text() | st.text(st.sampled_from("ab ()enforce\n"), max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert len(parse_apparmor_profiles(text)) <= text.count("\n") + 1
