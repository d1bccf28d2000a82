"""The schemas of `.vgo` files, for editors that know no other place to take them from.

They are of this version of Vigo and of no stacks, the same on every server, so that nobody needs a permission for them.
"""

from typing import Final

from vigo.core.errors import NotFoundError
from vigo.core.nearest import did_you_mean
from vigo.policy.schemas.pages import FILES, pages, schemas
from vigo.server.features.schemas.models import SchemaList, SchemaSummary

ROUTE: Final = "/api/v1/schemas"


class SchemaService:
    """Hands out what the compiler's package holds."""

    def every(self) -> SchemaList:
        """Return the schemas that there are."""
        found = sorted(schemas().items())
        return SchemaList(
            items=tuple(
                SchemaSummary(name=name, title=schema["title"], files=FILES[name], path=f"{ROUTE}/{name}")
                for name, schema in found
            )
        )

    def text(self, name: str) -> str:
        """Return a schema as it is written in docs/schema/.

        Raises:
            NotFoundError: there is none of that name.
        """
        found = pages().get(name)
        if found is None:
            names = ", ".join(sorted(pages()))
            near = did_you_mean(name, pages())
            raise NotFoundError(f"no schema has the name {name[:60]!r}{near or f'; there are {names}'}")
        return found
