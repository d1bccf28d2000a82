"""What is given to a task of the stacks, and who may run it where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.errors import InvalidError
from vigo.core.named_task import NamedTask, Parameter

TASK = NamedTask(
    name="restart",
    description="x",
    command="true",
    parameters={
        "service": Parameter(one_of=("nginx", "apache2")),
        "wait": Parameter(type="integer", default=5),
        "force": Parameter(type="boolean", default=False),
        "note": Parameter(default=""),
    },
    operators=("admin", "token on*"),
    match=("web-*", "~^db-[0-9]+$"),
)


def test_parameters_become_variables() -> None:
    assert TASK.environment({"service": "nginx"}) == {
        "PARAM_SERVICE": "nginx",
        "PARAM_WAIT": "5",
        "PARAM_FORCE": "false",
        "PARAM_NOTE": "",
    }
    given_all = {"service": "apache2", "wait": "-7", "force": "true", "note": "; rm -rf / $(x)"}
    assert TASK.environment(given_all)["PARAM_NOTE"] == "; rm -rf / $(x)"
    assert TASK.environment(given_all)["PARAM_WAIT"] == "-7"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"service": "sshd"}, "service: expected one of nginx, apache2, found 'sshd'"),
        ({"service": ""}, "service: expected one of"),
        ({"wait": "5s"}, "wait: expected a whole number"),
        ({"wait": "٣"}, "wait: expected a whole number"),
        ({"wait": "9223372036854775808"}, "64 bits"),
        ({"force": "yes"}, "force: expected true or false"),
        ({"note": "a\0b"}, "without a NUL"),
        ({"note": "x" * 5_000}, "at most 4096"),
        ({"wiat": "5"}, "no parameter 'wiat'; did you mean 'wait'?"),
    ],
)
def test_17_what_is_not_declared_so_is_refused(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidError) as refused:
        TASK.environment({"service": "nginx"} | changes)
    assert problem in str(refused.value)


def test_what_has_no_default_has_to_be_given() -> None:
    with pytest.raises(InvalidError, match="service: expected a value"):
        TASK.environment({})


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_number_of_64_bits_is_taken_as_it_is(number: int) -> None:
    assert TASK.environment({"service": "nginx", "wait": str(number)})["PARAM_WAIT"] == str(number)


def test_17_who_may_run_it_where() -> None:
    assert [TASK.is_for(name) for name in ("admin", "token one", "token ada", "")] == [True, True, False, False]
    assert [TASK.may_run_on(name) for name in ("web-1", "db-7", "db-x", "mail")] == [True, True, False, False]
    everybody = NamedTask(name="x", description="x", command="x")
    assert everybody.is_for("anybody")
    assert everybody.may_run_on("anything")
