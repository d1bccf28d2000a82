"""What tasks, workflows and queries that operators run by name have in common: parameters, who may, where, how long."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final, get_args

from vigo.core.durations import format_duration
from vigo.core.errors import InvalidError
from vigo.core.named_task import PREFIX, Parameter, ParameterType, Value
from vigo.core.nearest import did_you_mean
from vigo.policy.documents.hostcrates import is_valid_pattern
from vigo.policy.documents.reading import Reading
from vigo.policy.scalars import described, duration, is_null
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

PARAMETER_KEYS: Final = ("type", "description", "default", "one_of")

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_PARAMETER: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_VARIABLE: Final = re.compile(rf"\b{PREFIX}[A-Z0-9_]+")
_TYPES: Final[tuple[ParameterType, ...]] = get_args(ParameterType)


def named(reading: Reading, file: str, key: str) -> Iterator[tuple[Scalar, Node]]:
    """Yield what a file declares below its key, each with its name."""
    document = reading.document(file, file, (key,))
    given = None if document is None else document.get(key)
    found = None if given is None else reading.mapping(given, key)
    for entry in () if found is None else found.entries.values():
        if not _NAME.fullmatch(entry.key.text):
            message = f"{key}: expected a name of small letters, digits and -, found {entry.key.text[:60]!r}"
            reading.error(entry.key.origin, "type", message, "such as restart-web")
        yield entry.key, entry.value


def used_in(reading: Reading, commands: Iterable[Scalar], declared: Iterable[str], what: str) -> set[str]:
    """Return the parameters that commands look at; a variable that no parameter fills is an error."""
    known = {f"{PREFIX}{name.upper()}": name for name in declared}
    used: set[str] = set()
    for command in commands:
        found = set(_VARIABLE.findall(command.text))
        used |= {known[variable] for variable in found & known.keys()}
        for variable in sorted(found - known.keys()):
            near = did_you_mean(variable, known)
            message = f"{what}: expected a declared parameter behind ${variable}, found none{near}"
            reading.error(command.origin, "unknown-parameter", message, "declare it below `parameters`")
    return used


def warn_of_unused(reading: Reading, node: Node | None, used: set[str], told: Callable[[str], str]) -> None:
    """Warn of each parameter that makes no difference, in the words of `told`."""
    for name, entry in node.entries.items() if isinstance(node, Mapping) else ():
        if name not in used and _PARAMETER.fullmatch(name):
            reading.findings.warning(entry.key.origin, "unused-parameter", told(name))


def operators(reading: Reading, document: Mapping, what: str, key: str = "operators") -> tuple[str, ...] | None:
    """Return who may do something, None for all with the right."""
    found = some(reading, document, key, what)
    return None if found is None else tuple(one.text for one in found)


def machines(reading: Reading, document: Mapping, what: str) -> tuple[str, ...] | None:
    """Return the patterns of `match`, None for all machines."""
    found = some(reading, document, "match", what)
    return None if found is None else tuple(one.text for one in found if is_valid_pattern(reading, one))


def some(reading: Reading, document: Mapping, key: str, what: str) -> tuple[Scalar, ...] | None:
    """Return the texts of a list that, where it stands there, is not empty: nobody would be odd, everybody a hole."""
    node = document.get(key)
    if node is None:
        return None
    found = reading.texts(node, f"{what}: {key}")
    if not found and (is_null(node) or (isinstance(node, Sequence) and not node.items)):
        message = f"{what}: expected at least one of `{key}`, found none"
        reading.error(node.origin, "missing", message, 'leave the key out, or write ["*"], for all')
    return found


def within(
    reading: Reading, document: Mapping, what: str, key: str, default: timedelta, longest: timedelta
) -> timedelta:
    """Return the duration that stands behind a key."""
    given = reading.text(document.get(key), f"{what}: {key}")
    if given is None:
        return default
    try:
        found = duration(given.text)
        if found > longest:
            most = format_duration(longest)
            raise InvalidError(f"expected at most {most}, found {given.text}")  # noqa: TRY301 - one place reports both
    except InvalidError as error:
        reading.error(given.origin, "type", f"{what}: {key}: {error}")
        return default
    return found


def parameters(reading: Reading, node: Node | None, what: str) -> Iterator[tuple[str, Parameter]]:
    """Yield the parameters that are declared, by name."""
    given = None if node is None else reading.mapping(node, f"{what}: parameters")
    for entry in () if given is None else given.entries.values():
        name = entry.key
        if not _PARAMETER.fullmatch(name.text):
            message = f"{what}: expected a parameter's name of small letters, digits and _, found {name.text[:60]!r}"
            reading.error(name.origin, "type", message, f"the command gets it as {PREFIX}NAME, in capitals")
            continue
        yield name.text, _parameter(reading, entry.value, name.text)


def _parameter(reading: Reading, node: Node, name: str) -> Parameter:
    document = reading.mapping(node, f"parameter {name}", PARAMETER_KEYS) or Mapping({}, node.origin)
    description = reading.text(document.get("description"), f"{name}: description")
    plain = Parameter(
        type=_type(reading, document.get("type"), name), description="" if description is None else description.text
    )
    one_of = tuple(_values(reading, document.get("one_of"), plain, name))
    known = Parameter(type=plain.type, description=plain.description, one_of=one_of)
    default = next(_values(reading, document.get("default"), known, name), None)
    return Parameter(type=known.type, description=known.description, one_of=one_of, default=default)


def _type(reading: Reading, node: Node | None, name: str) -> ParameterType:
    given = reading.text(node, f"{name}: type")
    if given is None:
        return "text"
    word = next((one for one in _TYPES if one == given.text), None)
    if word is None:
        near = did_you_mean(given.text, _TYPES)
        message = f"{name}: expected a type, {', '.join(_TYPES)}, found {given.text[:60]!r}{near}"
        reading.error(given.origin, "type", message)
    return word or "text"


def _values(reading: Reading, node: Node | None, parameter: Parameter, name: str) -> Iterator[Value]:
    items = node.items if isinstance(node, Sequence) else () if node is None else (node,)
    for item in items:
        if not isinstance(item, Scalar):
            reading.error(item.origin, "type", f"{name}: expected a single value, found {described(item)}")
            continue
        try:
            yield parameter.value(name, item.text)
        except InvalidError as error:
            reading.error(item.origin, "type", str(error))
