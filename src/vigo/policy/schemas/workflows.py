"""The schemas of `workflows.vgo` and `queries.vgo`."""

from collections.abc import Mapping
from typing import Final

from vigo.policy.documents import saved_queries, workflows
from vigo.policy.documents.targets import TARGET_KEYS
from vigo.policy.schemas.named_tasks import OPERATORS, PARAMETERS, machines
from vigo.policy.schemas.parts import NAMES, SCALAR, Schema, any_of, map_of, named

_TARGET: Final[Mapping[str, Schema]] = {
    "hosts": {"description": "Hostnames, globs or ~regex, of which one fits.", "examples": [["web-*"]], **NAMES},
    "environment": {"description": "Those of this environment.", **SCALAR},
    "role": {"description": "Those that have this role.", **SCALAR},
    "where": {
        "description": "Those of which this is true, over `traits`, `hostname`, `environment` and `roles`.",
        "examples": ["traits.os.family == 'debian'"],
        **SCALAR,
    },
}


def _target(description: str) -> Schema:
    one = any_of([NAMES, map_of("A target", TARGET_KEYS, _TARGET)])
    return {"description": description, "examples": ["web-*"], **one}


_STEP: Final[Mapping[str, Schema]] = {
    "task": {"description": "Run this task of tasks.vgo.", "examples": ["restart-web"], **SCALAR},
    "push": {"description": "Have the machines check in.", "enum": ["now"]},
    "wait": {"description": "Wait until the machines are converged.", "enum": ["converged"]},
    "check": {
        "description": "A command, or a URL, that the machines try until it does well.",
        "examples": ["http://127.0.0.1:8080/health"],
        **SCALAR,
    },
    "approval": {"description": "Wait until somebody approves this.", "examples": ["Look at the graphs"], **SCALAR},
    "pause": {"description": "Wait for so long.", "examples": ["10m"], **SCALAR},
    "rolling": {
        "description": "Go through `steps` for one batch of machines after the other, so many or a share of them.",
        "examples": ["25%"],
        **SCALAR,
    },
    "title": {"description": "What people read for it.", **SCALAR},
    "with": {
        "description": "What is given to the task; templates name parameters of the workflow.",
        "examples": [{"service": "{{ parameters.service }}"}],
        "type": ["object", "null"],
        "additionalProperties": SCALAR,
    },
    "target": _target("The machines, in place of the workflow's."),
    "batch": {"description": "So many machines at a time, or a share of them.", "examples": ["25%"], **SCALAR},
    "max_failures": {"description": "So many machines may fail before the workflow does.", "default": 0, **SCALAR},
    "within": {"description": "How long it may take.", "examples": ["30m"], **SCALAR},
    "approvers": {
        "description": "Who may approve, as the audit trail names them; globs too. All with the right where left out.",
        "examples": [["token ada"]],
        **NAMES,
    },
    "four_eyes": {"description": "Whether who began the workflow may not approve.", "default": False, **SCALAR},
    "steps": {"description": "The steps of each batch.", "type": ["array", "null"]},
}


def workflows_schema() -> Schema:
    """Return the schema of `workflows.vgo`."""
    inner = map_of("A step of a batch", workflows.STEP_KEYS, _STEP)
    outer = map_of("A step", workflows.STEP_KEYS, {**_STEP, "steps": {**_STEP["steps"], "items": inner}})
    one = map_of(
        "A workflow",
        workflows.WORKFLOW_KEYS,
        {
            "description": {"description": "What it is for.", "examples": ["Update the web servers"], **SCALAR},
            "parameters": PARAMETERS,
            "target": _target("The machines that its steps are for."),
            "operators": OPERATORS,
            "match": machines("The machines on which it may run; all where left out."),
            "steps": {"description": "What is done, one after the other.", "type": "array", "items": outer},
        },
        required=("description", "steps"),
    )
    return named("Workflows", "workflows", one)


def queries_schema() -> Schema:
    """Return the schema of `queries.vgo`."""
    known: dict[str, Schema] = {
        "description": {"description": "What it tells.", **SCALAR},
        "expression": {
            "description": "What is asked: an expression over `traits`, as in conditions.",
            "examples": ["traits.os.version"],
            **SCALAR,
        },
        "target": _target("Whom it asks, where nobody says."),
    }
    one = map_of("A query", saved_queries.QUERY_KEYS, known, required=("description", "expression"))
    return named("Queries", "queries", one)
