"""Every schema by its name: what the server serves, what docs/schema/ holds, and what the language server goes by."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Final

from vigo.catalog.scan import resource_kinds
from vigo.policy.documents.compliance import FILE as COMPLIANCE_FILE
from vigo.policy.documents.environments import FILE as ENVIRONMENTS_FILE
from vigo.policy.documents.hostcrates import COMMON_FILE
from vigo.policy.documents.named_tasks import FILE as TASKS_FILE
from vigo.policy.documents.saved_queries import FILE as QUERIES_FILE
from vigo.policy.documents.scriers import FILE as SCRIER_FILE
from vigo.policy.documents.tests import is_test_file
from vigo.policy.documents.workflows import FILE as WORKFLOWS_FILE
from vigo.policy.schemas.assigning import common_schema, environments_schema, hostcrates_schema, roles_schema
from vigo.policy.schemas.compliance import compliance_schema
from vigo.policy.schemas.configcrate import configcrate_schema
from vigo.policy.schemas.named_tasks import named_tasks_schema
from vigo.policy.schemas.parts import Schema
from vigo.policy.schemas.scriers import scrier_schema
from vigo.policy.schemas.tests import tests_schema
from vigo.policy.schemas.workflows import queries_schema, workflows_schema

FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "configcrate": ("configcrates/**/*.vgo",),
    "roles": ("roles.vgo", "roles/**/*.vgo"),
    "environments": ("environments.vgo",),
    "hostcrates": ("**/envoys.vgo",),
    "common": ("**/common.vgo",),
    "compliance": ("compliance.vgo",),
    "scrier": ("scrier.vgo",),
    "tasks": ("tasks.vgo",),
    "workflows": ("workflows.vgo",),
    "queries": ("queries.vgo",),
    "tests": ("tests/**/*.vgo",),
}
"""The files that each schema is for, as patterns of paths from the root of the stacks.

Any other `.vgo` file that holds entries is a hostcrate too.
"""

_IN_THE_ROOT: Final = {
    "roles.vgo": "roles",
    ENVIRONMENTS_FILE: "environments",
    COMPLIANCE_FILE: "compliance",
    SCRIER_FILE: "scrier",
    TASKS_FILE: "tasks",
    WORKFLOWS_FILE: "workflows",
    QUERIES_FILE: "queries",
}
_BELOW: Final = {"configcrates/": "configcrate", "roles/": "roles", "templates/": None, "files/": None}


def schema_for(file: str) -> str | None:
    """Return the name of the schema of a file, by its path in the stacks; None for what is no document of theirs."""
    if not file.endswith(".vgo"):
        return None
    if is_test_file(file):
        return "tests"
    for folder, name in _BELOW.items():
        if file.startswith(folder):
            return name
    if file in _IN_THE_ROOT:
        return _IN_THE_ROOT[file]
    return "common" if file.rpartition("/")[2] == COMMON_FILE else "hostcrates"


@cache
def schemas() -> Mapping[str, Schema]:
    """Return each schema by its name. Nobody may change one: it is built once."""
    found = {
        "configcrate": configcrate_schema(resource_kinds()),
        "roles": roles_schema(),
        "environments": environments_schema(),
        "hostcrates": hostcrates_schema(),
        "common": common_schema(),
        "compliance": compliance_schema(),
        "scrier": scrier_schema(),
        "tasks": named_tasks_schema(),
        "workflows": workflows_schema(),
        "queries": queries_schema(),
        "tests": tests_schema(),
    }
    return {name: {"$schema": "http://json-schema.org/draft-07/schema#", **schema} for name, schema in found.items()}


@cache
def pages() -> Mapping[str, str]:
    """Return the text of each schema by its name."""
    return {name: json.dumps(schema, indent=1) + "\n" for name, schema in schemas().items()}
