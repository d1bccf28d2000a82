"""Queries that the stacks declare: a question with a name."""

import msgspec

from vigo.core.target import Target


class SavedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A query as declared. Without a target it has to be said whom to ask."""

    name: str
    description: str
    expression: str
    target: Target | None = None
