from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.errors import UnavailableError
from vigo.core.templates import TemplateError, Templates, is_template


def _away() -> None:
    raise UnavailableError("the disk is away")


TEMPLATES = Templates({"upper": str.upper, "away": _away})
CONTEXT: dict[str, Any] = {
    "vars": {
        "port": 80,
        "on": True,
        "names": ["a", "b"],
        "map": {"k": 1},
        "none": None,
        "mixed": [True, None, "é", 1],
        "evil": "{{ 7*7 }}",
    },
    "traits": {"os": {"family": "debian"}},
}
PLAIN = st.text(st.characters(exclude_characters="{}\r\n", exclude_categories=["Cs"]))
VALUES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.lists(st.integers(0, 9) | st.text())
)


@given(PLAIN)
def test_text_without_markers_stays_as_it_is(text: str) -> None:
    assert not is_template(text)
    assert TEMPLATES.render(text, CONTEXT) == text
    assert TEMPLATES.value(text, CONTEXT) == text


@given(VALUES)
def test_a_whole_expression_has_the_type_of_its_value(value: Any) -> None:
    assert TEMPLATES.value("{{ x }}", {"x": value}) == value
    assert type(TEMPLATES.value(" {{- x -}}\n", {"x": value})) is type(value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ vars.port }}", 80),
        ("{{ vars.port }}{{ vars.port }}", "8080"),
        ("port {{ vars.port }}", "port 80"),
        ("{{ vars.on }} {{ not vars.on }}", "true false"),
        ("{{ vars.mixed }}", [True, None, "é", 1]),
        ("= {{ vars.mixed }}", '= [true, null, "é", 1]'),
        ("= {{ vars.map }}", '= {"k": 1}'),
        ("= {{ 1.0 }} {{ 2 ** 70 }} {{ range(2) }}", "= 1.0 1180591620717411303424 [0, 1]"),
        ("{{ vars.none }}", None),
        ("{{ vars.port > 79 }}", True),
        ("{{ vars.missing | default(3) }}", 3),
        ("{{ '}}' }}", "}}"),
        ("{% for n in vars.names %}\n{{ n }}\n{% endfor %}\n", "a\nb\n"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{# note #}a\n", "a\n"),
    ],
)
def test_a_template_becomes_what_its_writer_means(source: str, value: object) -> None:
    assert TEMPLATES.value(source, CONTEXT) == value
    assert type(TEMPLATES.value(source, CONTEXT)) is type(value)


@given(st.text())
def test_data_is_never_rendered_a_second_time_nor_escaped(text: str) -> None:
    assert TEMPLATES.render("<{{ x }}>", {"x": text}) == f"<{text}>"


@pytest.mark.parametrize("source", ["{{ vars.evil }}", "{{ vars['evil'] }}", "{{ vars.evil | trim }}"])
def test_a_template_in_data_stays_text(source: str) -> None:
    assert TEMPLATES.value(source, CONTEXT) == "{{ 7*7 }}"
    assert TEMPLATES.render(source, CONTEXT) == "{{ 7*7 }}"


@pytest.mark.parametrize(
    ("source", "line", "offset"),
    [
        ("a\n{{ vars.port }} {{- vars.none }}", 2, 22),
        ("{% for n in vars.mixed %}\n{{ n }}\n{% endfor %}", 2, 29),
        ("{% if vars.none is not none %}{{ vars.none }}{% endif %}\n{{ vars.map.k and vars.none }}", 2, 60),
        ("{% macro f(x) %}{{ x }}{% endmacro %}{{ f(vars.none) }}", 1, 19),
        ("{{ '{{ x }}' }}{{ vars.missing | default(none) }}", 1, 18),
    ],
)
def test_null_is_not_put_in_and_its_place_is_told(source: str, line: int, offset: int) -> None:
    with pytest.raises(
        TemplateError, match=r"^`.+`: expected a value to put in, found null; give it one, or"
    ) as caught:
        TEMPLATES.render(source, CONTEXT)
    assert (caught.value.line, caught.value.offset) == (line, offset)
    assert not caught.value.undefined


def test_null_may_be_asked_for_and_replaced() -> None:
    assert TEMPLATES.render("{{ vars.none | default('x', true) }}{{ vars.none is none }}", CONTEXT) == "xtrue"


def test_what_is_no_data_is_not_put_in() -> None:
    with pytest.raises(TemplateError, match="found what JSON cannot hold"):
        TEMPLATES.render("a {{ x }}", {"x": object()})


@pytest.mark.parametrize("name", ["missing", "vars.missing", "vars.missing.deeper", "vars.map.x", "vars.names[9]"])
def test_a_name_that_is_not_defined_is_an_error_in_every_use(name: str) -> None:
    for use in (
        lambda: TEMPLATES.render(f"a {{{{ {name} }}}}", CONTEXT),
        lambda: TEMPLATES.value(f"{{{{ {name} }}}}", CONTEXT),
        lambda: TEMPLATES.evaluate(name, CONTEXT),
        lambda: TEMPLATES.holds(name, CONTEXT),
    ):
        with pytest.raises(TemplateError) as caught:
            use()
        assert caught.value.undefined


def test_a_name_that_may_be_missing_can_be_asked_for() -> None:
    assert not TEMPLATES.holds("vars.missing is defined", CONTEXT)
    assert TEMPLATES.holds("vars.none is none", CONTEXT)
    assert not TEMPLATES.holds("vars.none", CONTEXT)


@pytest.mark.parametrize(
    ("source", "line"),
    [("{{ ", 1), ("a\nb\n{{ x y }}", 3), ("a\n{% if %}{% endif %}", 2), ("a\n{{ vars.missing }}\n", 2)],
)
def test_an_error_tells_its_line_in_one_line(source: str, line: int) -> None:
    with pytest.raises(TemplateError) as caught:
        TEMPLATES.render(source, CONTEXT)
    assert caught.value.line == line
    assert "\n" not in str(caught.value)
    assert "(in <" not in str(caught.value)


@pytest.mark.parametrize("source", ["\n\n{{ vars.missing }}\n", "\n\n{{ x y }}"])
def test_a_whole_expression_tells_its_line_in_the_text(source: str) -> None:
    with pytest.raises(TemplateError) as caught:
        TEMPLATES.value(source, CONTEXT)
    assert caught.value.line == 3


def test_a_syntax_error_is_no_missing_name() -> None:
    with pytest.raises(TemplateError) as caught:
        TEMPLATES.holds("vars.port >", CONTEXT)
    assert not caught.value.undefined


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(10000) %}{% for j in range(10000) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ range(1000000000) | list | length }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    ],
)
def test_a_template_that_would_not_end_is_stopped(source: str) -> None:
    with pytest.raises(TemplateError):
        TEMPLATES.render(source, CONTEXT)


@pytest.mark.parametrize(
    "source",
    ["{{ ''.__class__ }}", "{{ upper.__globals__ }}", "{% include '/etc/passwd' %}", "{% import 'os' as os %}{{ os }}"],
)
def test_nothing_leads_out_of_the_data(source: str) -> None:
    with pytest.raises(TemplateError):
        TEMPLATES.value(source, CONTEXT)


def test_functions_are_called_by_name_and_unknown_ones_are_told() -> None:
    assert TEMPLATES.value("{{ upper(traits.os.family) }}", CONTEXT) == "DEBIAN"
    with pytest.raises(TemplateError, match="nosuch"):
        TEMPLATES.evaluate("nosuch()", CONTEXT)


def test_an_error_of_a_function_arrives_as_it_is() -> None:
    with pytest.raises(UnavailableError, match="the disk is away"):
        TEMPLATES.holds("away()", CONTEXT)


def test_the_names_that_a_template_needs_are_found() -> None:
    source = "{{ vars.port }}{% for x in traits.os %}{{ x }}{{ upper(vars.name) }}{% endfor %}"
    assert TEMPLATES.names_in(source) == {"vars.port", "traits.os", "upper", "vars.name"}
    assert TEMPLATES.names_in_expression("upper(vars.a) == traits.b.c") == {"upper", "vars.a", "traits.b.c"}
    assert TEMPLATES.names_in("text") == frozenset()
    with pytest.raises(TemplateError):
        TEMPLATES.names_in("{{ ")


@given(st.text() | st.text(st.sampled_from("{}%# abvars.|()[]'\"+-*<>=\n"), max_size=40))
def test_any_source_renders_or_is_a_template_error(source: str) -> None:
    for use in (TEMPLATES.render, TEMPLATES.value, TEMPLATES.evaluate):
        try:
            use(source, CONTEXT)
        except TemplateError as error:
            told = str(error)
        else:
            continue
        assert told


def test_a_template_cannot_nest_a_value_until_the_process_dies() -> None:
    source = "{% set n = namespace(v=[]) %}{% for i in range(100000) %}{% set n.v = [n.v] %}{% endfor %}{{ n.v }}"
    with pytest.raises(TemplateError, match="namespace"):
        Templates().render(source, {})
