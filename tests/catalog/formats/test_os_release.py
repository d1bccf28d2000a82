import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.os_release import family_of, parse_os_release

KEYS = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=12)


def _quoted(value: str) -> str:
    return '"' + "".join(f"\\{one}" if one in '"$`\\' else one for one in value) + '"'


@given(st.dictionaries(KEYS, VALUES))
def test_quoted_assignments_are_read_back(fields: dict[str, str]) -> None:
    text = "# a comment\n\n" + "".join(f"{key}={_quoted(value)}\n" for key, value in fields.items())
    assert parse_os_release(text) == fields


@given(st.text() | st.text("AB=\"'\\\n$ ", max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert family_of(parse_os_release(text))


def test_each_form_of_a_value_is_understood() -> None:
    text = 'A=plain\nB=\'single $x\'\nC="a \\"b\\""\nD=es\\ caped\nE=\nF="\nA=last\nno line\n'
    assert parse_os_release(text) == {"A": "last", "B": "single $x", "C": 'a "b"', "D": "es caped", "E": "", "F": '"'}


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("ID=debian", "debian"),
        ("ID=ubuntu\nID_LIKE=debian", "debian"),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'", "debian"),
        ("ID=fedora", "redhat"),
        ('ID="amzn"\nID_LIKE="fedora"', "redhat"),
        ('ID="opensuse-leap"\nID_LIKE="suse opensuse"', "suse"),
        ('ID="sles"\nID_LIKE="suse"', "suse"),
        ("ID=alpine", "alpine"),
        ("ID=manjaro\nID_LIKE=arch", "arch"),
        ("ID=nixos", "nixos"),
        ("", "linux"),
    ],
)
def test_the_family_follows_from_the_id_or_its_kin(text: str, family: str) -> None:
    assert family_of(parse_os_release(text)) == family
