import pytest

from vigo.core.conditions import PREDICATES
from vigo.core.templates import TemplateError, Templates
from vigo.policy.editing.vocabulary import FILTERS, PREDICATES_TOLD, TESTS, signature
from vigo.policy.editing.wording import code, plain, written
from vigo.policy.templating import kind_of


def test_every_predicate_is_told() -> None:
    assert PREDICATES_TOLD.keys() == PREDICATES.keys()
    assert signature("version_ge") == "version_ge(version, than)"


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_that_is_offered_exists(name: str) -> None:
    assert problem_of(f"{{{{ '' | {name} }}}}") != "UnknownFilter"


@pytest.mark.parametrize("name", TESTS)
def test_a_test_that_is_offered_exists(name: str) -> None:
    assert problem_of(f"{{{{ '' is {name} }}}}") != "UnknownTest"


def test_an_invented_filter_is_noticed() -> None:
    assert problem_of("{{ '' | invented }}") == "UnknownFilter"
    assert problem_of("{{ '' is invented }}") == "UnknownTest"


def test_what_stands_in_the_stacks_is_no_markdown() -> None:
    assert code("a`b") == "`` a`b ``"
    assert code("a\nb") == "`a b`"
    assert plain("[a](http://x) <img> `c`") == r"\[a\](http://x) \<img\> \`c\`"
    assert written("x" * 300) == "x" * 200 + "..."
    assert written({"a": [1, True, None]}) == '{"a": [1, true, null]}'


def problem_of(template: str) -> str:
    try:
        Templates().render(template, {})
    except TemplateError as error:
        return kind_of(error)
    return ""
