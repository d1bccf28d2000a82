"""`tests/*.vgo`: machines that are made up, and what the stacks shall give them."""

import re
from collections.abc import Iterable
from collections.abc import Mapping as Map
from typing import Final

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.hostnames import canonical_hostname
from vigo.core.plan import Origin
from vigo.core.templates import is_template
from vigo.core.traits import Traits
from vigo.policy.documents.configcrates import Configcrate
from vigo.policy.documents.environments import Environment
from vigo.policy.documents.facts import Facts, read_facts
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.roles import Role
from vigo.policy.documents.traits import read_traits
from vigo.policy.matching import Matcher
from vigo.policy.scalars import described, is_null
from vigo.policy.yaml_tree import Entry, Mapping, Node, Scalar, Sequence

FOLDER: Final = "tests/"
KEYS: Final = ("name", "host", "traits", "facts", "expect")
EXPECT_KEYS: Final = ("environment", "roles", "resources", "absent", "skipped", "order", "error")
_TAG: Final = re.compile(r"\{[{%#]")
_CLOSING: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}


class ExpectedResource(msgspec.Struct, frozen=True):
    """A resource that the machine has to have, and what some of its fields have to be."""

    id: Scalar
    fields: tuple[Entry, ...]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a test expects. None is what it does not look at; `environment: null` expects that there is none."""

    environment: Scalar | None = None
    roles: tuple[Scalar, ...] | None = None
    resources: tuple[ExpectedResource, ...] = ()
    absent: tuple[Scalar, ...] = ()
    skipped: tuple[Scalar, ...] = ()
    order: tuple[Scalar, ...] = ()
    error: Scalar | None = None
    origin: Origin


class PolicyTest(msgspec.Struct, frozen=True):
    """A test as written; `host` is a hostname in its canonical form."""

    name: Scalar
    host: Scalar
    traits: Traits
    facts: Facts
    expected: Expected

    @property
    def file(self) -> str:
        """The file that it stands in."""
        return self.name.origin.file


def is_test_file(file: str) -> bool:
    """Return whether a file of the stacks holds tests."""
    return file.startswith(FOLDER) and file.endswith(".vgo")


def read_tests(reading: Reading, file: str) -> tuple[PolicyTest, ...]:
    """Return the tests in a file, in its order; what is wrong with their form is recorded."""
    document = reading.document(file, "a file of tests", ("tests",))
    node = None if document is None else document.get("tests")
    if node is None or is_null(node):
        return ()
    if not isinstance(node, Sequence):
        message = f"tests: expected a list of tests with `name`, `host` and `expect`, found {described(node)}"
        reading.error(node.origin, "type", message)
        return ()
    found: dict[str, PolicyTest] = {}
    for item in node.items:
        test = _test(reading, item)
        former = None if test is None else found.setdefault(test.name.text, test)
        if test is not None and former is not None and former is not test:
            message = f"expected each test of a file once, found {test.name.text[:60]!r} again"
            message += f"; it stands at {former.name.origin} too"
            reading.error(test.name.origin, "duplicate-name", message, "say what differs in the name")
    return tuple(found.values())


def check_names_of_tests(
    reading: Reading,
    tests: Iterable[PolicyTest],
    matcher: Matcher,
    crates: Map[str, Configcrate],
    named: tuple[Map[str, Role], Map[str, Environment]],
) -> None:
    """Refuse a host that no entry covers, and names of nothing. Where only `absent` names it, that is a warning."""
    roles, environments = named
    resources = _Resources(crates)
    for test in tests:
        expected = test.expected
        if expected.error is None and matcher.first(test.host.text) is None:
            message = f"host: expected a hostname that an entry covers, found {test.host.text[:80]!r}, which none does"
            reading.error(test.host.origin, "unknown-host", message, "add an entry for it, or correct the name")
        if expected.environment is not None and not is_null(expected.environment):
            _known(reading, expected.environment, "environment", environments)
        for role in expected.roles or ():
            _known(reading, role, "role", roles)
        for id_ in (*(one.id for one in expected.resources), *expected.skipped, *expected.order):
            resources.check(reading, id_)
        with reading.findings.as_warnings():
            for id_ in expected.absent:
                resources.check(reading, id_)


def _known(reading: Reading, name: Scalar, what: str, known: Iterable[str]) -> None:
    if name.text not in known:
        reading.unknown(name, f"no {what} has the name", known, f"unknown-{what}")


class _Resources:
    """The resources that the configcrates declare; what a template in a name becomes may be anything."""

    def __init__(self, crates: Map[str, Configcrate]) -> None:
        self._written = [f"{crate}/{name}" for crate, source in crates.items() for name in _names(source)]
        self._exact = {id_ for id_ in self._written if not is_template(id_)}
        templated = {crate: [name for name in _names(source) if is_template(name)] for crate, source in crates.items()}
        self._parts = {crate: [_literal_parts(name) for name in names] for crate, names in templated.items()}

    def check(self, reading: Reading, id_: Scalar) -> None:
        """Refuse the name of a resource that no configcrate declares."""
        crate, slash, name = id_.text.partition("/")
        if not slash:
            message = f"expected a resource as configcrate/name, found {id_.text[:80]!r}"
            reading.error(id_.origin, "unknown-resource", message)
        elif id_.text not in self._exact and not any(_may_be(parts, name) for parts in self._parts.get(crate, ())):
            reading.unknown(id_, "no resource has the name", self._written, "unknown-resource")


def _names(crate: Configcrate) -> list[str]:
    nodes = [resource.get("name") for resource in crate.resources]
    return [node.text for node in nodes if isinstance(node, Scalar)]


def _literal_parts(name: str) -> tuple[str, ...]:
    """Return what stands before, between and behind the templates in a name.

    >>> _literal_parts("site {{ key }}!")
    ('site ', '!')
    """
    parts: list[str] = []
    start = 0
    while tag := _TAG.search(name, start):
        parts.append(name[start : tag.start()])
        end = name.find(_CLOSING[tag[0]], tag.end())
        start = len(name) if end < 0 else end + len(tag[0])
    return (*parts, name[start:])


def _may_be(parts: tuple[str, ...], name: str) -> bool:
    """Return whether a name has the parts in their order; a regular expression could take very long to tell."""
    first, *middle, last = parts
    if not name.startswith(first) or not name.endswith(last):
        return False
    place, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return place <= end


def _test(reading: Reading, node: Node) -> PolicyTest | None:
    if not isinstance(node, Mapping):
        message = f"tests: expected a map with `name`, `host` and `expect`, found {described(node)}"
        reading.error(node.origin, "type", message)
        return None
    test = reading.mapping(node, "test", KEYS) or node
    for key in ("name", "host", "expect"):
        if test.get(key) is None:
            reading.error(node.origin, "missing", f"{key}: expected it in each test, found none; add it")
    name, host = reading.text(test.get("name"), "name"), _host(reading, test.get("host"))
    facts, expected = read_facts(reading, test.get("facts")), _expected(reading, test.get("expect"))
    traits = read_traits(reading, test.get("traits"))
    if name is None or host is None or expected is None:
        return None
    return PolicyTest(name, host, traits, facts, expected)


def _host(reading: Reading, node: Node | None) -> Scalar | None:
    host = reading.text(node, "host")
    if host is None:
        return None
    try:
        return msgspec.structs.replace(host, text=canonical_hostname(host.text))
    except InvalidError as error:
        reading.error(host.origin, "type", f"host: {error}")
        return None


def _expected(reading: Reading, node: Node | None) -> Expected | None:
    given = None if node is None else reading.mapping(node, "expect", EXPECT_KEYS)
    if node is not None and (is_null(node) or (given is not None and not given.entries)):
        message = f"expect: expected at least one of {', '.join(EXPECT_KEYS)}, found none"
        reading.error(node.origin, "missing", message, "a test that expects nothing can never fail")
    if given is None:
        return None
    environment, roles = given.get("environment"), given.get("roles")
    if environment is not None and not is_null(environment):
        environment = reading.text(environment, "environment")
    return Expected(
        environment=environment if isinstance(environment, Scalar) else None,
        roles=None if roles is None else reading.texts(roles, "roles"),
        resources=_resources(reading, given.get("resources")),
        absent=reading.texts(given.get("absent"), "absent"),
        skipped=reading.texts(given.get("skipped"), "skipped"),
        order=reading.texts(given.get("order"), "order"),
        error=reading.text(given.get("error"), "error"),
        origin=given.origin,
    )


def _resources(reading: Reading, node: Node | None) -> tuple[ExpectedResource, ...]:
    given = None if node is None else reading.mapping(node, "resources")
    found = []
    for entry in () if given is None else given.entries.values():
        fields = reading.mapping(entry.value, entry.key.text)
        found.append(ExpectedResource(entry.key, () if fields is None else tuple(fields.entries.values())))
    return tuple(found)
