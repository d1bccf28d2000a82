"""What an editor is offered to complete a place with."""

from typing import Final, Literal

import msgspec

from vigo.policy.editing.texts import Span

Sort = Literal["key", "word", "name", "variable", "trait", "predicate", "filter", "operator"]
"""What a completion is; an editor shows each sort with its own picture."""

Rank = Literal["first", "needed", "other", "last"]
RANKS: Final[tuple[Rank, ...]] = ("first", "needed", "other", "last")
"""How completions are ordered: what nothing works without comes first."""


class Completion(msgspec.Struct, frozen=True):
    """Something that may be written in place of a span: how it is called, and what to insert.

    `detail` is a few words, `documentation` is Markdown.
    """

    label: str
    sort: Sort
    span: Span
    detail: str = ""
    documentation: str = ""
    insert: str = ""
    rank: Rank = "other"

    @property
    def text(self) -> str:
        """What is inserted."""
        return self.insert or self.label
