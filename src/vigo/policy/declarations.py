"""A resource as declared in a configcrate: read and checked once, whichever entries use it."""

import re
from collections.abc import Iterable
from collections.abc import Mapping as Map
from functools import partial
from typing import Any, Final

import msgspec

from vigo.catalog.api import Resource, Spec
from vigo.catalog.protected import require_harmless
from vigo.core.errors import InvalidError
from vigo.core.plan import Origin
from vigo.core.secret_marker import is_reference
from vigo.core.templates import is_template
from vigo.policy.compilation import Compilation
from vigo.policy.documents.configcrates import Configcrate
from vigo.policy.fields import Field, fields_of, typed_value
from vigo.policy.loops import check_loop, templates_in
from vigo.policy.options import FROM_DEFAULTS, OPTIONS, Options, check_name, read_options
from vigo.policy.stack_files import Constant, content_of
from vigo.policy.template_places import TemplateText, texts_in
from vigo.policy.templating import Parsed, union, variables_used
from vigo.policy.yaml_tree import Entry, Mapping, Node, Scalar

_FIELD_IN_MESSAGE: Final = re.compile(r"(\w+)\b")


class Templated(msgspec.Struct, frozen=True, gc=False):
    """A field with templates or references to secrets; `source` is its value as in a plan's `templates`."""

    field: Field
    place: Origin
    source: Any
    texts: tuple[TemplateText, ...]
    needs_machine: bool


class Declaration(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """A resource as declared.

    `constants` are the fields without templates, in their types; `spec` is there where nothing is left to render and
    everything is right. `is_whole` is false where an error was found already: then only the name counts, for others.
    `uses` are the variables that decide on what is stamped from it, and `uses_on_machine` those that its templates and
    conditions need there; None stands for every variable.
    """

    name: Scalar
    origin: Origin
    type: str
    kind: Resource[Any, Any] | None
    constants: Map[str, Any]
    places: Map[str, Origin]
    templated: tuple[Templated, ...]
    options: Options
    foreach: Node | None
    spec: Spec | None
    is_whole: bool
    uses: frozenset[str] | None
    uses_on_machine: frozenset[str] | None


class Crate(msgspec.Struct, frozen=True, eq=False):
    """A configcrate whose resources are checked as far as they can be without an entry.

    `uses` are the variables that decide on what is stamped from it; None stands for every variable.
    """

    source: Configcrate
    declarations: tuple[Declaration, ...]
    is_whole: bool
    uses: frozenset[str] | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.source.name.text


def declared(compilation: Compilation, source: Configcrate) -> Crate:
    """Return a configcrate with its resources read; what is wrong with them is recorded."""
    return compilation.reading.kept_for(("declared", source), partial(_declare, compilation, source))


def _declare(compilation: Compilation, source: Configcrate) -> Crate:
    used: set[str] = set(FROM_DEFAULTS)
    found = [_declaration(compilation, resource, source, used) for resource in source.resources]
    declarations = tuple(one for one in found if one is not None)
    if source.defaults is not None and all(one.kind is not None for one in declarations):
        every = {field for kind in compilation.kinds.values() for field in fields_of(kind)} | set(FROM_DEFAULTS)
        for entry in source.defaults.entries.values():
            name = entry.key
            if name.text in OPTIONS and name.text not in FROM_DEFAULTS:
                message = f"defaults: expected fields, or {', '.join(FROM_DEFAULTS)}, found {name.text!r}"
                compilation.error(name.origin, "unknown-key", message)
            elif name.text not in every:
                compilation.reading.unknown(name, "defaults: no kind has a field", every)
            elif name.text not in used:
                message = f"defaults: no resource of this configcrate has a field {name.text!r} that would use it"
                compilation.findings.warning(name.origin, "unused-default", message)
    has_loop = check_loop(compilation, source.foreach)
    _check_names(compilation, declarations)
    is_whole = source.is_whole and has_loop and len(declarations) == len(found)
    loop = variables_used([compilation.book.template(one.text) for one in templates_in(source.foreach)])
    return Crate(source, declarations, is_whole, union([loop, *(one.uses for one in declarations)]))


def _check_names(compilation: Compilation, declarations: Iterable[Declaration]) -> None:
    """Refuse two resources that are written with one name, whether or not an entry uses the configcrate."""
    seen: dict[str, Declaration] = {}
    for declaration in declarations:
        former = seen.setdefault(declaration.name.text, declaration)
        if former is not declaration:
            message = (
                f"name: expected each name once, found {declaration.name.text!r} again;"
                f" it stands at {former.origin} too"
            )
            compilation.error(declaration.name.origin, "duplicate-name", message, "give one of the two another name")


def _declaration(
    compilation: Compilation, resource: Mapping, source: Configcrate, used: set[str]
) -> Declaration | None:
    name = _required(compilation, resource, "name")
    type_ = _required(compilation, resource, "type")
    if name is None:
        return None
    kind = None if type_ is None else compilation.kinds.get(type_.text)
    if type_ is not None and kind is None:
        compilation.reading.unknown(type_, "no kind of resource has the name", compilation.kinds, "unknown-kind")
    foreach = resource.get("foreach")
    draft = _Draft(compilation, resource, source.defaults, has_items=bool(foreach or source.foreach))
    draft.is_whole = check_loop(compilation, foreach)
    if foreach is not None and source.foreach is not None:
        message = "foreach: expected it on the configcrate or on the resource, found both"
        compilation.error(foreach.origin, "foreach", message, "loop inside a template instead")
        draft.is_whole = False
    is_named = check_name(compilation, name, "name", has_items=draft.has_items)
    options = read_options(compilation, resource, source.defaults, has_items=draft.has_items)
    if source.noop is not None:
        options = msgspec.structs.replace(options, noop=True)
    spec = None
    if kind is not None:
        draft.read_fields(kind, used)
        spec = draft.final_spec(kind, name, is_named=is_named)
        written = resource.get("on_remove")
        if written is not None and options.on_remove == "revert" and spec is not None:
            problem = kind.cannot_undo(spec)
            if problem:
                compilation.findings.warning(written.origin, "on-remove", f"on_remove: {problem}")
    return Declaration(
        name=name,
        origin=resource.origin,
        type="" if type_ is None else type_.text,
        kind=kind,
        constants=draft.constants,
        places=draft.places,
        templated=tuple(draft.templated),
        options=options,
        foreach=foreach,
        spec=spec,
        is_whole=kind is not None and draft.is_whole and is_named,
        uses=_used(compilation, [name.text, *(one.text for one in templates_in(foreach))], options, draft.templated),
        uses_on_machine=_used_on_machine(compilation, options, draft.templated),
    )


def _used(
    compilation: Compilation, written: Iterable[str], options: Options, templated: Iterable[Templated]
) -> frozenset[str] | None:
    texts = [*written, *(name.text for _, name in options.references)]
    for one in templated:
        if one.field.content_field is not None:
            return None  # the file that a rendered path names may use any
        texts += [text.text for text in one.texts]
    parsed = [compilation.book.template(text) for text in texts if is_template(text)]
    return variables_used([*parsed, *_conditions(options)])


def _used_on_machine(
    compilation: Compilation, options: Options, templated: Iterable[Templated]
) -> frozenset[str] | None:
    texts = [text.text for one in templated if one.needs_machine for text in one.texts]
    if any(one.field.content_field is not None for one in templated):
        return None
    return variables_used([*(compilation.book.template(text) for text in texts), *_conditions(options)])


def _conditions(options: Options) -> list[Parsed]:
    return [] if options.when is None else [options.when.parsed]


def checked_spec(
    compilation: Compilation,
    kind: Resource[Any, Any],
    values: Map[str, Any],
    places: Map[str, Origin],
    origin: Origin,
    entry: Origin | None = None,
) -> Spec | None:
    """Return the final values as the kind's schema, or None with an error at the field that does not fit."""
    try:
        spec: Spec = msgspec.convert(values, kind.spec, strict=False)
        kind.validate(spec)
        require_harmless(kind, spec)
    except (msgspec.ValidationError, InvalidError) as error:
        message = str(error)
        match = _FIELD_IN_MESSAGE.match(message)
        place = places.get(match[1], origin) if match else origin
        if place == origin and (found := re.search(r"`\$\.(\w+)", message)):
            place = places.get(found[1], origin)
        # A field that is called like its kind has said the word already.
        prefix = "" if message.startswith(f"{kind.kind}: ") else f"{kind.kind}: "
        compilation.findings.error(place, "value", prefix + message, entry=entry)
        return None
    return spec


def _required(compilation: Compilation, resource: Mapping, key: str) -> Scalar | None:
    node = resource.get(key)
    if node is None:
        message = f"resource: expected a {key}, found none; add `{key}:`"
        hint = f"one of: {', '.join(sorted(compilation.kinds))}" if key == "type" else None
        compilation.error(resource.origin, "missing", message, hint)
    return compilation.reading.text(node, key)


class _Draft:
    """The fields of a declaration while they are read."""

    def __init__(
        self, compilation: Compilation, resource: Mapping, defaults: Mapping | None, *, has_items: bool
    ) -> None:
        self.has_items = has_items
        self.constants: dict[str, Any] = {}
        self.places: dict[str, Origin] = {}
        self.templated: list[Templated] = []
        self.is_whole = True
        self._compilation = compilation
        self._resource = resource
        self._defaults = defaults
        self._fields: Map[str, Field] = {}
        self._explained = ""

    def read_fields(self, kind: Resource[Any, Any], used: set[str]) -> None:
        """Read every field that the resource or the defaults give."""
        self._fields = fields_of(kind)
        for entry in self._resource.entries.values():
            name = entry.key.text
            if name in self._fields:
                self._read_field(entry, self._fields[name])
            elif name not in OPTIONS:
                self.is_whole = False
                self._compilation.reading.unknown(
                    entry.key, f"{kind.kind}: no field has the name", OPTIONS, most_likely=self._fields
                )
        own = {self._receives(name) for name in self._resource.entries}
        for entry in self._defaults.entries.values() if self._defaults is not None else ():
            name = entry.key.text
            if name in self._fields and name not in OPTIONS:
                used.add(name)
                if self._receives(name) not in own:
                    self._read_field(entry, self._fields[name])
        for field in self._fields.values():
            if field.required and field.name not in self.places and field.name != kind.name_field:
                message = f"{kind.kind}: expected the field {field.name}, found none"
                self._refuse_at(self._resource.origin, message, field.explanation)

    def _receives(self, name: str) -> str:
        """Return the field that a key gives a value to: a file of the stacks is another way to write its content."""
        field = self._fields.get(name)
        return name if field is None or field.content_field is None else field.content_field

    def final_spec(self, kind: Resource[Any, Any], name: Scalar, *, is_named: bool) -> Spec | None:
        """Return the declaration where no template is left to render for an entry, else None; check what is final."""
        if not self.is_whole or not is_named or self.templated:
            return None
        if kind.name_field is not None and kind.name_field not in self.constants:
            if is_template(name.text):
                return None
            self.constants[kind.name_field] = name.text
        spec = checked_spec(self._compilation, kind, self.constants, self.places, self._resource.origin)
        self.is_whole = spec is not None
        return spec

    def _read_field(self, entry: Entry, field: Field) -> None:
        self.places[field.name] = entry.value.origin
        self._explained = field.explanation
        written = list(texts_in(entry.value))
        texts = [text for text in written if is_template(text.text)]
        refers = any(is_reference(text.text) for text in written)
        value = typed_value(entry.value, field, self._refuse)
        if texts or refers:
            self._add_templated(field, entry.value.origin, value, tuple(texts), is_secret=refers)
        elif field.content_field is not None and isinstance(value, str):
            self._add_content(value, entry.value.origin, field)
        else:
            self.constants[field.name] = value

    def _add_content(self, path: str, place: Origin, field: Field) -> None:
        if field.content_field in self._resource.entries:
            message = f"{field.name}: expected it or {field.content_field}, found both"
            self._refuse_at(place, message, "keep one of the two")
            return
        content = content_of(self._compilation, path, place, field, self._fields)
        if content is None:
            self.is_whole = False
        elif isinstance(content, Constant):
            self.places[content.field] = place
            self.constants[content.field] = content.value
        else:
            target = self._fields[field.content_field or field.name]
            self.places[target.name] = place
            self._add_templated(target, place, content.text, (content,))

    def _add_templated(
        self, field: Field, place: Origin, source: Any, texts: tuple[TemplateText, ...], *, is_secret: bool = False
    ) -> None:
        parsed = [self._compilation.book.template(text.text) for text in texts]
        for text, one in zip(texts, parsed, strict=True):
            if not self._compilation.check_template(text, one, has_items=self.has_items):
                self.is_whole = False
        needs_machine = is_secret or any(one.needs_machine for one in parsed)
        if needs_machine and not is_secret and field.content_field is not None:
            message = f"{field.name}: expected a path that is known without a machine, found traits or predicates in it"
            self._refuse_at(place, message, "use variables, or two resources with `when`")
        self.templated.append(Templated(field, place, source, texts, needs_machine))

    def _refuse(self, place: Origin, message: str) -> None:
        self._refuse_at(place, message, self._explained)

    def _refuse_at(self, place: Origin, message: str, hint: str) -> None:
        self.is_whole = False
        self._compilation.error(place, "value", message, hint)
