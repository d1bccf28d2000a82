import pytest

from vigo.core.traits import Traits
from vigo.policy.planning.inputs import InputBook, Inputs, Path, exact, together

OS = ("os", "family")


@pytest.mark.parametrize(
    ("source", "traits", "variables"),
    [
        ("plain", set(), set()),
        ("{{ traits.os.family }} {{ vars.port }}", {OS}, {"port"}),
        ("{{ vars.tls.days }}", set(), {"tls"}),
        ("{{ os_family('x') }}", {OS}, set()),
        ("{{ os_id('x') }}", {("os", "id")}, set()),
        ("{{ hostname_matches('x') }}", {("network", "fqdn"), ("network", "hostname")}, set()),
        ("{{ file_exists('/x') }}", set(), set()),
        ("{{ traits['os'] }}", {()}, set()),
        ("{% set all = traits %}{{ all.os }}", {()}, set()),
        ("{{ traits.os[vars.name] }}", {("os",)}, {"name"}),
        ("{% for one in traits.os %}{{ one }}{% endfor %}", {("os",)}, set()),
        (["{{ vars.a }}", {"{{ vars.b }}": "{{ vars.c }}"}], set(), {"a", "b", "c"}),
    ],
)
def test_a_template_takes_in_what_it_names(source: object, traits: set[Path], variables: set[str]) -> None:
    found = InputBook().of_source(source)
    assert found == Inputs(frozenset(traits), frozenset(variables))


@pytest.mark.parametrize("source", ["{{ vars | length }}", "{{ vars['port'] }}", "{{ vars.items() }}", "{{ broken"])
def test_what_cannot_be_told_apart_takes_in_all_variables(source: str) -> None:
    found = InputBook().of_source(source)
    assert found.all_variables
    assert found.of_scope({"a": 1}) == {"a": 1}


def test_a_condition_takes_in_what_it_names() -> None:
    found = InputBook().of_condition("os_family('x') and vars.port > 1 and traits.time.zone == 'UTC'")
    assert found == Inputs(frozenset({OS, ("time", "zone")}), frozenset({"port"}))


def test_only_what_is_taken_in_tells_machines_apart() -> None:
    found = Inputs(frozenset({OS, ("time",)}))
    one = found.of_traits({"os": {"family": "a", "id": "x"}, "memory": {}})
    assert one == found.of_traits({"os": {"family": "a", "id": "y"}})
    others: tuple[Traits, ...] = (
        {"os": {"family": "b"}},
        {"os": {"family": None}},
        {"os": {}},
        {},
        {"os": {"family": "a"}, "time": {}},
    )
    keys = [found.of_traits(traits) for traits in others]
    assert one not in keys
    assert keys[2] == keys[3]
    assert len({one, *keys}) == 5


def test_what_goes_through_a_trait_takes_all_of_it_in() -> None:
    found = InputBook().of_source("{% for key, value in traits.os.items() %}{{ key }}{% endfor %}")
    one, other = (found.of_traits({"os": {"family": family}}) for family in "ab")
    assert one != other


def test_values_of_different_types_are_never_the_same() -> None:
    assert len({exact(value) for value in (1, True, "1", 1.0, None, [1], {"a": 1, "b": 2}, {"b": 2, "a": 1})}) == 8


def test_nothing_together_takes_in_nothing() -> None:
    assert together(()) == Inputs()
