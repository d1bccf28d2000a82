import pytest

from tests.policy.conftest import resources
from vigo.policy.template_advice import advice


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("vars.a && vars.b", "write `and`"),
        ("vars.a || vars.b", "write `or`"),
        ("!vars.a", "write `not`"),
        ("vars.a = 1", "write == to compare"),
        ("vars.a == '&&' 1", None),
    ],
)
def test_signs_of_other_languages_are_told_with_the_word_here(condition: str, hint: str | None) -> None:
    found = resources(f'- {{name: a, type: package, when: "{condition}"}}')
    assert [one.hint for one in found.diagnostics] == [hint]


@pytest.mark.parametrize(
    ("template", "hint"),
    [
        ("{% if true %}x{% endfi %}", "did you mean {% endif %}?"),
        ("{% fro a in [] %}", "did you mean {% for %}?"),
        ("{% zzz %}", None),
        ("{% if true %}x", "close {% if true %} with {% endif %}"),
        ("{% for a in [] %}{% if a %}{% endif %}", "close {% for a in [] %} with {% endfor %}"),
        ("{{ 1 + ", None),
    ],
)
def test_a_block_that_is_not_closed_is_named(template: str, hint: str | None) -> None:
    found = resources(f'- {{name: a, type: file, path: /a, content: "{template}"}}')
    assert [one.hint for one in found.diagnostics] == [hint]


@pytest.mark.parametrize(
    ("template", "begins"),
    [("port", "write vars.port for a variable; known are vars"), ("is_debian()", "known are vars"), ("var.a", "known")],
)
def test_a_name_that_is_not_known_is_told_with_those_that_are(template: str, begins: str) -> None:
    (one,) = resources(f'- {{name: a, type: file, path: /a, content: "{{{{ {template} }}}}"}}').diagnostics
    assert (one.hint or "").startswith(begins)
    assert "os_family" in (one.hint or "")


@pytest.mark.parametrize(
    "text", ["a" * 3_000_000 + "{{ (", "{% " + "a" * 3_000_000 + " %x", "{% if a" + "%" * 3_000_000]
)
def test_advice_on_a_long_text_takes_no_time_of_its_square(text: str) -> None:
    """With the square of the length this test would not come to an end."""
    assert advice(text, len(text), "unexpected end of input", is_expression=False) is None
