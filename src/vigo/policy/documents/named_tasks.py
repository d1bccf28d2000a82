"""`tasks.vgo`: commands that operators may run by a name, with typed parameters."""

from typing import Final

from vigo.catalog.formats.web_addresses import web_address
from vigo.core.errors import InvalidError
from vigo.core.named_task import PREFIX, TIMEOUT, NamedTask
from vigo.core.task import CHECK_WITHIN, LONGEST_TIMEOUT, MOST_COMMAND_BYTES, WEB_PREFIXES
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.runnable import machines, named, operators, parameters, used_in, warn_of_unused, within
from vigo.policy.scalars import is_null
from vigo.policy.yaml_tree import Mapping, Node, Scalar

FILE: Final = "tasks.vgo"
KEYS: Final = ("tasks",)
TASK_KEYS: Final = (
    "description",
    "command",
    "parameters",
    "timeout",
    "user",
    "health_check",
    "health_within",
    "operators",
    "match",
)


def read_named_tasks(reading: Reading, file: str) -> tuple[NamedTask, ...]:
    """Return the tasks in their order; what is wrong with the others is recorded."""
    found = [_task(reading, name, node) for name, node in named(reading, file, *KEYS)]
    return tuple(task for task in found if task is not None)


def _task(reading: Reading, name: Scalar, node: Node) -> NamedTask | None:
    what = f"task {name.text[:60]}"
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
    health_check = read_check(reading, document, "health_check", what)
    user = reading.text(document.get("user"), f"{what}: user")
    declared = dict(parameters(reading, document.get("parameters"), what))
    if command is not None:
        check_size(reading, command, what)
        commands = [one for one in (command, health_check) if one is not None]
        used = used_in(reading, commands, declared, what)
        warn_of_unused(
            reading,
            document.get("parameters"),
            used,
            lambda name: f"{what}: the command does not use ${PREFIX}{name.upper()}, so {name} makes no difference",
        )
    return NamedTask(
        name=name.text,
        description="" if description is None else description.text,
        command="" if command is None else command.text,
        parameters=declared,
        timeout=within(reading, document, what, "timeout", TIMEOUT, LONGEST_TIMEOUT),
        user=None if user is None else user.text,
        health_check="" if health_check is None else health_check.text,
        health_within=within(reading, document, what, "health_within", CHECK_WITHIN, LONGEST_TIMEOUT),
        operators=operators(reading, document, what),
        match=machines(reading, document, what),
    )


def check_size(reading: Reading, command: Scalar, what: str) -> None:
    """Refuse a command that no agent would take."""
    if len(command.text.encode()) > MOST_COMMAND_BYTES:
        reading.error(command.origin, "too-large", f"{what}: expected a command of at most {MOST_COMMAND_BYTES} bytes")


def read_check(reading: Reading, document: Mapping, key: str, what: str) -> Scalar | None:
    """Return the command or URL that stands behind a key."""
    found = reading.text(document.get(key), f"{what}: {key}")
    if found is None:
        return None
    check_size(reading, found, what)
    if found.text.lower().startswith(WEB_PREFIXES):
        try:
            web_address(key, found.text)
        except InvalidError as error:
            reading.error(found.origin, "type", f"{what}: {error}")
    return found
