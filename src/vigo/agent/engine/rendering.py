"""From a resource of the plan to its kind's schema: what the machine still has to render, and the conversion."""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from vigo.catalog.api import Resource, Spec
from vigo.core.encoding import encode_as_written
from vigo.core.errors import InvalidError
from vigo.core.ids import ResourceId
from vigo.core.plan import Condition, PlannedResource
from vigo.core.template_names import taken_in, texts_in
from vigo.core.templates import TemplateError, Templates
from vigo.core.typed_templates import ANYTHING, rendered

Context = Mapping[str, Any]
Name = tuple[str, ...]


class _Known(msgspec.Struct):
    """A declaration that was accepted: of which source, rendered to which values.

    `names` are those that its templates take in and `taken` what stood for them, once that was asked for; they are
    None where no names tell what it takes in.
    """

    kind: Resource[Any, Any]
    source: tuple[Any, ...]
    values: dict[str, Any]
    spec: Spec
    names: tuple[Name, ...] | msgspec.UnsetType | None = msgspec.UNSET
    taken: bytes = b""


class Accepted:
    """Declarations that were accepted, from one pass to the next: most stay the same, and accepting is work."""

    def __init__(self) -> None:
        self._known: dict[ResourceId, _Known] = {}
        self._names: dict[tuple[Name, ...], tuple[Name, ...]] = {}

    def spec(
        self,
        resource: PlannedResource,
        kind: Resource[Any, Any],
        templates: Templates,
        context: Context,
        accept: Callable[[dict[str, Any]], Spec],
    ) -> Spec:
        """Return the resource's declaration, accepted now unless it is the one of the last pass.

        From its third pass on it is not even rendered, as long as what its templates take in is the same.

        Raises:
            InvalidError: it cannot be rendered, or is not accepted.
        """
        known = self._known.get(resource.id)
        source = (resource.fields, resource.templates)
        if known is None or known.kind is not kind or known.source != source:
            values = values_of(resource, kind, templates, context)
            known = self._known[resource.id] = _Known(kind, source, values, accept(values))
            return known.spec
        if not resource.templates:
            return known.spec
        if known.names is msgspec.UNSET:
            found = _names_in(resource, templates, context)
            # Most resources take in the same few.
            known.names = found if found is None else self._names.setdefault(found, found)
        taken = b"" if known.names is None else _taken(known.names, context)
        if taken and taken == known.taken:
            return known.spec
        values = values_of(resource, kind, templates, context)
        if values != known.values:
            known.spec = accept(values)
            known.values = values
        known.taken = taken
        return known.spec

    def keep_only(self, ids: Collection[ResourceId]) -> None:
        """Forget the declarations of resources that a plan no longer has."""
        if len(self._known) > len(ids):
            self._known = {id_: known for id_, known in self._known.items() if id_ in ids}


def _names_in(resource: PlannedResource, templates: Templates, context: Context) -> tuple[Name, ...] | None:
    """Return the names that a resource's templates take in; None where one calls what looks at the machine itself."""
    found: set[Name] = set()
    for source in texts_in(resource.templates):
        try:
            found.update(tuple(name.split(".")) for name in templates.names_in(source))
        except TemplateError:
            return None
    return tuple(sorted(found)) if all(name[0] in context for name in found) else None


def _taken(names: tuple[Name, ...], context: Context) -> bytes:
    """Return what stands for names, such that equal bytes are rendered to equal values."""
    return encode_as_written([taken_in(context, name) for name in names])


def values_of(
    resource: PlannedResource, kind: Resource[Any, Any], templates: Templates, context: Context
) -> dict[str, Any]:
    """Return the resource's fields with every template rendered.

    A text field gets text, whatever the template's expression yields; elsewhere a template that is one expression
    keeps its value's own type. What a template yields is data and is not rendered again.

    Raises:
        InvalidError: a template cannot be rendered; it names the field.
    """
    if not resource.templates:
        return resource.fields
    values = dict(resource.fields)
    types = _field_types(kind.spec)
    for name, source in resource.templates.items():
        try:
            values[name] = rendered(source, types.get(name, ANYTHING), templates, context)
        except TemplateError as error:
            raise InvalidError(f"{name} ({resource.origin}): {error}{_advice(error)}") from error
    return values


def spec_of(resource: PlannedResource, kind: Resource[Any, Any], values: dict[str, Any]) -> Spec:
    """Return the values as the kind's schema.

    Raises:
        InvalidError: a value does not fit its field, which the message names.
    """
    try:
        return msgspec.convert(values, kind.spec, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidError(
            f"{_field_of(error)} ({resource.origin}): {error}; correct the field, or the variables that it uses"
        ) from error


def condition_holds(condition: Condition, templates: Templates, context: Context) -> bool:
    """Return whether a condition is true on this machine.

    Raises:
        InvalidError: it cannot be evaluated, say because this machine has no such trait.
    """
    try:
        return templates.holds(condition.expression, context)
    except TemplateError as error:
        raise InvalidError(
            f"its condition `{condition.expression}` ({condition.origin}) cannot be evaluated: {error}{_advice(error)}"
        ) from error


def _advice(error: TemplateError) -> str:
    if not error.undefined:
        return ""
    return "; `vigo traits` prints this machine's traits: test with `is defined`, or correct the name"


def _field_of(error: msgspec.ValidationError) -> str:
    _, _, path = str(error).partition("`$.")
    return path.rstrip("`") or "fields"


@cache
def _field_types(spec: type[Spec]) -> Mapping[str, inspect.Type]:
    info = inspect.type_info(spec)
    return {field.encode_name: field.type for field in info.fields} if isinstance(info, inspect.StructType) else {}
