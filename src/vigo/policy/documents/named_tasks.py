"""`tasks.vgo`: commands that operators may run by a name, with typed parameters."""

import re
from collections.abc import Iterator
from collections.abc import Mapping as Map
from datetime import timedelta
from typing import Final, get_args

from vigo.core.errors import InvalidError
from vigo.core.named_task import PREFIX, TIMEOUT, NamedTask, Parameter, ParameterType, Value
from vigo.core.nearest import did_you_mean
from vigo.core.task import LONGEST_TIMEOUT, MOST_COMMAND_BYTES
from vigo.policy.documents.hostcrates import is_valid_pattern
from vigo.policy.documents.reading import Reading
from vigo.policy.scalars import described, duration, is_null
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

FILE: Final = "tasks.vgo"
KEYS: Final = ("tasks",)
TASK_KEYS: Final = ("description", "command", "parameters", "timeout", "user", "operators", "match")
PARAMETER_KEYS: Final = ("type", "description", "default", "one_of")

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_PARAMETER: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_VARIABLE: Final = re.compile(rf"\b{PREFIX}[A-Z0-9_]+")
_TYPES: Final[tuple[ParameterType, ...]] = get_args(ParameterType)


def read_named_tasks(reading: Reading, file: str) -> tuple[NamedTask, ...]:
    """Return the tasks in their order; what is wrong with the others is recorded."""
    document = reading.document(file, file, KEYS)
    given = None if document is None else document.get("tasks")
    tasks = None if given is None else reading.mapping(given, "tasks")
    if tasks is None:
        return ()
    found = [_task(reading, entry.key, entry.value) for entry in tasks.entries.values()]
    return tuple(task for task in found if task is not None)


def _task(reading: Reading, name: Scalar, node: Node) -> NamedTask | None:
    what = f"task {name.text[:60]}"
    if not _NAME.fullmatch(name.text):
        message = f"tasks: expected a name of small letters, digits and -, found {name.text[:60]!r}"
        reading.error(name.origin, "type", message, "such as restart-web")
    document = reading.mapping(node, what, TASK_KEYS)
    if document is None:
        if is_null(node):
            reading.error(name.origin, "missing", f"{what}: expected `command`, found none")
        return None
    command = reading.text(document.get("command"), f"{what}: command")
    description = reading.text(document.get("description"), f"{what}: description")
    for key, meaning in (("command", "what the shell shall run"), ("description", "what it is for")):
        if document.get(key) is None:
            reading.error(name.origin, "missing", f"{what}: expected `{key}`, {meaning}, found none")
    if command is not None and len(command.text.encode()) > MOST_COMMAND_BYTES:
        reading.error(command.origin, "too-large", f"{what}: expected a command of at most {MOST_COMMAND_BYTES} bytes")
    user = reading.text(document.get("user"), f"{what}: user")
    parameters = dict(_parameters(reading, document.get("parameters"), what))
    if command is not None:
        _check_used(reading, command, document.get("parameters"), parameters, what)
    operators = _some(reading, document, "operators", what)
    match = _some(reading, document, "match", what)
    if match is not None:
        match = tuple(one for one in match if is_valid_pattern(reading, one))
    return NamedTask(
        name=name.text,
        description="" if description is None else description.text,
        command="" if command is None else command.text,
        parameters=parameters,
        timeout=_timeout(reading, document, what),
        user=None if user is None else user.text,
        operators=None if operators is None else tuple(one.text for one in operators),
        match=None if match is None else tuple(one.text for one in match),
    )


def _check_used(
    reading: Reading, command: Scalar, node: Node | None, parameters: Map[str, Parameter], what: str
) -> None:
    """Refuse a variable that no parameter fills, and warn of a parameter that the command does not look at."""
    used = set(_VARIABLE.findall(command.text))
    declared = {f"{PREFIX}{name.upper()}": name for name in parameters}
    for variable in sorted(used - declared.keys()):
        near = did_you_mean(variable, declared)
        message = f"{what}: expected a declared parameter behind ${variable}, found none{near}"
        reading.error(command.origin, "unknown-parameter", message, "declare it below `parameters`")
    if not isinstance(node, Mapping):
        return
    for variable, name in declared.items():
        if variable not in used:
            message = f"{what}: the command does not use ${variable}, so {name} makes no difference"
            reading.findings.warning(node.entries[name].key.origin, "unused-parameter", message)


def _some(reading: Reading, document: Mapping, key: str, what: str) -> tuple[Scalar, ...] | None:
    """Return the texts of a list that, where it stands there, is not empty: nobody would be odd, everybody a hole."""
    node = document.get(key)
    if node is None:
        return None
    found = reading.texts(node, f"{what}: {key}")
    if not found and (is_null(node) or (isinstance(node, Sequence) and not node.items)):
        message = f"{what}: expected at least one of `{key}`, found none"
        reading.error(node.origin, "missing", message, 'leave the key out, or write ["*"], for all')
    return found


def _timeout(reading: Reading, document: Mapping, what: str) -> timedelta:
    given = reading.text(document.get("timeout"), f"{what}: timeout")
    if given is None:
        return TIMEOUT
    try:
        found = duration(given.text)
        if found > LONGEST_TIMEOUT:
            raise InvalidError(f"expected at most 1d, found {given.text}")  # noqa: TRY301 - one place reports both
    except InvalidError as error:
        reading.error(given.origin, "type", f"{what}: timeout: {error}")
        return TIMEOUT
    return found


def _parameters(reading: Reading, node: Node | None, what: str) -> Iterator[tuple[str, Parameter]]:
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
