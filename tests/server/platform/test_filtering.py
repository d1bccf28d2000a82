import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.errors import InvalidError
from vigo.server.platform.web.filtering import Term, parse_filter

FIELDS = ("drift", "host", "label")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("  ", ()),
        ("web", (Term("", ("web",)),)),
        ("-web", (Term("", ("web",), is_negated=True),)),
        (
            "drift:none,changed -host:web-*",
            (Term("drift", ("none", "changed")), Term("host", ("web-*",), is_negated=True)),
        ),
        ('label:"a b,c"', (Term("label", ("a b,c",)),)),
        ('label:"a","b c"', (Term("label", ("a", "b c")),)),
        ("host:~^web[0-9]+$", (Term("host", ("~^web[0-9]+$",)),)),
        ("label:team=web:1", (Term("label", ("team=web:1",)),)),
    ],
)
def test_words_of_a_filter(text: str, terms: tuple[Term, ...]) -> None:
    assert parse_filter(text, FIELDS) == terms


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("drfit:none", "did you mean 'drift'"),
        ("drift:", "expected"),
        ('label:"open', "expected words"),
        ('drift:""', "expected a value"),
        ("a " * 21, "at most 20 words"),
        ("a" * 501, "at most 500 characters"),
        ("- web", "expected words"),
    ],
)
def test_what_is_no_filter_is_told(text: str, told: str) -> None:
    with pytest.raises(InvalidError, match=told):
        parse_filter(text, FIELDS)


@given(st.text(max_size=600))
def test_16_any_text_is_words_or_an_error(text: str) -> None:
    try:
        terms = parse_filter(text, FIELDS)
    except InvalidError:
        return
    assert all(term.values and (not term.field or term.field in FIELDS) for term in terms)
