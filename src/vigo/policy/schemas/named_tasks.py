"""The schema of `tasks.vgo`: commands by name, with their parameters."""

from collections.abc import Mapping
from typing import Final

from vigo.policy.documents import named_tasks
from vigo.policy.documents.runnable import PARAMETER_KEYS
from vigo.policy.schemas.parts import NAMES, SCALAR, Schema, map_of, named

_PARAMETER: Final[Mapping[str, Schema]] = {
    "type": {"description": "What it takes.", "enum": ["text", "integer", "boolean"], "default": "text"},
    "description": {"description": "What it is for.", **SCALAR},
    "default": {"description": "What it is where nobody gives it; without one it has to be given.", **SCALAR},
    "one_of": {"description": "It takes one of these, and nothing else.", "examples": [["nginx", "apache2"]], **NAMES},
}
PARAMETERS: Final[Schema] = {
    "description": "What is given to it, by name.",
    "type": ["object", "null"],
    "additionalProperties": map_of("A parameter", PARAMETER_KEYS, _PARAMETER),
}
OPERATORS: Final[Schema] = {
    "description": "Who may run it, as the audit trail names them; globs too. All with the right where left out.",
    "examples": [["admin", "token ada"]],
    **NAMES,
}


def machines(description: str) -> Schema:
    """Return the schema of patterns of hostnames."""
    return {"description": description, "examples": ["web-*"], **NAMES}


_TASK: Final[Mapping[str, Schema]] = {
    "description": {"description": "What it is for.", "examples": ["Restart the web server"], **SCALAR},
    "command": {
        "description": "For /bin/sh -c. Parameters are variables of its environment: PARAM_SERVICE holds `service`.",
        "examples": ['systemctl restart "$PARAM_SERVICE"'],
        **SCALAR,
    },
    "parameters": PARAMETERS,
    "timeout": {"description": "How long it may take on a machine.", "default": "5m", **SCALAR},
    "user": {"description": "Whom it runs as; the agent's own user, root, where left out.", **SCALAR},
    "health_check": {
        "description": "With batches: a command, or a URL, that has to do well on each before the next one begins.",
        "examples": ["http://127.0.0.1:8080/health"],
        **SCALAR,
    },
    "health_within": {"description": "How long that is tried before the task ends.", "default": "1m", **SCALAR},
    "operators": OPERATORS,
    "match": machines("The machines on which it may run; all where left out."),
}


def named_tasks_schema() -> Schema:
    """Return the schema of `tasks.vgo`."""
    one = map_of("A task", named_tasks.TASK_KEYS, _TASK, required=("description", "command"))
    return named("Tasks", "tasks", one)
