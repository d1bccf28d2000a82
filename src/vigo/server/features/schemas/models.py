"""The schemas of `.vgo` files, as a list tells them."""

import msgspec


class SchemaSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One schema: of what, for which files (patterns from the root of the stacks), and its path here."""

    name: str
    title: str
    files: tuple[str, ...]
    path: str


class SchemaList(msgspec.Struct, frozen=True, kw_only=True):
    """All schemas, by name. They are as many as there are kinds of files, so the list has no pages."""

    items: tuple[SchemaSummary, ...]
