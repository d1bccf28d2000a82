"""What the editing package says, in the words of the Language Server Protocol."""

from collections.abc import Sequence
from typing import Final

from lsprotocol import types

from vigo.cli.lsp.looking import Finding
from vigo.policy.editing.hovers import Hover
from vigo.policy.editing.offers import RANKS, Completion, Sort
from vigo.policy.editing.texts import Position, Span, Text, Units

SOURCE: Final = "vigo"
MOST_ITEMS: Final = 500

_SORTS: Final[dict[Sort, types.CompletionItemKind]] = {
    "key": types.CompletionItemKind.Property,
    "word": types.CompletionItemKind.EnumMember,
    "name": types.CompletionItemKind.Reference,
    "variable": types.CompletionItemKind.Variable,
    "trait": types.CompletionItemKind.Field,
    "predicate": types.CompletionItemKind.Function,
    "filter": types.CompletionItemKind.Method,
    "operator": types.CompletionItemKind.Keyword,
}


def diagnostic(finding: Finding) -> types.Diagnostic:
    """Return a finding as an editor shows it."""
    is_error = finding.severity == "error"
    return types.Diagnostic(
        range=types.Range(position(finding.start), position(finding.end)),
        message=finding.message,
        severity=types.DiagnosticSeverity.Error if is_error else types.DiagnosticSeverity.Warning,
        code=finding.code,
        source=SOURCE,
    )


def completion_list(
    found: Sequence[Completion], text: Text, offset: int, units: Units, markup: types.MarkupKind
) -> types.CompletionList:
    """Return completions in their order. Each replaces what is written, which must be in one line around the place.

    Of very many it is only the first that have what was typed; the editor asks again when more was.
    """
    line = text.line_at(offset)
    items: list[types.CompletionItem] = []
    is_cut = len(found) > MOST_ITEMS
    for index, one in enumerate(found):
        typed = text.content[max(one.span.start, line.start) : offset].casefold()
        if is_cut and (len(items) == MOST_ITEMS or typed not in one.label.casefold()):
            continue
        start = min(max(one.span.start, line.start), offset)
        end = max(min(one.span.end, line.end), offset)
        where = range_of(text, Span(start, end), units)
        items.append(
            types.CompletionItem(
                label=one.label,
                kind=_SORTS[one.sort],
                detail=one.detail or None,
                documentation=types.MarkupContent(markup, one.documentation) if one.documentation else None,
                sort_text=f"{RANKS.index(one.rank)}{index:05}",
                filter_text=one.label,
                text_edit=types.TextEdit(where, one.text),
            )
        )
    return types.CompletionList(is_incomplete=is_cut, items=items)


def hover(found: Hover, text: Text, units: Units, markup: types.MarkupKind) -> types.Hover:
    """Return what is shown about a word."""
    return types.Hover(types.MarkupContent(markup, found.text), range_of(text, found.span, units))


def range_of(text: Text, span: Span, units: Units) -> types.Range:
    """Return a part of a text as an editor names it."""
    return types.Range(position(text.position(span.start, units)), position(text.position(span.end, units)))


def position(place: Position) -> types.Position:
    """Return a place as the protocol has it."""
    return types.Position(place.line, place.character)
