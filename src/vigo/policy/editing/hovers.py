"""What an editor shows about the word under the pointer, in Markdown."""

from collections.abc import Iterator
from typing import Final

import msgspec

from vigo.catalog.scan import resource_kinds
from vigo.core.conditions import PREDICATES
from vigo.policy.editing.known import Known, settings
from vigo.policy.editing.references import Subject, configcrates_of, declared
from vigo.policy.editing.shapes import shapes_at
from vigo.policy.editing.targets import Target, places_of, resource_id, target_at
from vigo.policy.editing.texts import Span
from vigo.policy.editing.trait_names import trait_at
from vigo.policy.editing.vocabulary import FILTERS, PREDICATES_TOLD, TESTS, signature
from vigo.policy.editing.wording import code, plain, type_in_words, written
from vigo.policy.fields import fields_of
from vigo.policy.schemas.traits import about
from vigo.policy.trials import default_of
from vigo.policy.uses import uses

_MOST_USES: Final = 12
_RESOURCE: Final = ("resources", None)
_WORDS: Final[dict[Subject, str]] = {"resource id": "resource", "data": "file"}


class Hover(msgspec.Struct, frozen=True):
    """What is shown about a word, and the part of the text that it is about."""

    span: Span
    text: str


def hover(known: Known, file: str, content: str, offset: int) -> Hover | None:
    """Return what is known about the word at an offset of a file's text, or None."""
    target = target_at(file, content, offset)
    if target is None:
        return None
    paragraphs = [one for one in _paragraphs(known, file, target) if one]
    return Hover(target.span, "\n\n".join(paragraphs)) if paragraphs else None


def _paragraphs(known: Known, file: str, target: Target) -> Iterator[str]:
    if target.what == "key":
        yield from _of_key(file, target)
    elif target.what == "kind":
        kind = resource_kinds()[target.name]
        yield f"{code(target.name)}: a kind of resource"
        yield about(kind.spec)
        needed = [name for name, field in fields_of(kind).items() if field.required and name != kind.name_field]
        yield f"Required: {', '.join(map(code, needed))}" if needed else ""
    elif target.what == "name":
        yield from _of_name(known, file, target)
    elif target.what == "variable":
        yield from _of_variable(known, file, target)
    else:
        yield from _of_word(target)


def _of_word(target: Target) -> Iterator[str]:
    name = target.name
    if target.what == "trait":
        trait = trait_at(target.path)
        shown = ".".join(("traits", *target.path))
        if trait is None:
            yield f"{code(shown)}: no trait that this version knows"
            return
        yield f"{code(shown)}: {trait.type}"
        yield trait.description
        yield "" if trait.example is None else f"Example: {code(written(trait.example))}"
    elif target.what == "predicate":
        yield code(signature(name))
        yield PREDICATES_TOLD[name]
        yield f"Example: {code(PREDICATES[name].example)}"
    elif target.what == "loop":
        yield f"{code(name)}: " + ("the item that `foreach` is at" if name == "item" else "the item's name in the map")
    else:
        yield f"{code(name)}: {(FILTERS if target.what == 'filter' else TESTS)[name]}"


def _of_key(file: str, target: Target) -> Iterator[str]:
    cursor = target.cursor
    shapes = None if cursor is None else shapes_at(file, cursor)
    offered = None if shapes is None else shapes.keys().get(target.name)
    if cursor is None or offered is None:
        return
    kind = resource_kinds().get(cursor.keys(len(_RESOURCE)).get("type", "")) if cursor.path == _RESOURCE else None
    field = None if kind is None else fields_of(kind).get(target.name)
    if kind is None or field is None:
        yield code(target.name)
    else:
        yield f"{code(target.name)} of {kind.kind}: {type_in_words(field.type)}"
    yield offered.description
    yield "" if offered.example is None else f"Example: {code(written(offered.example))}"
    if kind is not None and target.name == kind.name_field:
        yield "Default: the resource's name"
        return
    default = offered.default if kind is None or field is None else default_of(kind, target.name)
    yield "" if default in (None, (), "") else f"Default: {code(written(default))}"


def _of_name(known: Known, file: str, target: Target) -> Iterator[str]:
    subject = target.subject
    if subject is None or target.cursor is None:
        return
    what = _WORDS.get(subject, subject)
    places = places_of(known, file, target)
    found = next((one for one in declared(known, subject, target.cursor, file) if one.name == target.name), None)
    extra = f", {found.about}" if found is not None and found.about else ""
    if not places:
        yield f"{code(target.name)}: no {what} of this name"
        return
    yield f"{code(target.name)}: {what}{plain(extra)}"
    if what != "file":
        yield "Declared at " + plain(", ".join(f"{one.file}:{one.line}" for one in places))
    name = resource_id(known, file, target) if what == "resource" else target.name
    yield from _used(known, what, name)


def _used(known: Known, what: str, name: str) -> Iterator[str]:
    if known.study is None:
        yield "Who uses it is known once the stacks have no errors."
        return
    found = [one for one in uses(known.study, name) if one.subject == what and one.how != "declared"]
    lines = [f"- {plain(f'{one.how} ({one.origin.file}:{one.origin.line})')}" for one in found[:_MOST_USES]]
    if len(found) > _MOST_USES:
        lines.append(f"- and {len(found) - _MOST_USES} more; `vigocli config uses {name}` prints all")
    when = "" if known.is_current else " before the errors that the stacks have"
    yield f"Used{when}:\n\n" + "\n".join(lines) if lines else f"Nothing else names it{when}."


def _of_variable(known: Known, file: str, target: Target) -> Iterator[str]:
    name = ".".join(target.path)
    crates = configcrates_of(known, file, target.cursor) or tuple(known.stacks.configcrates)
    found = list(settings(known.layers(crates), target.path))
    yield code(f"vars.{name}")
    if not found:
        yield "Nothing sets it."
        return
    lines = [
        f"- {code(written(one.value))} {plain(f'{one.by} ({one.origin.file}:{one.origin.line})')}"
        for one in found[:_MOST_USES]
    ]
    if len(found) > _MOST_USES:
        lines.append(f"- and {len(found) - _MOST_USES} more; `vigocli config uses {name}` prints all")
    yield "Set by, the strongest first:\n\n" + "\n".join(lines)
    if len(found) > 1:
        yield f"Which of these a machine has: `vigocli config trace HOST {name}`"
