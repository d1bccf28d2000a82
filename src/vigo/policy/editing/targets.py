"""The thing that a word stands for: what hovering explains, and whose declaration can be gone to."""

from typing import Literal

import msgspec

from vigo.catalog.scan import resource_kinds
from vigo.core.conditions import PREDICATES
from vigo.core.plan import Origin
from vigo.core.templates import is_template
from vigo.policy.editing.cursor import Cursor, Path
from vigo.policy.editing.expressions import Code, code_at, code_in
from vigo.policy.editing.known import Known, settings
from vigo.policy.editing.places import cursor_at
from vigo.policy.editing.references import (
    Subject,
    configcrates_of,
    declared,
    key_named_at,
    named_at,
    variable_at,
)
from vigo.policy.editing.texts import Span
from vigo.policy.editing.vocabulary import FILTERS, TESTS
from vigo.policy.schemas.pages import schema_for
from vigo.policy.yaml_tree import MOST_BYTES

What = Literal["key", "kind", "name", "variable", "trait", "predicate", "filter", "test", "loop"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A word that stands for something.

    `subject` is there for what stacks declare by name. `path` leads to a variable or trait below `vars` or `traits`.
    `cursor` is None in a file below `templates/`; of a key its path leads to the map that has it.
    """

    what: What
    name: str
    span: Span
    subject: Subject | None = None
    path: tuple[str, ...] = ()
    cursor: Cursor | None = None


def target_at(file: str, content: str, offset: int) -> Target | None:
    """Return what the word at an offset stands for, or None where it stands for nothing that can be explained."""
    if len(content) > MOST_BYTES:
        return None
    if file.startswith("templates/"):
        code = code_in(content, 0, offset)
        return None if code is None else _in_code(content, code, None)
    cursor = cursor_at(content, offset) if schema_for(file) is not None else None
    return None if cursor is None else _in_document(file, cursor)


def _in_document(file: str, cursor: Cursor) -> Target | None:
    code = code_at(file, cursor)
    if code is not None:
        return _in_code(cursor.content, code, cursor)
    if cursor.is_key and cursor.has_colon:
        return _of_key(file, cursor)
    if not cursor.is_value or not cursor.word.strip():
        return None
    return _of_value(file, cursor)


def places_of(known: Known, file: str, target: Target) -> tuple[Origin, ...]:
    """Return where what a target stands for is declared; several places for a variable, the strongest first."""
    if target.what == "variable":
        crates = configcrates_of(known, file, target.cursor)
        return tuple(one.origin for one in settings(known.layers(crates), target.path))
    if target.subject is None or target.cursor is None:
        return ()
    if target.subject in ("file", "data"):
        return (Origin(target.name, 1),) if target.name in known.files else ()
    if target.subject in ("resource", "resource id"):
        wanted = resource_id(known, file, target)
        return tuple(one.origin for one in known.resources() if one.id == wanted)
    return tuple(one.origin for one in declared(known, target.subject, target.cursor, file) if one.name == target.name)


def resource_id(known: Known, file: str, target: Target) -> str:
    """Return the whole name of the resource that a target names, which may be one of the same configcrate."""
    own = known.configcrate_in(file)
    is_own = target.subject == "resource" and any(
        one.configcrate == own and one.name == target.name for one in known.resources()
    )
    return f"{own}/{target.name}" if is_own else target.name


def _in_code(content: str, code: Code, cursor: Cursor | None) -> Target | None:
    name = content[code.span.start : code.span.end]
    what: What | None = None
    if code.expects == "filter" and name in FILTERS:
        what = "filter"
    elif code.expects == "test" and name in TESTS:
        what = "test"
    elif code.expects == "name" and code.owner and name:
        root, path = code.owner[0], (*code.owner[1:], name)
        what = "variable" if root == "vars" else "trait" if root == "traits" else None
        return None if what is None else Target(what=what, name=name, span=code.span, path=path, cursor=cursor)
    elif code.expects == "name" and name in PREDICATES:
        what = "predicate"
    elif code.expects == "name" and name in ("item", "key"):
        what = "loop"
    return None if what is None else Target(what=what, name=name, span=code.span, cursor=cursor)


def _of_key(file: str, cursor: Cursor) -> Target:
    key = cursor.word
    path: Path = (*cursor.path, key)
    variable = variable_at(file, path)
    if variable is not None:
        return Target(what="variable", name=key, span=cursor.span, path=variable, cursor=cursor)
    subject = key_named_at(file, cursor)
    return Target(what="key" if subject is None else "name", name=key, span=cursor.span, subject=subject, cursor=cursor)


def _of_value(file: str, cursor: Cursor) -> Target | None:
    name = cursor.word.strip()
    is_kind = schema_for(file) == "configcrate" and cursor.path == ("resources", None, "type")
    if is_kind and name in resource_kinds():
        return Target(what="kind", name=name, span=cursor.span, cursor=cursor)
    subject = named_at(file, cursor)
    if subject is None or is_template(name):
        return None
    return Target(what="name", name=name, span=cursor.span, subject=subject, cursor=cursor)
