"""`queries.vgo`: questions to machines that operators ask by a name."""

from typing import Final

from vigo.core.saved_query import SavedQuery
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.runnable import named
from vigo.policy.documents.targets import Known, read_target
from vigo.policy.documents.traits import check_expression
from vigo.policy.yaml_tree import Mapping

FILE: Final = "queries.vgo"
KEYS: Final = ("queries",)
QUERY_KEYS: Final = ("description", "expression", "target")


def read_saved_queries(reading: Reading, known: Known) -> tuple[SavedQuery, ...]:
    """Return the queries in their order; what is wrong with them is recorded."""
    found = []
    for name, node in named(reading, FILE, *KEYS):
        what = f"query {name.text[:60]}"
        document = reading.mapping(node, what, QUERY_KEYS) or Mapping({}, node.origin)
        expression = reading.text(document.get("expression"), f"{what}: expression")
        description = reading.text(document.get("description"), f"{what}: description")
        for key, meaning in (("expression", "what is asked"), ("description", "what it tells")):
            if document.get(key) is None:
                reading.error(name.origin, "missing", f"{what}: expected `{key}`, {meaning}, found none")
        if expression is not None:
            check_expression(reading, expression, what, "traits.os.version")
        found.append(
            SavedQuery(
                name=name.text,
                description="" if description is None else description.text,
                expression="" if expression is None else expression.text,
                target=read_target(reading, document.get("target"), f"{what}: target", known),
            )
        )
    return tuple(found)
