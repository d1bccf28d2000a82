"""`workflows.vgo`: steps over machines that operators begin by a name."""

from collections.abc import Iterator
from collections.abc import Mapping as Map
from datetime import timedelta
from typing import Final, NamedTuple

from vigo.core.batches import check_batch
from vigo.core.errors import InvalidError
from vigo.core.named_task import NamedTask, Parameter
from vigo.core.nearest import did_you_mean
from vigo.core.templates import TemplateError, Templates, is_template
from vigo.core.workflow import (
    LONGEST_STEP,
    MOST_STEPS,
    ON_MACHINES,
    PARAMETERS,
    STEP_KINDS,
    WITHIN,
    Step,
    StepKind,
    Workflow,
)
from vigo.policy.documents.named_tasks import FILE as TASKS_FILE
from vigo.policy.documents.named_tasks import read_check
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.runnable import machines, named, operators, parameters, used_in, warn_of_unused, within
from vigo.policy.documents.targets import Known, read_target
from vigo.policy.scalars import boolean, described, integer, is_null
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

FILE: Final = "workflows.vgo"
KEYS: Final = ("workflows",)
WORKFLOW_KEYS: Final = ("description", "parameters", "target", "operators", "match", "steps")
STEP_KEYS: Final = (
    *STEP_KINDS,
    "title",
    "with",
    "target",
    "batch",
    "max_failures",
    "within",
    "approvers",
    "four_eyes",
    "steps",
)

_LEFT_TO_SAY: Final = {"push": "now", "wait": "converged"}
"""What stands behind the kinds of steps of which there is only one."""

_ALSO: Final[Map[StepKind, frozenset[str]]] = {
    "task": frozenset({"with", "target", "batch", "max_failures"}),
    "push": frozenset({"target", "batch", "max_failures", "within"}),
    "wait": frozenset({"target", "max_failures", "within"}),
    "check": frozenset({"target", "batch", "max_failures", "within"}),
    "approval": frozenset({"within", "approvers", "four_eyes"}),
    "pause": frozenset(),
    "rolling": frozenset({"target", "max_failures", "steps"}),
}
"""What each kind of step may say beside itself and its title."""

_INNER_NOT: Final = frozenset({"target", "batch", "max_failures"})
"""What steps of a rolling one leave to it."""


class _Around(NamedTuple):
    """What a workflow's steps may go by."""

    tasks: Map[str, NamedTask]
    known: Known
    parameters: Map[str, Parameter]
    has_target: bool
    used: set[str]
    """The parameters that some step uses."""
    is_inner: bool = False


def read_workflows(reading: Reading, tasks: Map[str, NamedTask], known: Known) -> tuple[Workflow, ...]:
    """Return the workflows in their order; what is wrong with them is recorded."""
    found = [_workflow(reading, name, node, tasks, known) for name, node in named(reading, FILE, *KEYS)]
    return tuple(one for one in found if one is not None)


def _workflow(reading: Reading, name: Scalar, node: Node, tasks: Map[str, NamedTask], known: Known) -> Workflow | None:
    what = f"workflow {name.text[:60]}"
    document = reading.mapping(node, what, WORKFLOW_KEYS)
    if document is None:
        if is_null(node):
            reading.error(name.origin, "missing", f"{what}: expected `steps`, found none")
        return None
    description = reading.text(document.get("description"), f"{what}: description")
    if document.get("description") is None:
        reading.error(name.origin, "missing", f"{what}: expected `description`, what it is for, found none")
    declared = dict(parameters(reading, document.get("parameters"), what))
    target = read_target(reading, document.get("target"), f"{what}: target", known)
    around = _Around(tasks, known, declared, target is not None, set())
    given = document.get("steps")
    steps = tuple(_steps(reading, given, what, around))
    if _is_empty(given):
        reading.error(name.origin, "missing", f"{what}: expected `steps`, a list of at least one, found none")

    def told(parameter: str) -> str:
        return f"{what}: no step uses {parameter}, so it makes no difference"

    warn_of_unused(reading, document.get("parameters"), around.used, told)
    return Workflow(
        name=name.text,
        description="" if description is None else description.text,
        steps=steps,
        parameters=declared,
        target=target,
        operators=operators(reading, document, what),
        match=machines(reading, document, what),
    )


def _is_empty(node: Node | None) -> bool:
    return node is None or is_null(node) or (isinstance(node, Sequence) and not node.items)


def _steps(reading: Reading, node: Node | None, what: str, around: _Around) -> Iterator[Step]:
    if node is None or is_null(node):
        return
    if not isinstance(node, Sequence):
        hint = "begin each with `- `, such as `- task: restart-web`"
        reading.error(node.origin, "type", f"{what}: expected a list of steps, found {described(node)}", hint)
        return
    if len(node.items) > MOST_STEPS:
        message = f"{what}: expected at most {MOST_STEPS} steps, found {len(node.items)}"
        reading.error(node.origin, "too-large", message)
        return
    for number, item in enumerate(node.items, 1):
        step = _step(reading, item, f"{what}: step {number}", around)
        if step is not None:
            yield step


def _step(reading: Reading, node: Node, what: str, around: _Around) -> Step | None:
    if not isinstance(node, Mapping):
        message = f"{what}: expected a map with what it does, found {described(node)}"
        reading.error(node.origin, "type", message, "such as `- task: restart-web`")
        return None
    document = reading.mapping(node, what, STEP_KEYS) or node
    kinds = [kind for kind in STEP_KINDS if kind in document.entries]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        message = f"{what}: expected one of {', '.join(STEP_KINDS)}, found {found}"
        reading.error(node.origin, "type", message, "each step does one thing")
        return None
    kind = kinds[0]
    if around.is_inner and kind == "rolling":
        reading.error(node.origin, "type", f"{what}: expected no batches within batches, found `rolling` again")
        return None
    for key, entry in document.entries.items():
        allowed = _ALSO[kind] - (_INNER_NOT if around.is_inner else frozenset())
        if key in STEP_KEYS and key not in (kind, "title") and key not in allowed:
            where = " in batches" if around.is_inner and key in _ALSO[kind] else ""
            message = f"{what}: steps of the kind {kind}{where} have no `{key}`"
            reading.error(
                entry.key.origin, "unknown-key", message, f"they may have: {', '.join(sorted(allowed | {'title'}))}"
            )
    return _of_kind(reading, kind, document, what, around)


def _of_kind(reading: Reading, kind: StepKind, document: Mapping, what: str, around: _Around) -> Step:
    title = reading.text(document.get("title"), f"{what}: title")
    says = _says(reading, kind, document, what)
    if kind == "check" and says is not None:
        around.used.update(used_in(reading, [says], around.parameters, what))
    target = read_target(reading, document.get("target"), f"{what}: target", around.known)
    if kind in ON_MACHINES and not (around.has_target or around.is_inner or document.get("target")):
        message = f"{what}: expected `target`, the machines, here or for the whole workflow, found none"
        reading.error(document.origin, "missing", message, 'such as `target: "web-*"`, or `target: {role: webserver}`')
    given = _given(reading, document.get("with"), what, around)
    if kind == "task" and says is not None:
        _check_task(reading, says, given, what, around)
    inner: tuple[Step, ...] = ()
    if kind == "rolling":
        inner = tuple(_steps(reading, document.get("steps"), what, around._replace(is_inner=True)))
        if _is_empty(document.get("steps")):
            reading.error(document.origin, "missing", f"{what}: expected `steps` for each batch, found none")
    longest = within(reading, document, what, "within", WITHIN.get(kind, timedelta(0)), LONGEST_STEP)
    if kind == "pause":
        longest = within(reading, document, what, "pause", longest, LONGEST_STEP)
    return Step(
        kind=kind,
        says="" if says is None or kind in _LEFT_TO_SAY or kind == "pause" else says.text,
        title="" if title is None else title.text,
        given={name.text: value.text for name, value in given},
        target=target,
        batch=_batch(reading, reading.text(document.get("batch"), f"{what}: batch")),
        max_failures=_max_failures(reading, document, what),
        within=longest,
        approvers=operators(reading, document, what, "approvers"),
        four_eyes=_four_eyes(reading, document, what),
        steps=inner,
    )


def _says(reading: Reading, kind: StepKind, document: Mapping, what: str) -> Scalar | None:
    if kind == "check":
        return read_check(reading, document, "check", what)
    says = reading.text(document.get(kind), f"{what}: {kind}")
    if says is not None and kind in _LEFT_TO_SAY and says.text != _LEFT_TO_SAY[kind]:
        message = f"{what}: expected `{kind}: {_LEFT_TO_SAY[kind]}`, found {says.text[:60]!r}"
        reading.error(says.origin, "type", message)
    if kind == "rolling":
        _batch(reading, says)
    return says


def _batch(reading: Reading, given: Scalar | None) -> str | None:
    if given is None:
        return None
    try:
        check_batch(given.text)
    except InvalidError as error:
        reading.error(given.origin, "type", str(error))
        return None
    return given.text


def _max_failures(reading: Reading, document: Mapping, what: str) -> int:
    given = reading.text(document.get("max_failures"), f"{what}: max_failures")
    if given is None:
        return 0
    try:
        found = integer(given.text)
        if found < 0:
            raise InvalidError(f"expected 0 or more, found {found}")  # noqa: TRY301 - one place reports both
    except InvalidError as error:
        reading.error(given.origin, "type", f"{what}: max_failures: {error}")
        return 0
    return found


def _four_eyes(reading: Reading, document: Mapping, what: str) -> bool:
    given = reading.text(document.get("four_eyes"), f"{what}: four_eyes")
    if given is None:
        return False
    try:
        return boolean(given.text)
    except InvalidError as error:
        reading.error(given.origin, "type", f"{what}: four_eyes: {error}")
        return False


def _given(reading: Reading, node: Node | None, what: str, around: _Around) -> list[tuple[Scalar, Scalar]]:
    """Return what is given to a task, whose templates name parameters of the workflow and nothing else."""
    document = None if node is None else reading.mapping(node, f"{what}: with")
    found: list[tuple[Scalar, Scalar]] = []
    for name, entry in ({} if document is None else document.entries).items():
        value = reading.text(entry.value, f"{what}: with: {name}")
        if value is None:
            continue
        found.append((entry.key, value))
        try:
            names = Templates().names_in(value.text)
        except TemplateError as error:
            reading.error(value.origin, "template", f"{what}: with: {error}")
            continue
        for one in sorted(names):
            first, _, parameter = one.partition(".")
            around.used.add(parameter)
            if first != PARAMETERS or parameter not in around.parameters:
                near = did_you_mean(parameter, around.parameters)
                message = (
                    f"{what}: with: expected a parameter of the workflow in the template, found {one[:60]!r}{near}"
                )
                hint = f"such as {{{{ {PARAMETERS}.service }}}}, declared below `parameters`"
                reading.error(value.origin, "unknown-parameter", message, hint)
    return found


def _check_task(reading: Reading, says: Scalar, given: list[tuple[Scalar, Scalar]], what: str, around: _Around) -> None:
    """Refuse a task that is not declared, and what it does not take."""
    task = around.tasks.get(says.text)
    if task is None and TASKS_FILE in reading.unreadable:
        return  # what it declares is not known
    if task is None:
        reading.unknown(says, f"{what}: tasks.vgo declares no task", around.tasks, "unknown-task")
        return
    for key, value in given:
        parameter = task.parameters.get(key.text)
        if parameter is None:
            reading.unknown(key, f"{what}: {task.name} has no parameter", task.parameters, "unknown-parameter")
        elif not is_template(value.text):  # what a template will be is known once the workflow is run
            try:
                parameter.value(key.text, value.text)
            except InvalidError as error:
                reading.error(value.origin, "type", f"{what}: with: {error}")
    for name, parameter in task.parameters.items():
        if parameter.default is None and name not in [key.text for key, _ in given]:
            message = f"{what}: expected `with: {name}`, since {task.name} has no default for it, found none"
            reading.error(says.origin, "missing", message)
