import pytest

from tests.policy.conftest import codes, crate, only_message, policy_of
from vigo.policy.diagnostics import as_text
from vigo.policy.templating import TemplateBook

CRATE = """
configcrate: web
vars: {{port: 80, ratio: 1.5, mode: "0644", "on": true, none: null, list: [1], map: {{a: 1}}}}
resources: [{{name: a, type: file, path: /a, {option}}}]
"""


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("vars.port > '1'", "vars.port is a number and '1' a text: the two are never equal, and which is greater"),
        ("'80' == vars.port", "vars.port is a number and '80' a text"),
        ("os_id('x') and (vars.ratio != '2')", "vars.ratio is a number and '2' a text"),
        ("vars.mode == 644", "vars.mode is a text and 644 a number"),
        ("vars.map.a == '1'", "vars.map.a is a number and '1' a text"),
        ("vars.on == 'true'", "vars.on is a boolean and 'true' a text"),
        ("traits.os.version >= 12", "traits.os.version is a text and 12 a number"),
        ("traits.hardware.cpus > '4' or vars.on", "traits.hardware.cpus is a number and '4' a text"),
    ],
)
def test_values_of_two_types_are_not_compared_without_a_word(condition: str, message: str) -> None:
    found = crate(CRATE.format(option=f'when: "{condition}"'))
    assert message in only_message(found)
    policy_of(found)


@pytest.mark.parametrize(
    "condition",
    [
        "vars.port > 1",
        "vars.mode == '0644'",
        "vars.port | string == '80'",
        "vars.port ~ '' == '80'",
        "'8' ~ vars.port == '880'",
        "'80' == vars.port | string",
        "'80' | int == vars.port",
        "vars.none == ''",
        "vars.list == '1'",
        "vars.list[0] == 1",
        "vars.on == 1",
        "'vars.port == 1' == vars.mode",
        "traits.os.nothing is defined and traits.os.nothing == 1",
        "traits.network.interfaces == 1",
    ],
)
def test_what_may_mean_something_is_let_be(condition: str) -> None:
    found = crate(CRATE.format(option=f'when: "{condition}"'))
    assert not [one for one in found.diagnostics if one.code == "comparison"], as_text(found.diagnostics)


def test_a_comparison_in_a_template_has_its_place_and_what_to_do() -> None:
    text = CRATE.format(option="content: \"{% if vars.port == '80' %}x{% elif vars.mode == 1 %}y{% endif %}\"")
    found = crate(text)
    assert codes(found) == [
        "configcrates/web.vgo:4:61 warning comparison",
        "configcrates/web.vgo:4:90 warning comparison",
    ]
    assert [one.hint for one in found.diagnostics] == [
        "write 80 without quotes; versions compare by version_ge and version_lt",
        "write 1 in quotes; versions compare by version_ge and version_lt",
    ]
    assert "(for the entry envoys.vgo:1)" in found.diagnostics[0].message


def test_each_comparison_of_a_template_is_found_once() -> None:
    parsed = TemplateBook().template(
        "{{ vars.a == 1 and vars.b < '2' or 3 != vars.c }}{% raw %}{{ vars.d == 1 }}{% endraw %}"
    )
    assert [(one.path, one.literal) for one in parsed.comparisons] == [(("a",), "1"), (("b",), "'2'"), (("c",), "3")]
