"""What the stacks say about compliance: the claims of configcrates; `compliance.vgo` with frameworks and waivers.

Names of frameworks and controls are texts as written: `5.10` is not 5.1.
"""

import re
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Map
from datetime import date
from typing import Final

import msgspec

from vigo.core.errors import InvalidError
from vigo.core.hostnames import matches
from vigo.core.plan import Origin
from vigo.policy.documents.hostcrates import is_valid_pattern
from vigo.policy.documents.reading import Reading
from vigo.policy.scalars import described, is_null
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

FILE: Final = "compliance.vgo"
KEYS: Final = ("frameworks", "waivers")
FRAMEWORK_KEYS: Final = ("title", "version", "controls")
WAIVER_KEYS: Final = ("framework", "controls", "match", "reason", "approved_by", "until", "ticket")

_FRAMEWORK: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# 5.2.1, A.8.9, AC-2(1) and 164.312(a)(1): what catalogues of controls use.
_CONTROL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,99}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# What each key of a waiver is for, and how it may be written; `ticket` alone may be left out.
_REQUIRED: Final = {
    "framework": ("the framework of the controls", "such as `framework: cis-debian-12`"),
    "controls": ("what is not met", "such as `controls: [5.2.7]`"),
    "match": (
        "the machines that it is about",
        'hostnames or patterns as in an entry, such as `match: "jump-*"`; ["*"] for all',
    ),
    "reason": ("why that is accepted", "say what a reader in a year has to know"),
    "approved_by": ("who accepted it", "such as `approved_by: Ada Lovelace`"),
    "until": ("the last day on which it holds", "such as `until: 2027-03-31`; an exception without an end is none"),
}


class Claim(msgspec.Struct, frozen=True):
    """That a configcrate does what a control of a framework asks for."""

    framework: Scalar
    control: Scalar


class Control(msgspec.Struct, frozen=True):
    """A control that a framework declares."""

    name: Scalar
    title: str


class Framework(msgspec.Struct, frozen=True):
    """A framework as declared. Where it lists controls, there are no others; where it lists none, there may be any."""

    name: Scalar
    title: str
    version: str | None
    controls: Map[str, Control]


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """That controls need not be met by some machines for a while. `until` is the last day of it, in UTC."""

    framework: Scalar
    controls: tuple[Scalar, ...]
    match: tuple[Scalar, ...]
    reason: str
    approved_by: str
    until: date
    until_origin: Origin
    ticket: str | None
    origin: Origin

    def covers(self, hostname: str) -> bool:
        """Return whether it is about a machine."""
        return any(matches(pattern.text, hostname) for pattern in self.match)

    def holds_on(self, day: date) -> bool:
        """Return whether it has not lapsed."""
        return day <= self.until


class Declared(msgspec.Struct, frozen=True):
    """What `compliance.vgo` holds."""

    frameworks: Map[str, Framework] = {}
    waivers: tuple[Waiver, ...] = ()


def read_claims(reading: Reading, node: Node | None) -> tuple[Claim, ...]:
    """Return the claims in a configcrate's `compliance`; what is wrong with the others is recorded."""
    if node is None or is_null(node):
        return ()
    if not isinstance(node, Mapping):
        message = f"compliance: expected a map of frameworks to their controls, found {described(node)}"
        reading.error(node.origin, "type", message, "such as `compliance: {cis-debian-12: [5.2.1]}`")
        return ()
    found: list[Claim] = []
    for entry in node.entries.values():
        is_good = _is_framework(reading, entry.key, "compliance")
        what = f"compliance: {entry.key.text[:60]}"
        controls = _controls(reading, entry.value, what, "name it, or remove the line")
        found += [Claim(entry.key, control) for control in controls] if is_good else []
    return tuple(found)


def read_compliance(reading: Reading) -> Declared:
    """Return the frameworks and waivers; none without the file."""
    document = reading.document(FILE, FILE, KEYS) if FILE in reading.files else None
    if document is None:
        return Declared()
    given = document.get("frameworks")
    frameworks = None if given is None else reading.mapping(given, "frameworks")
    return Declared(
        {} if frameworks is None else {name: _framework(reading, *one) for name, one in _pairs(frameworks)},
        tuple(_waivers(reading, document.get("waivers"))),
    )


def _pairs(mapping: Mapping) -> Iterator[tuple[str, tuple[Scalar, Node]]]:
    return ((name, (entry.key, entry.value)) for name, entry in mapping.entries.items())


def _framework(reading: Reading, name: Scalar, node: Node) -> Framework:
    _is_framework(reading, name, "frameworks")
    what = f"framework {name.text[:60]}"
    document = reading.mapping(node, what, FRAMEWORK_KEYS) or Mapping({}, node.origin)
    title = reading.text(document.get("title"), f"{what}: title")
    if document.get("title") is None and (isinstance(node, Mapping) or is_null(node)):
        hint = "such as `title: CIS Debian Linux 12 Benchmark`"
        reading.error(name.origin, "missing", f"{what}: expected `title`, its name for people, found none", hint)
    version = reading.text(document.get("version"), f"{what}: version")
    return Framework(
        name=name,
        title="" if title is None else title.text,
        version=None if version is None else version.text,
        controls=_declared_controls(reading, document.get("controls"), what),
    )


def _declared_controls(reading: Reading, node: Node | None, what: str) -> dict[str, Control]:
    if node is None:
        return {}
    if not isinstance(node, Mapping) or not node.entries:
        found = "none" if isinstance(node, Mapping) or is_null(node) else described(node)
        message = f"{what}: controls: expected a map of controls to their titles, found {found}"
        reading.error(node.origin, "type", message, "leave `controls` out where any control may be claimed")
        return {}
    controls = {}
    for entry in node.entries.values():
        _is_control(reading, entry.key, f"{what}: controls")
        title = reading.text(entry.value, f"{what}: the title of {entry.key.text[:60]}")
        controls[entry.key.text] = Control(entry.key, "" if title is None else title.text)
    return controls


def _waivers(reading: Reading, node: Node | None) -> Iterator[Waiver]:
    if node is None or is_null(node):
        return
    if not isinstance(node, Sequence):
        message = f"waivers: expected a list of waivers, found {described(node)}"
        reading.error(node.origin, "type", message, "begin each with `- framework: NAME`, its other keys below")
        return
    for item in node.items:
        waiver = _waiver(reading, item)
        if waiver is not None:
            yield waiver


def _waiver(reading: Reading, node: Node) -> Waiver | None:
    if not isinstance(node, Mapping):
        message = f"waivers: expected a map with {', '.join(_REQUIRED)}, found {described(node)}"
        reading.error(node.origin, "type", message)
        return None
    waiver = reading.mapping(node, "waiver", WAIVER_KEYS) or node
    for key, (meaning, hint) in _REQUIRED.items():
        if waiver.get(key) is None:
            reading.error(node.origin, "missing", f"waiver: expected `{key}`, {meaning}, found none", hint)
    framework = _required(reading, waiver, "framework")
    if framework is not None and not _is_framework(reading, framework, "framework"):
        framework = None
    controls = tuple(_controls(reading, waiver.get("controls"), "controls", _REQUIRED["controls"][1]))
    match = tuple(_patterns(reading, waiver.get("match")))
    reason = _required(reading, waiver, "reason")
    approved_by = _required(reading, waiver, "approved_by")
    until = _last_day(reading, waiver)
    ticket = reading.text(waiver.get("ticket"), "ticket")
    if framework is None or reason is None or approved_by is None or until is None or not controls or not match:
        return None
    return Waiver(
        framework=framework,
        controls=controls,
        match=match,
        reason=reason.text,
        approved_by=approved_by.text,
        until=until[0],
        until_origin=until[1],
        ticket=None if ticket is None else ticket.text,
        origin=node.origin,
    )


def _required(reading: Reading, waiver: Mapping, key: str) -> Scalar | None:
    """Return a text of a waiver; that one is missing is told elsewhere."""
    node = waiver.get(key)
    if node is None or (isinstance(node, Scalar) and node.text.strip() and not is_null(node)):
        return node
    meaning, hint = _REQUIRED[key]
    reading.error(node.origin, "type", f"{key}: expected {meaning}, found {described(node)}", hint)
    return None


def _controls(reading: Reading, node: Node | None, what: str, hint: str) -> Iterator[Scalar]:
    """Yield the well-formed controls in a list, or the single one, each once."""
    if node is not None and (is_null(node) or (isinstance(node, Sequence) and not node.items)):
        message = f"{what}: expected at least one control, found none"
        reading.error(node.origin, "missing", message, hint)
        return
    if isinstance(node, Mapping):
        message = f"{what}: expected a control or a list of them, found a map"
        reading.error(node.origin, "type", message, f"the titles of controls belong into {FILE}")
        return
    yield from _each_once(reading, node, what, "control", lambda one: _is_control(reading, one, what))


def _patterns(reading: Reading, node: Node | None) -> Iterator[Scalar]:
    if node is not None and (is_null(node) or (isinstance(node, Sequence) and not node.items)):
        message = "match: expected hostnames or patterns, found none"
        reading.error(node.origin, "missing", message, 'write ["*"] for all machines')
        return
    yield from _each_once(reading, node, "match", "pattern", lambda one: is_valid_pattern(reading, one))


def _each_once(
    reading: Reading, node: Node | None, what: str, one: str, is_good: Callable[[Scalar], bool]
) -> Iterator[Scalar]:
    seen: dict[str, Scalar] = {}
    for item in reading.texts(node, what):
        if item.text in seen:
            message = f"{what}: expected each {one} once, found {item.text[:60]!r} again"
            message += f"; it stands at {seen[item.text].origin} too"
            reading.error(item.origin, "duplicate-name", message, "keep one of the two")
        elif is_good(item):
            yield item
        seen.setdefault(item.text, item)


def _is_framework(reading: Reading, name: Scalar, what: str) -> bool:
    if _FRAMEWORK.fullmatch(name.text):
        return True
    message = f"{what}: expected a framework such as cis-debian-12, found {name.text[:60]!r}"
    hint = f"letters, digits, `.`, `_` and `-`, at most 100; its full name is its `title` in {FILE}"
    reading.error(name.origin, "name", message, hint)
    return False


def _is_control(reading: Reading, name: Scalar, what: str) -> bool:
    if _CONTROL.fullmatch(name.text):
        return True
    message = f"{what}: expected a control such as 5.2.1 or AC-2(1), found {name.text[:60]!r}"
    hint = "letters, digits, `.`, `_`, `-` and parentheses, at most 100; several make a list: [5.2.1, 5.2.7]"
    reading.error(name.origin, "name", message, hint)
    return False


def _last_day(reading: Reading, waiver: Mapping) -> tuple[date, Origin] | None:
    written = _required(reading, waiver, "until")
    if written is None:
        return None
    try:
        return _day(written.text), written.origin
    except InvalidError as error:
        reading.error(
            written.origin, "type", f"until: {error}", "year, month and day; the waiver holds on that day too"
        )
        return None


def _day(text: str) -> date:
    """Return the day in a text.

    Raises:
        InvalidError: it is none, or one that no calendar has.
    """
    if not _DATE.fullmatch(text):
        raise InvalidError(f"expected a day such as 2027-03-31, found {text[:60]!r}")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidError(f"expected a day of the calendar, found {text!r}") from error
