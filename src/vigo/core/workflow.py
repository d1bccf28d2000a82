"""Workflows that the stacks declare: steps over machines, one after the other, some of them a person's."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal, get_args

import msgspec

from vigo.core.named_task import Parameter, Value, is_among, is_covered, written
from vigo.core.target import Target
from vigo.core.task import CHECK_WITHIN
from vigo.core.templates import Templates

StepKind = Literal["task", "push", "wait", "check", "approval", "pause", "rolling"]
"""A named task; having machines check in; waiting until they are converged; a command or URL that has to do well on
them; a person's word; time; and steps that are gone through for one batch of machines after the other."""

STEP_KINDS: Final[tuple[StepKind, ...]] = get_args(StepKind)
ON_MACHINES: Final = frozenset({"task", "push", "wait", "check", "rolling"})
"""Steps that have a target."""

WITHIN: Final[Mapping[StepKind, timedelta]] = {
    "push": timedelta(minutes=5),
    "wait": timedelta(minutes=30),
    "check": CHECK_WITHIN,
    "approval": timedelta(days=1),
}
"""How long a step may take where it does not say."""

LONGEST_STEP: Final = timedelta(days=7)
MOST_STEPS: Final = 100
MOST_BATCHES: Final = 1_000
"""Of a rolling step: each of its steps is kept for each batch."""

PARAMETERS: Final = "parameters"
"""What templates of a step's `with` may name."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step as declared.

    `says` is the task's name, the check's command or URL, what is to be approved, or the size of the batches of a
    `rolling` step, whose `steps` have no target of their own. `within` is how long a step waits; of a pause it is the
    pause. At most `max_failures` machines may fail in it. Without `approvers` everybody with the right may approve;
    with `four_eyes` not who began the workflow.
    """

    kind: StepKind
    says: str = ""
    title: str = ""
    given: Mapping[str, str] = {}
    target: Target | None = None
    batch: str | None = None
    max_failures: int = 0
    within: timedelta = timedelta(0)
    approvers: tuple[str, ...] | None = None
    four_eyes: bool = False
    steps: tuple["Step", ...] = ()

    def told(self) -> str:
        """Return what it does, in a few words."""
        return (
            self.title
            or {
                "task": f"task {self.says}",
                "push": "push",
                "wait": "wait until converged",
                "check": f"check {self.says}",
                "approval": self.says,
                "pause": "pause",
                "rolling": f"in batches of {self.says}",
            }[self.kind]
        )

    def filled(self, values: Mapping[str, Value]) -> dict[str, str]:
        """Return what is given to its task, once the workflow's parameters have values.

        Raises:
            TemplateError: a template cannot be rendered.
        """
        context = {PARAMETERS: {name: written(value) for name, value in values.items()}}
        return {name: Templates().render(text, context) for name, text in self.given.items()}

    def may_be_approved_by(self, operator: str, beginner: str) -> str:
        """Return why an operator may not approve it, or an empty text."""
        if not is_among(operator, self.approvers):
            return f"{operator} is not among its `approvers`"
        if self.four_eyes and operator == beginner:
            return f"{operator} began the workflow, and `four_eyes` asks for somebody else"
        return ""


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow as declared. `operators` and `match` are None where anybody with the right may run it anywhere."""

    name: str
    description: str
    steps: tuple[Step, ...]
    parameters: Mapping[str, Parameter] = {}
    target: Target | None = None
    operators: tuple[str, ...] | None = None
    match: tuple[str, ...] | None = None

    def is_for(self, operator: str) -> bool:
        """Return whether an operator may run it."""
        return is_among(operator, self.operators)

    def may_run_on(self, hostname: str) -> bool:
        """Return whether it may be run on a machine."""
        return is_covered(hostname, self.match)
