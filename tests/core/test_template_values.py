"""What comes out of an expression is data that a bundle can hold."""

from typing import Any

import pytest

from vigo.core.encoding import decode, encode
from vigo.core.templates import TemplateError, Templates

CONTEXT: dict[str, Any] = {"vars": {"map": {"a": 1}, "list": [1, 2], "text": "<x>"}}
TEMPLATES = Templates()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.map | tojson", '{"a": 1}'),
        ("vars.text | safe", "<x>"),
        ("[vars.text | escape]", ["&lt;x&gt;"]),
        ("{'x': vars.text | safe}", {"x": "<x>"}),
        ("vars.map.items()", [["a", 1]]),
        ("vars.map | dictsort", [["a", 1]]),
        ("vars.map.keys()", ["a"]),
        ("vars.map.values()", [1]),
        ("(1, 2)", [1, 2]),
        ("{1: 2, 'a': 3}", {"1": 2, "a": 3}),
        ("{(1, 2): {none: true}}", {"(1, 2)": {"None": True}}),
        ("2 ** 63", 2**63),
        ("-(2 ** 63)", -(2**63)),
    ],
)
def test_a_value_is_made_of_what_a_bundle_can_hold(expression: str, value: object) -> None:
    found = TEMPLATES.evaluate(expression, CONTEXT)
    assert found == value
    assert type(found) is type(value)
    assert decode(encode(found), type(value)) == value


@pytest.mark.parametrize("expression", ["2 ** 64", "-(2 ** 64)", "[[2 ** 100]]", "{'a': 2 ** 100}"])
def test_a_number_of_more_than_64_bits_is_no_value(expression: str) -> None:
    with pytest.raises(TemplateError, match="expected a number of at most 64 bits"):
        TEMPLATES.evaluate(expression, CONTEXT)


@pytest.mark.parametrize(
    "expression",
    ["vars.map.nothing()", "vars.map.get()", "vars.list.index(7)", "vars.list.pop(9)", "vars.map.pop('z')"],
)
def test_a_call_that_a_map_or_list_cannot_do_is_an_error_of_the_template(expression: str) -> None:
    with pytest.raises(TemplateError, match="a call failed: "):
        TEMPLATES.evaluate(expression, CONTEXT)
    with pytest.raises(TemplateError, match="a call failed: "):
        TEMPLATES.render(f"a {{{{ {expression} }}}}", CONTEXT)
