import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.errors import InvalidError
from vigo.core.hostnames import canonical_hostname, check_pattern, is_exact, matches

LABELS = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,6}[a-z0-9_])?", fullmatch=True)
HOSTNAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@given(HOSTNAMES)
def test_a_hostname_is_kept_and_its_canonical_form_stays(name: str) -> None:
    assert canonical_hostname(name) == name
    assert canonical_hostname(name.upper() + ".") == name


@given(st.text())
def test_any_text_is_a_canonical_hostname_or_refused(text: str) -> None:
    try:
        name = canonical_hostname(text)
    except InvalidError as error:
        message = str(error)
    else:
        assert canonical_hostname(name) == name
        assert name.isascii()
        return
    assert message.startswith("expected a hostname")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a..b",
        "-a",
        "a-",
        "a b",
        "a/b",
        "a\n",
        "*.example.com",
        "wéb",
        "w\u0435b-1",  # a Cyrillic letter
        "a" * 64,
        ".".join(["a" * 63] * 4),
        "a..",
        "\u212aelvin",  # the Kelvin sign, whose lower case is a k,
    ],
)
def test_what_could_be_mistaken_for_another_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        canonical_hostname(text)


@pytest.mark.parametrize(
    ("pattern", "hostname", "expected"),
    [
        ("web-1", "web-1", True),
        ("WEB-1.", "web-1", True),
        ("web-1", "Web-1.", True),
        ("web-1", "web-12", False),
        ("web-*", "web-1.example.com", True),
        ("web-*", "xweb-1", False),
        ("web-?", "web-12", False),
        ("web-[12]", "web-2", True),
        ("web-[!12]", "web-3", True),
        ("*", "anything.at.all", True),
        ("~^edge[0-9]+$", "edge42", True),
        ("~edge", "edge42", False),
        ("~EDGE[0-9]+", "edge42", True),
        ("~edge|web.*", "web-1", True),
        ("a.c", "abc", False),
    ],
)
def test_a_pattern_covers_whole_hostnames(pattern: str, hostname: str, expected: bool) -> None:  # noqa: FBT001 - a row
    assert matches(pattern, hostname) is expected


@given(HOSTNAMES)
def test_a_name_is_an_exact_pattern_of_itself_alone(name: str) -> None:
    assert is_exact(name)
    assert matches(name, name)
    assert not matches(name, name + "x")


@given(st.text("ab*?[]!-.", max_size=8), HOSTNAMES)
def test_a_glob_matches_as_a_shell_would_have_it(glob: str, name: str) -> None:
    assert matches(glob, name) == fnmatch.fnmatchcase(name, glob.removesuffix("."))


@pytest.mark.parametrize("pattern", ["web-*", "web-?", "web-[1]", "~web"])
def test_what_may_cover_several_is_not_exact(pattern: str) -> None:
    assert not is_exact(pattern)
    check_pattern(pattern)


@pytest.mark.parametrize(("pattern", "told"), [("", "empty pattern"), ("  ", "empty pattern"), ("~(", "regular expr")])
def test_a_pattern_that_cannot_be_used_is_told(pattern: str, told: str) -> None:
    with pytest.raises(InvalidError, match=told):
        check_pattern(pattern)
