"""What the compiler refuses of a predicate's call is what the agent would refuse on each machine."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.conftest import codes, only_message, resources
from vigo.agent.predicates import predicates
from vigo.core.conditions import PREDICATES, argument_problem
from vigo.core.errors import InvalidError
from vigo.core.templates import Templates
from vigo.policy.templating import TemplateBook
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost
from vigo.testing.fake_packages import FakePackages

TRAITS: dict[str, dict[str, Any]] = {
    "os": {"id": "debian", "family": "debian", "version": "12"},
    "network": {"hostname": "web-1"},
    "time": {"zone": "UTC"},
}
RIGHT = {"text": "x", "path": "/x", "version": "1", "port": 80, "pattern": "web-*", "time": "22:00"}
ARGUMENTS = [(name, argument) for name, one in PREDICATES.items() for argument in one.arguments]
VALUES = ["x", "", " ", "/x", "1.10", "80", "0", "80a", "x*", "~[", "~^x$", "02:00", "24:00", "2:00", 80, 0, 65536, -1]
MORE = [1.5, 1.0, True, False, None, [], ["x"], {}, {"a": "x"}, "é", "٣"]


def on_a_machine() -> dict[str, Any]:
    host = FakeHost({"/proc/net/tcp": ""}, tools=(FakePackages("apt", {}, {}),))
    return dict(predicates(host, TRAITS, FakeClock()))


def problems(expression: str) -> list[str]:
    return [one.message for one in TemplateBook().condition(expression).problems]


@pytest.mark.parametrize("name", PREDICATES)
def test_the_agent_takes_the_same_arguments_in_the_same_order(name: str) -> None:
    arguments = PREDICATES[name].arguments
    with pytest.raises(InvalidError) as caught:
        on_a_machine()[name]()
    assert str(caught.value) == f"{name}: expected {' and '.join(arguments)}, found nothing"
    values = {argument: RIGHT[kind] for argument, kind in arguments.items()}
    if name == "local_time":
        values["end"] = "04:00"
    assert on_a_machine()[name](*values.values()) == on_a_machine()[name](**values)


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
@pytest.mark.parametrize("value", VALUES + MORE, ids=repr)
def test_the_agent_refuses_the_same_values(name: str, argument: str, value: Any) -> None:
    arguments = PREDICATES[name].arguments
    values = {one: RIGHT[kind] for one, kind in arguments.items()} | {argument: value}
    if name == "local_time" and argument == "start":
        values["end"] = "04:00"
    is_refused = argument_problem(arguments[argument], value) is not None
    try:
        on_a_machine()[name](**values)
    except InvalidError:
        # A package's name and two equal times are looked at more closely on the machine.
        assert is_refused or name == "package_installed" or values.get("start") == values.get("end") is not None
    else:
        assert not is_refused


@pytest.mark.parametrize("name", PREDICATES)
def test_the_example_of_a_predicate_is_right(name: str) -> None:
    assert problems(PREDICATES[name].example) == []
    assert Templates(on_a_machine()).evaluate(PREDICATES[name].example, {"traits": TRAITS}) in (True, False)


@pytest.mark.parametrize(
    "expression",
    [
        "os_family",
        "not os_family",
        "vars.x and (os_family or true)",
        "os_family == 'debian'",
        "[os_family]",
        "os_family\n",
    ],
)
def test_a_predicate_that_is_not_called_is_refused_with_how_to_call_it(expression: str) -> None:
    assert problems(expression) == [
        "os_family: expected a call, found the name alone; write os_family(name), such as `os_family('debian')`"
    ]


def test_a_function_of_the_engine_must_be_called_too() -> None:
    (problem,) = TemplateBook().template("{% for n in range %}{{ n }}{% endfor %}").problems
    assert (problem.message, problem.offset) == ("range: expected a call, found the name alone; write range(...)", 12)


@pytest.mark.parametrize(
    "expression",
    [
        "os_family ('debian')",
        "os_family(vars.family)",
        "os_family(name='debian')",
        "os_family(*vars.names)",
        "os_family(vars.names[0])",
        "vars.os_family",
        "vars.os_family == 'os_id'",
        "'os_family' in vars.names",
        "version_ge(traits.os.version, '12')",
        "version_ge(traits.os.version | replace('(', ','), than='12')",
        "port_listening(vars.ports['a, b'])",
        "port_listening('443')",
        "file_exists('/a' ~ vars.name)",
        "local_time('22:00', '04:00') or os_id('a,b')",
        "file_exists('/it\\'s')",
    ],
)
def test_a_call_that_may_be_right_passes(expression: str) -> None:
    assert problems(expression) == []


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("port_listening()", "port_listening: expected port, found nothing; write port_listening(port), such as"),
        ("not port_listening( )", "port_listening: expected port, found nothing"),
        ("os_id('a', 'b')", "os_id: expected name, found 'a', 'b'; write os_id(name), such as `os_id('ubuntu')`"),
        ("os_id(nam='a')", "os_id: expected name, found nam='a'"),
        ("os_id('a', name='a')", "os_id: expected name, found 'a', name='a'"),
        ("version_ge('12')", "version_ge: expected version and than, found '12'"),
        ("vars.x or version_ge((1, 2))", "version_ge: expected version and than, found (1, 2)"),
        ("port_listening('http')", "port_listening: port: expected a port from 1 to 65535, found 'http'"),
        ("port_listening(70000)", "port_listening: port: expected a port from 1 to 65535, found 70000"),
        ("port_listening(65000 + 1000)", "port_listening: port: expected a port from 1 to 65535, found 65000 + 1000"),
        ("version_ge(traits.os.version, 1.10)", "than: expected a version as text, in quotes, found 1.10"),
        ("os_family(true)", "os_family: name: expected a text, found true"),
        ("os_family([])", "os_family: name: expected a text, found []"),
        ("file_exists('etc/motd')", "file_exists: path: expected an absolute path, found 'etc/motd'"),
        ("local_time('22', end='4:00')", "local_time: start: expected a time of day such as '02:00', found '22'"),
        ("hostname_matches('~(')", "hostname_matches: pattern: expected a pattern that can be read"),
    ],
)
def test_a_call_that_no_machine_could_make_is_refused(expression: str, message: str) -> None:
    assert message in problems(expression)[0]


def test_the_place_is_that_of_the_call_or_of_the_argument() -> None:
    text = """
- {name: a, type: file, path: /a, when: "vars.x is defined or port_listening()"}
- {name: b, type: file, path: /b, content: "{{ os_id('a') }} {{ port_listening( 'x') }}"}
- {name: c, type: file, path: /c, content: "{{ os_family }}"}
"""
    assert codes(resources(text)) == [
        "configcrates/web.vgo:3:65 error template",
        "configcrates/web.vgo:4:83 error template",
        "configcrates/web.vgo:5:50 error template",
    ]


@given(st.lists(st.sampled_from([*"()[]{},='* ", "'a'", "os_id", "version_ge", "vars.x", "and", "1.5"]), max_size=12))
def test_whatever_stands_around_a_call_the_place_is_in_the_text(words: list[str]) -> None:
    text = "".join(words)
    assert all(0 <= one.offset <= len(text) for one in TemplateBook().condition(text).problems)


@pytest.mark.parametrize("expression", ["not changed", "changed and os_family('debian')", "changed or vars.x"])
def test_changed_stands_alone(expression: str) -> None:
    found = resources(f'- {{name: a, type: service, when: "{expression}"}}')
    assert only_message(found) == "changed: expected it alone, as in `when: changed`, found more beside it"
    assert found.diagnostics[0].hint == "name what has to change by `subscribes`; that goes with a condition"


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("os_family = 'debian'", "write os_family(name), such as `os_family('debian')`"),
        ("vars.a = 1", "write == to compare"),
        ("vars.a == 1 and traits.os.id = 'x'", "write == to compare"),
        ("vars.a ==", None),
        ("vars.a <= ", None),
    ],
)
def test_one_equals_sign_is_told_from_two(expression: str, hint: str | None) -> None:
    (problem,) = TemplateBook().condition(expression).problems
    assert problem.hint == hint
