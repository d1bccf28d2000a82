"""Targets in the stacks: which machines a step or a query is for."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from vigo.core.target import Target
from vigo.policy.documents.hostcrates import is_valid_pattern
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.traits import check_expression
from vigo.policy.scalars import described
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

TARGET_KEYS: Final = ("hosts", "environment", "role", "where")


class Known(NamedTuple):
    """The names that a target may say, None where a file that declares some cannot be read."""

    environments: Iterable[str] | None
    roles: Iterable[str] | None


def read_target(reading: Reading, node: Node | None, what: str, known: Known) -> Target | None:
    """Return a target: a map, or hostnames and patterns alone; None where nothing stands there.

    `"*"` is everybody. What is wrong with it is recorded.
    """
    if node is None:
        return None
    if isinstance(node, Scalar | Sequence):
        return _of_hosts(reading, node, what)
    document = reading.mapping(node, what, TARGET_KEYS)
    if document is None:
        reading.error(node.origin, "type", f"{what}: expected hostnames or a map, found {described(node)}")
        return None
    if not document.entries:
        reading.error(node.origin, "missing", f"{what}: expected what the machines are, found nothing", 'all: "*"')
    hosts = _of_hosts(reading, document.get("hosts"), f"{what}: hosts")
    where = reading.text(document.get("where"), f"{what}: where")
    if where is not None:
        check_expression(reading, where, f"{what}: where", "traits.os.family == 'debian'")
    return Target(
        everyone=hosts is not None and hosts.everyone,
        hosts=() if hosts is None else hosts.hosts,
        environment=_name(reading, document, "environment", what, known.environments),
        role=_name(reading, document, "role", what, known.roles),
        where="" if where is None else where.text,
    )


def _of_hosts(reading: Reading, node: Node | None, what: str) -> Target | None:
    if node is None:
        return None
    found = reading.texts(node, what)
    if not found:
        reading.error(node.origin, "missing", f"{what}: expected hostnames or patterns, found none", 'all: "*"')
    hosts = tuple(one.text for one in found if is_valid_pattern(reading, one))
    return Target(everyone=True) if "*" in hosts else Target(hosts=hosts)


def _name(reading: Reading, document: Mapping, key: str, what: str, known: Iterable[str] | None) -> str | None:
    given = reading.text(document.get(key), f"{what}: {key}")
    if given is None:
        return None
    if known is not None and given.text not in known:
        reading.unknown(given, f"{what}: no {key} has the name", known, f"unknown-{key}")
    return given.text
