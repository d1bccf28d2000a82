import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gates.tree import ROOT
from tests.policy.conftest import crate, only_message, resources
from vigo.core.templates import Templates
from vigo.policy.template_tags import MOST_OPERATORS, tags_in, too_long_at

PIECES = st.lists(st.sampled_from(["{{", "}}", "{%", "%}", "'", '"', "\\", "{", "}", "(", "a", " ", "raw"])).map(
    "".join
)
EXPRESSIONS = st.sampled_from(["a", "'}}'", '"%}"', "{'a': {}}", "[1, (2, {'b': 5 % 2})]", "'{# {% raw %}'", "'\\'}}'"])
# A piece of a template, and the code of each tag in it.
SEGMENTS: st.SearchStrategy[tuple[str, list[str]]] = st.one_of(
    EXPRESSIONS.map(lambda code: (f"{{{{ {code} }}}}", [f" {code} "])),
    EXPRESSIONS.map(lambda code: (f"{{% if {code} %}}x{{% endif %}}", [f" if {code} ", " endif "])),
    PIECES.map(lambda text: (f"{{#{text}#}}", [])),
    PIECES.map(lambda text: (f"{{% raw %}}{text} {{% endraw %}}", [" raw "])),
    st.sampled_from(["text ", "} ", "%} ", "'", '"', "# "]).map(lambda text: (text, [])),
)


def codes(text: str) -> list[str]:
    return [tag.code for tag in tags_in(text) if tag.is_closed]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a {{ b }} c {% if d %}e{% endif %}", [" b ", " if d ", " endif "]),
        ("{{ '}}' }}{{ \"%}\" }}", [" '}}' ", ' "%}" ']),
        ("{{ 'it\\'s }}' }}", [" 'it\\'s }}' "]),
        ("{{ {'a': {'b': 1}} }}{{ {}}}", [" {'a': {'b': 1}} ", " {}"]),
        ("{% if {'a': 5}%}{{ {'a': 5%2}}}", [" if {'a': 5}", " {'a': 5%2}"]),
        ("{# {{ a }} #}{{ b }}", [" b "]),
        ("{% raw %}{{ a }}{% endraw %}{{ b }}", [" raw ", " b "]),
        ("{%- raw -%}{{{%- endraw %}{{ b }}", ["- raw -", " b "]),
        ("{{ '{# ' }}{{ a }}", [" '{# ' ", " a "]),
        ("{% raw %}{{ a }}", [" raw "]),
        ("{# {{ a }}", []),
        ("{{ 'a }}", []),
        ("{{ a", []),
        ("a } b { c", []),
    ],
)
def test_tags_are_found_whatever_stands_in_quotes_and_brackets(text: str, found: list[str]) -> None:
    assert codes(text) == found
    starts = [text[tag.start : tag.start + len(tag.code)] == tag.code for tag in tags_in(text)]
    assert all(starts)


def test_a_tag_that_nothing_closes_is_told_as_open() -> None:
    assert [(tag.code, tag.is_closed) for tag in tags_in("{{ a }}{{ 'b }}")] == [(" a ", True), (" 'b }}", False)]


@given(st.lists(SEGMENTS, max_size=6))
def test_the_tags_of_a_template_that_the_engine_reads_are_all_found(segments: list[tuple[str, list[str]]]) -> None:
    text = "".join(written for written, _ in segments)
    Templates().names_in(text)
    assert codes(text) == [code for _, found in segments for code in found]
    assert all(tag.is_closed for tag in tags_in(text))


@pytest.mark.parametrize(
    "operator", ["+1", "-1", "~1", " and 1", " or 1", "*1", " == 1", " | upper", ".a", "[0]", ".a()", " if 1 else 1"]
)
def test_an_expression_has_so_many_operators_and_no_more(operator: str) -> None:
    assert too_long_at("1" + operator * (MOST_OPERATORS // 4), is_expression=True) is None
    assert too_long_at("1" + operator * (MOST_OPERATORS + 1), is_expression=True) == 0
    assert too_long_at("text {{ 1" + operator * (MOST_OPERATORS + 1) + " }}", is_expression=False) == 7
    assert too_long_at("text {{ 1" + operator * (MOST_OPERATORS + 1), is_expression=False) == 7


def test_texts_in_quotes_and_outside_of_tags_may_have_any_number() -> None:
    assert too_long_at("+" * 5 * MOST_OPERATORS, is_expression=False) is None
    assert too_long_at("{{ '" + "+" * 5 * MOST_OPERATORS + "' }}", is_expression=False) is None
    assert too_long_at("{{ 1 + 1 }}" * MOST_OPERATORS, is_expression=False) is None


@pytest.mark.parametrize(
    "expression", ["not " * 200_000 + "true", "-" * 200_000 + "1", "1" + "+1" * 200_000, "vars" + ".a()" * 200_000]
)
def test_what_would_overrun_the_stack_of_the_engine_is_refused(expression: str) -> None:
    # In a process of its own, since what comes of it otherwise ends the process.
    script = "import sys; from tests.policy.test_template_tags import told; print(*told(sys.stdin.read()), sep='\\n')"
    argv = [sys.executable, "-c", script]
    done = subprocess.run(argv, input=expression, capture_output=True, text=True, check=True, cwd=ROOT)
    message = "expected at most 1000 operators, brackets and filters in one expression, found more"
    assert done.stdout.splitlines() == [message, message]


def told(expression: str) -> list[str]:
    """Return what is told of an expression as a condition and in a template."""
    condition, template = crate_of({"when": expression}), crate_of({"content": f"{{{{ {expression} }}}}"})
    return [only_message(crate(condition)), only_message(crate(template))]


def crate_of(more: dict[str, str]) -> str:
    return json.dumps({"configcrate": "web", "resources": [{"name": "a", "type": "file", "path": "/a", **more}]})


@pytest.mark.parametrize(
    "call", ["list.append(1)", "list.clear()", "map.pop('a')", "map . update ( {} )", "list.sort()"]
)
def test_a_call_that_would_change_a_variable_is_refused(call: str) -> None:
    found = resources(f'- {{name: a, type: file, path: /a, content: "{{{{ vars.{call} }}}}"}}')
    assert any("expected an expression that changes nothing" in one.message for one in found.diagnostics)
    assert found.policy is None


def test_such_a_word_in_quotes_or_of_a_variable_is_none() -> None:
    message = only_message(resources("- {name: a, type: file, path: /a, content: \"{{ '.pop()' }}{{ vars.sort }}\"}"))
    assert message.startswith("no variable vars.sort")
