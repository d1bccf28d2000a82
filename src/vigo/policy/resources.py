"""Stamping: from a configcrate's declarations and an entry's variables to resources with names and final values."""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from collections.abc import Mapping as Map
from functools import cached_property, partial
from typing import Any, Final

import msgspec

from vigo.catalog.api import Resource, Spec
from vigo.core.errors import InvalidError
from vigo.core.ids import ResourceId
from vigo.core.plan import Condition, Origin
from vigo.core.templates import TemplateError, is_template
from vigo.core.typed_templates import rendered
from vigo.policy.compilation import Compilation
from vigo.policy.declarations import Crate, Declaration, Templated, checked_spec
from vigo.policy.fields import bound_problem, fields_of
from vigo.policy.loops import is_known_without_a_machine, items_of, templates_in, turns_of
from vigo.policy.options import Relation, When
from vigo.policy.secret_places import (
    MadeOfSecrets,
    check_made_of_secrets,
    refuse_secrets,
    secrets_by_field,
    takes_secrets,
)
from vigo.policy.stack_files import Constant, content_of
from vigo.policy.template_places import TemplateText
from vigo.policy.templating import Parsed
from vigo.policy.yaml_tree import Node, Scalar

MOST_RESOURCES: Final = 20_000
"""What one entry may amount to, loops included; an agent would not get through more."""

_NAME: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\s]([^\x00-\x1f\x7f-\x9f]{0,198}[^\x00-\x1f\x7f-\x9f\s])?")


class Shape:
    """Stands for what the order and the conflicts of resources depend on: the same object for all of one shape."""


class Reference(msgspec.Struct, frozen=True, gc=False):
    """A name that a resource refers to, and where."""

    relation: Relation
    name: str
    origin: Origin


class Stamped(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """A resource of one entry. `spec` is None where the machine has to render something, or where an error was found.

    `is_handler` says that it runs only when it is notified; `is_whole` is false where an error was found.
    """

    id: ResourceId
    name: str
    crate: str
    declaration: Declaration
    fields: dict[str, Any]
    templates: dict[str, Any]
    locals: dict[str, Any]
    conditions: tuple[Condition, ...]
    references: tuple[Reference, ...]
    spec: Spec | None
    settles: bool
    is_handler: bool
    is_whole: bool
    secrets: tuple[str, ...]
    """The names of the secrets that it is made of."""
    things: tuple[str, ...]
    """What it owns, as far as that is known without a machine."""
    text_bytes: int
    """How much text is in its fields and templates, roughly: in characters."""
    shape: Shape
    """Stands for all that the checks over an entry's resources look at."""

    @property
    def origin(self) -> Origin:
        """Where it is declared."""
        return self.declaration.origin


class Stamper:
    """Stamps the resources of one configcrate for one entry."""

    def __init__(
        self,
        compilation: Compilation,
        crate: Crate,
        variables: Callable[[], Map[str, Any]],
        entry: Origin,
        case: When | None,
        *,
        key: Callable[[frozenset[str]], Hashable],
    ) -> None:
        self._compilation = compilation
        self._crate = crate
        self._given = variables
        self._entry = entry
        self._case = case
        self._key = key
        """Equal for entries in which these variables have equal values."""
        self._condition = None if case is None else case.condition
        self._same = compilation.cache.same(("same", crate, self._condition), dict[Declaration, Stamped])
        """What is the same for every entry, and of which nothing has to be told."""
        self.knows_all_names = crate.is_whole
        """Whether every resource got a name; where not, what refers to one of them may be right."""

    @cached_property
    def variables(self) -> Map[str, Any]:
        """The variables that the configcrate sees; merged only where something is not stamped already."""
        return self._given()

    def resources(self) -> Iterator[Stamped]:
        """Yield the resources in their order; what is wrong with them for this entry is recorded."""
        if self._case is not None:
            self._check_condition(self._case, {"vars": self.variables})
        for local in self._turns(self._crate.source.foreach):
            for declaration in self._crate.declarations:
                if (same := self._same.get(declaration)) is not None:
                    yield same
                    continue
                for stamped in self._kept(declaration, local):
                    if stamped is None:
                        self.knows_all_names = False
                    else:
                        yield stamped

    def _kept(self, declaration: Declaration, local: dict[str, Any]) -> Sequence[Stamped | None]:
        """Return what is stamped from a declaration, the same for each entry that gives its variables the same values.

        None stands for a resource, or several, whose name is not known because of an error.
        """
        make = partial(self._made, declaration, local)
        if declaration.uses is None or self._crate.source.foreach is not None:
            return make()  # what comes of each item of a loop is kept with the whole configcrate
        key = (declaration, self._key(declaration.uses), self._condition)
        if (found := self._compilation.kept_in_silence(key)) is not None:
            several: Sequence[Stamped | None] = found
            return several
        if not declaration.uses and declaration.foreach is None:
            with self._compilation.findings.taped() as remarks:
                (stamped,) = make()
            if stamped is not None and not remarks:
                self._same[declaration] = stamped
            return (stamped,)
        return self._compilation.kept(key, make, self._entry)

    def _made(self, declaration: Declaration, local: dict[str, Any]) -> Sequence[Stamped | None]:
        if declaration.foreach is None:
            return (self._stamped(declaration, local),)
        found: list[Stamped | None] = []
        for turn in self._turns(declaration.foreach) if self._crate.source.foreach is None else [local]:
            found.append(self._stamped(declaration, turn))
            if len(found) > MOST_RESOURCES:
                break
        return found if self.knows_all_names else [*found, None]

    def _turns(self, loop: Node | None) -> list[dict[str, Any]]:
        """Return the values of `item` and `key` for each time that something is stamped: once without a loop."""
        if loop is None:
            return [{}]
        texts = templates_in(loop)
        if not is_known_without_a_machine(self._compilation, loop):
            self.knows_all_names = False
            return []  # that was told when the loop was read
        try:
            items = items_of(self._compilation, loop, self.variables if texts else {})
        except TemplateError as error:
            self._failed(tuple(texts), {"vars": self.variables}, error)
            self.knows_all_names = False
            return []
        return self._turns_over(items, loop)

    def _turns_over(self, items: Any, loop: Node) -> list[dict[str, Any]]:
        turns = turns_of(items)
        if turns is None:
            self.knows_all_names = False
            found = "nothing (null)" if items is None else repr(str(items)[:60])
            self._error(loop.origin, "foreach", f"foreach: expected a list or a map, found {found}")
        return turns or []

    def _stamped(self, declaration: Declaration, local: dict[str, Any]) -> Stamped | None:
        context = {"vars": self.variables, **local}
        name = self._name(declaration, context)
        if name is None:
            return None
        options = declaration.options
        fields, is_whole = dict(declaration.constants), declaration.is_whole
        templates: dict[str, Any] = {}
        for templated in declaration.templated:
            if declaration.is_whole:
                is_whole &= self._fill(templated, declaration, context, fields, templates)
            else:
                self._has_names(templated.texts, context)
        spec = declaration.spec
        kind = declaration.kind
        if kind is not None and is_whole:
            if kind.name_field is not None and kind.name_field not in fields and kind.name_field not in templates:
                fields[kind.name_field] = name
            if spec is None and not templates:
                spec = checked_spec(
                    self._compilation, kind, fields, declaration.places, declaration.origin, self._entry
                )
                is_whole = spec is not None
        if options.when is not None:
            self._check_condition(options.when, context)
        secrets = secrets_by_field(self._compilation, templates, context)
        if secrets and kind is not None:
            made = MadeOfSecrets(declaration, kind, secrets, fields, templates)
            is_whole &= check_made_of_secrets(self._compilation, made, self._entry)
        settles = _settles(kind, spec, fields, templates) if kind is not None and is_whole else True
        references = tuple(self._references(declaration, context))
        subscribes = any(one.relation == "subscribes" for one in references)
        conditions = tuple(one.condition for one in (self._case, options.when) if one is not None)
        things = tuple(kind.owns(spec)) if kind is not None and spec is not None else ()
        is_handler = options.when_changed or (subscribes and not settles)
        text_bytes = _text_bytes(fields) + _text_bytes(templates)
        self._compilation.spend(1, text_bytes)
        checked = (name, things, conditions, references, is_handler, settles, is_whole, str(fields.get("state")))
        return Stamped(
            id=ResourceId(f"{self._crate.name}/{name}"),
            name=name,
            crate=self._crate.name,
            declaration=declaration,
            fields=fields,
            templates=templates,
            locals=local if templates or (options.when is not None and options.when.parsed.locals) else {},
            conditions=conditions,
            references=references,
            spec=spec,
            settles=settles,
            secrets=tuple(sorted({one.name for markers in secrets.values() for one in markers})),
            is_handler=is_handler,
            is_whole=is_whole,
            things=things,
            text_bytes=text_bytes,
            shape=self._compilation.cache.same((declaration, checked), Shape),
        )

    def _name(self, declaration: Declaration, context: Map[str, Any]) -> str | None:
        written = declaration.name
        name: Any = written.text
        if is_template(written.text):
            if not declaration.is_whole:
                return None
            name = self._known_text("name", written, context)
        if name is not None and not _NAME.fullmatch(name):
            message = f"name: expected 1 to 200 printable characters, no space at either end, found {name[:60]!r}"
            self._error(written.origin, "name", message)
            return None
        return None if name is None else str(name)

    def _references(self, declaration: Declaration, context: Map[str, Any]) -> Iterator[Reference]:
        for relation, written in declaration.options.references:
            name: Any = written.text
            if is_template(written.text):
                name = self._known_text(relation, written, context)
            if name is not None:
                yield Reference(relation, name, written.origin)

    def _fill(
        self,
        templated: Templated,
        declaration: Declaration,
        context: Map[str, Any],
        fields: dict[str, Any],
        templates: dict[str, Any],
    ) -> bool:
        """Fill in a field's value, or leave its templates to the machine; return whether it is good."""
        for text in templated.texts:
            parsed = self._compilation.book.template(text.text)
            self._compilation.check_comparisons(text, parsed, self.variables, self._entry)
        field = templated.field
        is_secret = not templated.needs_machine and takes_secrets(
            self._compilation, (text.text for text in templated.texts), context
        )
        if templated.needs_machine or is_secret:
            templates[field.name] = templated.source
            return self._has_names(templated.texts, context)
        try:
            value = rendered(templated.source, field.type, self._compilation.book, context)
        except TemplateError as error:
            self._failed(templated.texts, context, error)
            return False
        problem = bound_problem(value, field)
        if problem:
            message = f"{field.name}: {problem}, found {str(value)[:60]!r}"
            self._compilation.findings.error(
                templated.place, "value", message, hint=field.explanation, entry=self._entry
            )
            return False
        if field.content_field is not None and isinstance(value, str):
            return self._fill_from_file(value, templated, declaration, context, (fields, templates))
        fields[field.name] = value
        return True

    def _fill_from_file(
        self,
        path: str,
        templated: Templated,
        declaration: Declaration,
        context: Map[str, Any],
        values: tuple[dict[str, Any], dict[str, Any]],
    ) -> bool:
        """Fill in the content of the file that a rendered path names; return whether it is good."""
        known = fields_of(self._compilation.kinds[declaration.type])
        content = content_of(self._compilation, path, templated.place, templated.field, known)
        if isinstance(content, Constant):
            values[0][content.field] = content.value
        if not isinstance(content, TemplateText):
            return content is not None
        parsed = self._compilation.book.template(content.text)
        if not self._compilation.check_template(content, parsed, has_items="item" in context):
            return False
        target = known[templated.field.content_field or templated.field.name]
        inner = Templated(target, templated.place, content.text, (content,), parsed.needs_machine)
        return self._fill(inner, declaration, context, *values)

    def _has_names(self, texts: tuple[TemplateText, ...], context: Map[str, Any]) -> bool:
        parsed = [(text, self._compilation.book.template(text.text)) for text in texts]
        good = [self._has_names_of(text, one, context) for text, one in parsed]
        return all(good)

    def _has_names_of(self, text: TemplateText, parsed: Parsed, context: Map[str, Any]) -> bool:
        has_variables = self._compilation.check_variables(text, parsed, self.variables, self._entry)
        is_looping = "item" in context
        return has_variables and (not is_looping or self._compilation.check_locals(text, parsed, context, self._entry))

    def _check_condition(self, when: When, context: Map[str, Any]) -> None:
        self._compilation.check_comparisons(when.text, when.parsed, self.variables, self._entry)
        scalar = when.text.scalar
        if scalar is not None and not refuse_secrets(
            self._compilation, "when", scalar, when.parsed, context, self._entry
        ):
            return
        if when.parsed.needs_machine:
            self._has_names_of(when.text, when.parsed, context)
            return
        try:
            self._compilation.book.try_condition(when.condition.expression, context)
        except TemplateError as error:
            self._compilation.template_failed(when.text, when.parsed, error, context, self._entry)

    def _known_text(self, what: str, written: Scalar, context: Map[str, Any]) -> str | None:
        """Return what is written where everybody may read it, rendered; None with errors."""
        text = TemplateText(written.text, written.origin, written)
        parsed = self._compilation.book.template(written.text)
        if not refuse_secrets(self._compilation, what, written, parsed, context, self._entry):
            return None
        return self._rendered_text(text, context)

    def _rendered_text(self, text: TemplateText, context: Map[str, Any]) -> str | None:
        try:
            return self._compilation.book.render(text.text, context)
        except TemplateError as error:
            self._failed((text,), context, error)
            return None

    def _failed(self, texts: tuple[TemplateText, ...], context: Map[str, Any], error: TemplateError) -> None:
        """Record the error at the text that it comes from, rendered alone so that places count from its start."""
        book = self._compilation.book
        for text in texts:
            try:
                book.render(text.text, context)
            except TemplateError as found:
                parsed = book.template(text.text)
                self._compilation.template_failed(text, parsed, found, context, self._entry)
                return
        self._error(texts[0].origin, "template", f"the template cannot be rendered: {error}")

    def _error(self, place: Origin, code: str, message: str) -> None:
        self._compilation.findings.error(place, code, message, entry=self._entry)


def _settles(kind: Resource[Any, Any], spec: Spec | None, fields: Map[str, Any], templates: Map[str, Any]) -> bool:
    """Return whether the resource is one that can be in its declared state; true where only the machine knows."""
    if spec is None:
        try:
            spec = msgspec.convert({**fields, **templates}, kind.spec, strict=False)
        except (msgspec.ValidationError, InvalidError):
            return True
    return not kind.acts_each_time(spec)


def _text_bytes(fields: Map[str, Any]) -> int:
    return sum([len(value) for value in fields.values() if isinstance(value, str)])
