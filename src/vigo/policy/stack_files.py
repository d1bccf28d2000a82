"""The files that resources name by `source`: those in `files/` are data, those in `templates/` are templates."""

import base64
from collections.abc import Mapping
from typing import Final

import msgspec

from vigo.core.plan import Origin
from vigo.core.templates import is_template
from vigo.policy.compilation import Compilation
from vigo.policy.fields import Field
from vigo.policy.template_places import TemplateText
from vigo.policy.yaml_layout import CHOOSE_A_SIDE, CONFLICT_FOUND, conflict_line

_FILES: Final = "files/"
_TEMPLATES: Final = "templates/"


class Constant(msgspec.Struct, frozen=True):
    """Content that nothing renders, and the field that it goes into."""

    field: str
    value: str


def content_of(
    compilation: Compilation, path: str, place: Origin, field: Field, fields: Mapping[str, Field]
) -> Constant | TemplateText | None:
    """Return the content of a file in the stacks, or None with an error. `field` is the one that names it."""
    files = compilation.reading.files
    target = field.content_field or field.name
    key = (path, target, f"{target}_base64" in fields)
    known: Constant | TemplateText | None = compilation.contents.get(key)
    if known is not None:
        files.get(path)  # so that whoever watches learns of it
        return known
    with compilation.findings.taped() as remarks:
        found = _content_of(compilation, path, place, field, fields)
    if found is not None and not remarks:
        compilation.contents[key] = found
    return found


def _content_of(
    compilation: Compilation, path: str, place: Origin, field: Field, fields: Mapping[str, Field]
) -> Constant | TemplateText | None:
    files = compilation.reading.files
    target = field.content_field or field.name
    if not path.startswith((_FILES, _TEMPLATES)):
        message = f"{field.name}: expected a path that begins with {_FILES} or {_TEMPLATES}, found {path[:80]!r}"
        compilation.error(place, "source", message, "the path counts from the root of the stacks")
        return None
    if path not in files:
        near = compilation.findings.nearest(path, [name for name in files if name.startswith((_FILES, _TEMPLATES))])
        message = f"{field.name}: the stacks have no file {path[:200]!r}"
        compilation.error(place, "source", message + (f"; did you mean {near!r}?" if near else ""))
        return None
    try:
        text = files[path].decode("utf-8")
    except UnicodeDecodeError as error:
        return _binary(compilation, path, place, f"{target}_base64", fields, error)
    conflict = conflict_line(text)
    if conflict is not None:
        message = f"expected the content that a machine shall get, {CONFLICT_FOUND}"
        compilation.findings.warning(Origin(path, conflict, 1), "merge-conflict", message, hint=CHOOSE_A_SIDE)
    if path.startswith(_TEMPLATES) and is_template(text):
        return TemplateText(text, Origin(path, 1, 1))
    return Constant(target, text)


def _binary(
    compilation: Compilation,
    path: str,
    place: Origin,
    target: str,
    fields: Mapping[str, Field],
    error: UnicodeDecodeError,
) -> Constant | None:
    content = compilation.reading.files[path]
    if path.startswith(_FILES) and target in fields:
        return Constant(target, base64.b64encode(content).decode("ascii"))
    found = f"the byte 0x{content[error.start]:02x} at offset {error.start}"
    message = f"source: expected {path} to be UTF-8 text, found {found}"
    hint = f"put it below {_FILES}" if target in fields else "this kind takes text only"
    compilation.error(place, "not-utf-8", message, hint)
    return None
