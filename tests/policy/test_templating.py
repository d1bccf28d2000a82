import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.conftest import by_name, codes, compiled, crate, only_message, resources
from vigo.core.nearest import did_you_mean
from vigo.policy.templating import TemplateBook, variable_missing


@pytest.mark.parametrize(
    ("template", "variables"),
    [
        ("{{ vars.a.b }} {{ vars.c }}", [("a", "b"), ("c",)]),
        ("{{ vars.a | default('x') }}", []),
        ("{% if vars.a is defined %}{{ vars.a.b }}{% endif %}", []),
        ("{% if vars.a is not undefined %}{{ vars.a }}{% endif %}{{ vars.b }}", [("b",)]),
        ("{% for one in vars.list %}{{ one.x }}{% endfor %}", [("list",)]),
        ("{% for name in vars.map.items() %}{{ name }}{% endfor %}", [("map",)]),
        ("{{ vars['a b'] }}", []),
        ("{% raw %}{{ vars.x }}{% endraw %}", []),
        ("{# {{ vars.x }} #}", []),
    ],
)
def test_the_variables_that_a_template_must_have(template: str, variables: list[tuple[str, ...]]) -> None:
    parsed = TemplateBook().template(template)
    assert sorted(parsed.variables) == variables
    assert not parsed.problems
    assert not parsed.needs_machine


@pytest.mark.parametrize(
    ("template", "offset", "message"),
    [
        ("a {{ var.x }}", 5, "no name 'var' in templates; did you mean 'vars'?"),
        ("{{ os_famly('x') }}", 3, "no name 'os_famly' in templates; did you mean 'os_family'?"),
        ("{{ vars.a | uper }}", 12, "no filter has the name 'uper'"),
        ("{{ vars.a is evn }}", 13, "no test has the name 'evn'"),
        ("{% include 'x' %}", 3, "expected a template that stands alone, found 'include'"),
        ("{%- from 'x' import y %}", 4, "expected a template that stands alone, found 'from'"),
        ("{{ debug() }}", 3, "no name 'debug' in templates"),
        ("{{ foo( }}", 8, "the template cannot be read: unexpected `}`"),
    ],
)
def test_a_mistake_in_a_template_is_found_at_its_character(template: str, offset: int, message: str) -> None:
    (problem,) = TemplateBook().template(template).problems
    assert (problem.offset, problem.message) == (offset, message)


@pytest.mark.parametrize("template", ["{{ '| uper' | upper }}", "{{ 'x' is string }}", "{{ range(3) | join('|') }}"])
def test_what_stands_in_quotes_is_no_mistake(template: str) -> None:
    assert not TemplateBook().template(template).problems


@pytest.mark.parametrize(
    "condition", ["vars.a) }} {{ (vars.b", "vars.a ==", "os_family('x'", "", "vars.a } }", "{{ vars.a }}"]
)
def test_what_is_no_single_expression_is_refused(condition: str) -> None:
    assert TemplateBook().condition(condition).problems or not condition


@pytest.mark.parametrize(
    ("template", "needs"),
    [("{{ vars.a }}", False), ("{{ traits.os.id }}", True), ("{{ file_exists('/a') }}", True), ("{{ item }}", False)],
)
def test_traits_and_predicates_need_a_machine(template: str, *, needs: bool) -> None:
    assert TemplateBook().template(template).needs_machine is needs


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        (("a", "b"), None),
        (("a",), None),
        (("a", "c"), "no variable vars.a.c"),
        (("prot",), "no variable vars.prot; did you mean 'port'?"),
        (("port", "x"), "expected a map in vars.port to take 'x' from, found 80"),
        (("list", "0"), None),
    ],
)
def test_what_is_missing_of_a_variable(path: tuple[str, ...], missing: str | None) -> None:
    assert variable_missing(path, {"a": {"b": None}, "port": 80, "list": [1]}, did_you_mean) == missing


@given(st.text(alphabet="{}%#|.'\" vars()[]ab-\n", max_size=40))
def test_any_text_can_be_read_as_template_and_as_condition(text: str) -> None:
    book = TemplateBook()
    assert all(0 <= one.offset <= len(text) for one in book.template(text).problems)
    assert all(0 <= one.offset <= len(text) for one in book.condition(text).problems)


@pytest.mark.parametrize(
    "content",
    [
        '"{{ vars.nope }}"',
        '"two {{ 1 }} {{ vars.nope }}"',
        "|\n    first\n\n    x = {{ vars.nope }}",
        "|+2\n      first {{ vars.nope }}",
        ">\n    first\n    x = {{ vars.nope }}",
        '"first\n    second {{ vars.nope }}"',
        "'it''s {{ vars.nope }}'",
        "x {{ vars.nope }}",
        "x {{\n    vars.nope }}",
    ],
)
def test_a_variable_without_a_value_is_an_error_at_its_place_in_the_file(content: str) -> None:
    text = f"configcrate: web\nresources:\n- name: a\n  type: file\n  content: {content}\n  path: /a\n"
    before = text[: text.index("vars.nope")]
    (error,) = crate(text).diagnostics
    assert error.code == "undefined-variable"
    assert (error.line, error.column) == (before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert error.message == "no variable vars.nope (for the entry envoys.vgo:1)"


def test_a_variable_is_missed_only_where_the_template_comes_to_it() -> None:
    text = '- {name: a, type: file, path: /a, content: "{% if false %}{{ vars.nope }}{% endif %}x"}'
    assert by_name(resources(text))["web/a"].fields["content"] == "x"


def test_a_trait_that_no_collector_has_is_a_warning_with_the_nearest() -> None:
    text = """
- {name: a, type: file, path: /a, content: "{{ traits.oss.id }} {{ traits.os.famly }} {{ traits.os.id }}"}
- {name: b, type: file, path: /b, content: "{{ traits.new | default('x') }}", when: traits.newer is defined}
"""
    found = resources(text)
    assert [one.message for one in found.diagnostics] == [
        "no trait set has the name 'oss'; did you mean 'os'?",
        "the traits os have no field 'famly'; did you mean 'family'?",
    ]
    assert found.policy is not None


def test_one_missing_variable_is_told_once_with_the_entries_that_lack_it() -> None:
    files = {
        "configcrates/web.vgo": "configcrate: web\nresources:\n"
        '  - {name: a, type: file, path: /a, content: "{{ vars.port }} {{ traits.os.id }}"}\n',
        "envoys.vgo": "envoys:\n"
        "  - {match: a, configcrates: [web]}\n"
        "  - {match: b, configcrates: [web], vars: {port: 1}}\n"
        "  - {match: c, configcrates: [web]}\n"
        "  - {match: d, configcrates: [web]}\n",
    }
    message = only_message(compiled(files))
    assert message == "no variable vars.port (for the entry envoys.vgo:2 and 2 more)"


def test_a_template_in_a_variable_is_data_and_worth_a_warning() -> None:
    found = crate(
        'configcrate: web\nvars: {url: "http://{{ vars.host }}"}\n'
        'resources: [{name: a, type: file, path: /a, content: "{{ vars.url }}"}]'
    )
    assert codes(found) == ["configcrates/web.vgo:2:13 warning not-rendered"]
    assert by_name(found)["web/a"].fields["content"] == "http://{{ vars.host }}"


def test_a_word_that_was_a_boolean_in_yaml_1_1_is_text_and_worth_a_warning() -> None:
    found = crate("configcrate: web\nvars: {a: no, b: 'no', c: false}\nresources: []\n")
    assert codes(found) == ["configcrates/web.vgo:2:11 warning not-boolean"]


def test_conditions_are_checked_when_the_policy_is_compiled() -> None:
    text = """
- {name: a, type: file, path: /a, when: "vars.nope and os_family('x')"}
- {name: b, type: file, path: /b, when: "vars.nope > 1"}
- {name: c, type: file, path: /c, when: "item"}
- {name: d, type: file, path: /d, when: "{{ traits.os.id }}"}
- {name: e, type: file, path: /e, when: "'a' + {}"}
"""
    found = resources(text)
    assert [one.message.partition(" (for")[0] for one in found.diagnostics] == [
        "no variable vars.nope",
        "no variable vars.nope",
        "item: expected it in a resource with `foreach` only, found no foreach here",
        "when: expected an expression without braces, such as `vars.port > 1024`, found a template",
        "the template cannot be rendered: tried to use + operator on unsupported types string and map",
    ]
