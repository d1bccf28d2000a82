"""What may be written at a place of a `.vgo` file, as an editor offers it."""

from collections.abc import Iterator
from typing import Final

import msgspec

from vigo.catalog.scan import resource_kinds
from vigo.policy.editing.code_completions import code_completions
from vigo.policy.editing.cursor import Cursor
from vigo.policy.editing.expressions import code_at, code_in, fits, is_condition
from vigo.policy.editing.known import Known
from vigo.policy.editing.offers import RANKS, Completion, Rank
from vigo.policy.editing.places import cursor_at
from vigo.policy.editing.references import Declared, configcrates_of, declared, key_named_at, named_at
from vigo.policy.editing.shapes import Offered, Shapes, shapes_at
from vigo.policy.editing.wording import code, plain, type_in_words, written
from vigo.policy.fields import Field, fields_of
from vigo.policy.options import OPTIONS
from vigo.policy.schemas.pages import schema_for
from vigo.policy.yaml_tree import MOST_BYTES

_RESOURCE: Final = ("resources", None)
_EXPECTED: Final = ("tests", None, "expect", "resources", "*")
_FIRST: Final = ("name", "type")
_NEEDS_QUOTES: Final = frozenset("*&!%@`'\"{}[]#|>,? -")


def completions(known: Known, file: str, content: str, offset: int) -> tuple[Completion, ...]:
    """Return what may come at an offset of a file's text, the likeliest first. An editor picks by what is typed."""
    if len(content) > MOST_BYTES:
        return ()
    if file.startswith("templates/"):
        found = code_in(content, 0, offset)
        return () if found is None else tuple(code_completions(known, configcrates_of(known, file, None), found, {}))
    cursor = cursor_at(content, offset) if schema_for(file) is not None else None
    if cursor is None:
        return ()
    return tuple(sorted(_completions(known, file, cursor), key=lambda one: RANKS.index(one.rank)))


def _completions(known: Known, file: str, cursor: Cursor) -> Iterator[Completion]:
    inner = code_at(file, cursor)
    if inner is not None:
        yield from code_completions(known, configcrates_of(known, file, cursor), inner, _loop(cursor))
        is_alone = not cursor.content[cursor.start : inner.span.start].strip()
        if is_alone and is_condition(file, cursor.path) and schema_for(file) == "configcrate":
            about = "Run only when another resource notifies it."
            yield Completion("changed", "word", cursor.span, "a handler", about)
        return
    shapes = shapes_at(file, cursor)
    if shapes is not None and cursor.is_key:
        yield from _keys(known, file, cursor, shapes)
    if shapes is not None and cursor.is_value:
        yield from _values(known, file, cursor, shapes)


def _loop(cursor: Cursor) -> dict[str, str]:
    """Return the `foreach` that gives `item` at a place, by its key; empty where there is none."""
    depths = (0, len(_RESOURCE)) if cursor.path[: len(_RESOURCE)] == _RESOURCE else (0,)
    return {key: text for depth in depths for key, text in cursor.keys(depth).items() if key == "foreach"}


def _keys(known: Known, file: str, cursor: Cursor, shapes: Shapes) -> Iterator[Completion]:
    there = cursor.keys(len(cursor.path))
    own = cursor.word if cursor.has_colon else None
    ending = "" if cursor.has_colon else ": "
    fields = _fields(cursor) if cursor.path == _RESOURCE else {}
    required = shapes.required()
    for key, offered in shapes.keys().items():
        if key in there and key != own:
            continue
        field = fields.get(key)
        rank: Rank = "first" if key in _FIRST and cursor.path == _RESOURCE else "other"
        if rank == "other" and (key in required or (field is not None and field.required)):
            rank = "needed"
        elif rank == "other" and key in OPTIONS and cursor.path == _RESOURCE:
            rank = "last"
        detail = ("required, " if rank == "needed" else "") + ("" if field is None else type_in_words(field.type))
        yield Completion(key, "key", cursor.span, detail.removesuffix(", "), _told(offered), f"{key}{ending}", rank)
    subject = key_named_at(file, cursor)
    if subject in ("framework", "resource id"):
        named = declared(known, subject, cursor, file)
        yield from (_named(one, cursor, ending) for one in named if one.name not in there)
    if fits(cursor.path, _EXPECTED):
        yield from _expected_fields(known, cursor, there, ending)
    if shapes.is_list and not cursor.is_in_brackets and not cursor.word:
        yield from _items(cursor, shapes)


def _items(cursor: Cursor, shapes: Shapes) -> Iterator[Completion]:
    """Yield the beginning of a list's item, where a list may begin on a line of its own."""
    required = shapes.first_of_items()
    label = "- " if required is None else f"- {required}: "
    yield Completion(label.strip(), "key", cursor.span, "item of the list", "", label, "needed")


def _expected_fields(known: Known, cursor: Cursor, there: dict[str, str], ending: str) -> Iterator[Completion]:
    """Yield the fields of the resource that a test expects."""
    kinds = (resource_kinds().get(one.kind) for one in known.resources() if one.id == cursor.path[-1])
    kind = next(kinds, None)
    for name, field in fields_of(kind).items() if kind is not None else ():
        if name not in there and field.content_field is None:
            yield Completion(name, "key", cursor.span, type_in_words(field.type), field.description, f"{name}{ending}")


def _fields(cursor: Cursor) -> dict[str, Field]:
    """Return the fields of the kind that a resource has; the one that its name gives is not required."""
    kind = resource_kinds().get(cursor.keys(len(_RESOURCE)).get("type", ""))
    if kind is None:
        return {}
    fields = fields_of(kind).items()
    return {
        name: msgspec.structs.replace(one, required=one.required and name != kind.name_field) for name, one in fields
    }


def _values(known: Known, file: str, cursor: Cursor, shapes: Shapes) -> Iterator[Completion]:
    for offered in shapes.words():
        yield Completion(offered.name, "word", cursor.span, "", offered.description, offered.name)
    if cursor.path == ("configcrate",):
        stem = file.rpartition("/")[2].removesuffix(".vgo")
        yield Completion(stem, "word", cursor.span, "the name of this file", "", stem)
        return
    subject = named_at(file, cursor)
    # A resource's own name is no other's.
    if subject is not None and cursor.path != (*_RESOURCE, "name"):
        own = known.configcrate_in(file) if subject == "configcrate" else None
        yield from (_named(one, cursor, "") for one in declared(known, subject, cursor, file) if one.name != own)


def _named(one: Declared, cursor: Cursor, ending: str) -> Completion:
    name = one.name
    if not cursor.quote and _must_be_quoted(name, is_in_brackets=cursor.is_in_brackets):
        name = "'" + name.replace("'", "''") + "'"
    place = plain(f"Declared at {one.origin.file}:{one.origin.line}")
    return Completion(one.name, "name", cursor.span, one.about, place, f"{name}{ending}")


def _must_be_quoted(name: str, *, is_in_brackets: bool) -> bool:
    """Return whether YAML would take a name for something else."""
    if name[:1] in _NEEDS_QUOTES or ": " in name or " #" in name or name.endswith(":"):
        return True
    return is_in_brackets and not set(name).isdisjoint(",[]{}")


def _told(offered: Offered) -> str:
    """Return what a key is for, with an example and the default, in Markdown."""
    lines = [offered.description] if offered.description else []
    if offered.example is not None:
        lines.append(f"Example: {code(written(offered.example))}")
    if offered.default is not None:
        lines.append(f"Default: {code(written(offered.default))}")
    return "\n\n".join(lines)
