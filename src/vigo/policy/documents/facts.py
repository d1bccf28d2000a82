"""What a test says of its machine that traits do not tell: how the predicates that look at a machine are answered."""

from collections.abc import Mapping as Map
from typing import Final

import msgspec

from vigo.core.conditions import PREDICATES, argument_problem
from vigo.core.errors import InvalidError
from vigo.policy.documents.reading import Reading
from vigo.policy.scalars import boolean, described
from vigo.policy.yaml_tree import Mapping, Node, Scalar

LOCAL_TIME: Final = "local_time"
ANSWERED: Final = ("file_exists", "directory_exists", "package_installed", "port_listening", "program_exists")
"""The predicates of one argument that look at a machine."""

FACTS: Final = (*ANSWERED, LOCAL_TIME)


class Facts(msgspec.Struct, frozen=True):
    """Answers by predicate and argument, the argument as text; and the machine's time of day, such as `23:00`."""

    answers: Map[tuple[str, str], bool] = {}
    local_time: str | None = None


def read_facts(reading: Reading, node: Node | None) -> Facts:
    """Return the facts in a map; what is wrong with them is recorded."""
    document = None if node is None else reading.mapping(node, "facts", FACTS)
    if document is None:
        return Facts()
    answers: dict[tuple[str, str], bool] = {}
    for name in ANSWERED:
        given = document.get(name)
        told = None if given is None else reading.mapping(given, name)
        for entry in () if told is None else told.entries.values():
            (argument,) = PREDICATES[name].arguments.values()
            problem = argument_problem(argument, entry.key.text)
            if problem is not None:
                reading.error(entry.key.origin, "type", f"{name}: expected {problem}, found {described(entry.key)}")
            answers[name, entry.key.text] = _answer(reading, name, entry.value)
    return Facts(answers, _local_time(reading, document))


def _answer(reading: Reading, name: str, node: Node) -> bool:
    if isinstance(node, Scalar):
        try:
            return boolean(node.text)
        except InvalidError:
            pass
    reading.error(node.origin, "type", f"{name}: expected true or false, found {described(node)}")
    return False


def _local_time(reading: Reading, document: Mapping) -> str | None:
    given = reading.text(document.get(LOCAL_TIME), LOCAL_TIME)
    problem = None if given is None else argument_problem("time", given.text)
    if given is not None and problem is not None:
        reading.error(given.origin, "type", f"{LOCAL_TIME}: expected {problem}, found {described(given)}")
        return None
    return None if given is None else given.text
